"""Where alembic comes in; everything else follows from the tables."""

from kit import migrations
from services.rewards.tables import metadata

migrations.run(metadata)
