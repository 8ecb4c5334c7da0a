"""Know segments and attributes of members.

`members` announces them with status and tier. Constant defaults rewrite no row, and code that knows none leaves them
alone: it takes a newer event over without them, so nobody should be told traits before all of `points` is new. The
condition holds from here on; 0027 looks at the rows that were there before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Adds the columns and the condition."""
    op.add_column("standings", sa.Column("segments", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("standings", sa.Column("attributes", postgresql.JSONB, nullable=False, server_default="{}"))
    op.create_check_constraint(
        op.f("ck_standings_attributes"),
        "standings",
        "jsonb_typeof(attributes) = 'object'",
        postgresql_not_valid=True,
    )
