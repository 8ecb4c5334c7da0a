"""Create stored answers and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Creates the tables."""
    create_stored_answers()
    create_outbox()


def create_stored_answers() -> None:
    op.create_table(
        "stored_answers",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("fingerprint", postgresql.JSONB, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("kind IN ('answer', 'refusal')", name=op.f("ck_stored_answers_kind")),
        sa.PrimaryKeyConstraint("program_id", "caller_id", "operation", "request_id", name=op.f("pk_stored_answers")),
    )
    op.create_index("ix_stored_answers_stored_at", "stored_answers", ["stored_at"])


def create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("aggregateid", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("aggregatetype", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("aggregateid", "id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_published", "outbox", ["published_at"], postgresql_where=sa.text("published_at IS NOT NULL")
    )
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], postgresql_where=sa.text("published_at IS NULL"))
