"""Create the seals of what is recorded, each with the hash of the one before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("covered_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shape", postgresql.JSONB, nullable=True),
        sa.Column("contents", postgresql.JSONB, nullable=False),
        sa.CheckConstraint(
            "octet_length(previous_hash) = 32 AND octet_length(hash) = 32", name=op.f("ck_seals_hashes")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_seals_number_from_one")),
        sa.CheckConstraint("sealed_at >= covered_until", name=op.f("ck_seals_sealed_afterwards")),
        sa.CheckConstraint("number > 1 OR shape IS NOT NULL", name=op.f("ck_seals_shape_of_first")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_seals_previous_hash")),
    )
