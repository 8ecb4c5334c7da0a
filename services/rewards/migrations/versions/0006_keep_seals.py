"""Keep seals of what is recorded, each with the hash of the one before.

A new table, and indexes by which a span of time is found: block range indexes, since rows are appended in the order of
time. They hold a few bytes for each megabyte, and an insert hardly touches them. Not CONCURRENTLY, as in 0002 of
`points`: each build reads its table once. Code that does not know of seals is not concerned.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

INDEXED = (
    ("stock_movements", "moved_at"),
    ("redemptions", "requested_at"),
    ("vouchers", "issued_at"),
    ("vouchers", "used_at"),
)


def upgrade() -> None:
    """Creates the table and the indexes."""
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("covered_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shape", postgresql.JSONB),
        sa.Column("contents", postgresql.JSONB, nullable=False),
        sa.CheckConstraint(
            "octet_length(previous_hash) = 32 AND octet_length(hash) = 32", name=op.f("ck_seals_hashes")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_seals_number_from_one")),
        sa.CheckConstraint("number > 1 OR shape IS NOT NULL", name=op.f("ck_seals_shape_of_first")),
        sa.CheckConstraint("sealed_at >= covered_until", name=op.f("ck_seals_sealed_afterwards")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_seals_previous_hash")),
    )
    for table, time in INDEXED:
        op.create_index(
            f"ix_{table}_{time.removesuffix('_at')}",
            table,
            [time],
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        )
