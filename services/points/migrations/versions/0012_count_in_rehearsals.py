"""Let rehearsals count what limits let through, apart from the counters of the books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Creates a table; old code need not know it, and rehearses as if limits were untouched."""
    op.create_table(
        "rehearsal_counters",
        sa.Column("program_id", sa.Uuid, primary_key=True),
        sa.Column("rehearsal_id", sa.Uuid, primary_key=True),
        sa.Column("owner_id", sa.Uuid, primary_key=True),
        sa.Column("counter_id", sa.Uuid, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id", "rehearsal_id"], ["rehearsals.program_id", "rehearsals.rehearsal_id"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("used >= 0", name=op.f("ck_rehearsal_counters_used_not_negative")),
    )
