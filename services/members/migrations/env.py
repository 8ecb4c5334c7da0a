"""What alembic runs to get to the migrations."""

from kit.migrations import run
from services.members.tables import metadata

run(metadata)
