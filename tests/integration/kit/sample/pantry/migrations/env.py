"""Where alembic comes in; everything else follows from the tables."""

from kit import migrations
from tests.integration.kit.sample.pantry.tables import metadata

migrations.run(metadata)
