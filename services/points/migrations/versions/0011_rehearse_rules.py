"""Keep rehearsals of rules, and find the purchases of a period.

The index is of block ranges, as that of entries is: purchases come mostly in the order of time, and an insert pays next
to nothing for it. Not CONCURRENTLY, for the reason that 0002 gives.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Creates a table and an index; old code need know neither."""
    op.create_table(
        "rehearsals",
        sa.Column("program_id", sa.Uuid, primary_key=True),
        sa.Column("rehearsal_id", sa.Uuid, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("plan", postgresql.JSONB, nullable=False),
        sa.Column("comparison", postgresql.JSONB, nullable=False),
        sa.Column("members", sa.LargeBinary, nullable=False),
        sa.Column("members_touched", sa.BigInteger, nullable=False),
        sa.Column("position_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position_after", sa.Uuid, nullable=True),
        sa.Column("window_s", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_rehearsals_state")),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_rehearsals_running_until_ended")),
        sa.CheckConstraint("window_s > 0", name=op.f("ck_rehearsals_window_positive")),
        sa.CheckConstraint("octet_length(members) = 8 * members_touched", name=op.f("ck_rehearsals_members_counted")),
    )
    op.create_index(
        "ix_rehearsals_running", "rehearsals", ["lease_until"], postgresql_where=sa.text("state = 'running'")
    )
    op.create_index(
        "ix_purchases_occurred",
        "purchases",
        ["occurred_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
