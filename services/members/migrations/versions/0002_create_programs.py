"""Create programs and the API keys of their callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Creates the tables."""
    create_programs()
    create_api_keys()


def create_programs() -> None:
    op.create_table(
        "programs",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_programs_currency")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_programs_name")),
        sa.CheckConstraint("region ~ '^[A-Z]{2}$'", name=op.f("ck_programs_region")),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_programs")),
    )
    op.create_index("ix_programs_name_program_id", "programs", ["name", "program_id"])


def create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("api_key_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("caller_id", sa.Uuid, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_api_keys_key_hash")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_api_keys_name")),
        sa.CheckConstraint("revoked_at >= created_at", name=op.f("ck_api_keys_revoked_after_created")),
        sa.CheckConstraint("role IN ('till', 'app', 'staff', 'admin')", name=op.f("ck_api_keys_role")),
        sa.PrimaryKeyConstraint("api_key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index("ix_api_keys_program_id_api_key_id", "api_keys", ["program_id", "api_key_id"])
