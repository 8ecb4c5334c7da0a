"""Create members, their identifiers and changes, programs and API keys.

The first tables of a new database: nobody waits for them. Personal data is sealed from here on; no later migration will
ever have to seal what lay open.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

STATUSES = "('active', 'suspended', 'earn_only', 'terminated')"
KINDS = "('card', 'phone', 'email', 'external_id')"
ROLES = "('till', 'app', 'staff', 'admin')"
CHANGES = "('enrolled', 'profile_changed', 'status_changed', 'identifier_added', 'identifier_removed')"

# A version byte, a nonce of 12 bytes and a tag of 16 stand around whatever is sealed.
SEALED = "octet_length({}) > 29"


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Creates the tables."""
    create_programs_and_callers()
    create_members()
    create_member_identifiers()
    create_member_changes()
    create_identifiers()
    create_stored_answers()
    create_outbox()


def create_programs_and_callers() -> None:
    op.create_table(
        "programs",
        sa.Column("program_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        instant("created_at"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("region ~ '^[A-Z]{2}$'", name="region"),
    )
    op.create_index("ix_programs_name_program_id", "programs", ["name", "program_id"])
    op.create_table(
        "api_keys",
        sa.Column("api_key_id", sa.Uuid, primary_key=True),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        instant("created_at"),
        instant("revoked_at", nullable=True),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        sa.CheckConstraint(f"role IN {ROLES}", name="role"),
        sa.CheckConstraint("octet_length(key_hash) = 32", name="key_hash"),
        sa.CheckConstraint("revoked_at >= created_at", name="revoked_after_created"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index("ix_api_keys_program_id_api_key_id", "api_keys", ["program_id", "api_key_id"])


def create_members() -> None:
    op.create_table(
        "members",
        sa.Column("member_id", sa.Uuid, primary_key=True),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("master_key_id", sa.LargeBinary, nullable=False),
        sa.Column("data_key", sa.LargeBinary, nullable=False),
        sa.Column("given_name", sa.LargeBinary),
        sa.Column("family_name", sa.LargeBinary),
        sa.Column("birth_date", sa.LargeBinary),
        sa.Column("language", sa.LargeBinary),
        instant("enrolled_at"),
        instant("updated_at"),
        sa.CheckConstraint(f"status IN {STATUSES}", name="status"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("octet_length(master_key_id) = 8", name="master_key_id"),
        sa.CheckConstraint("octet_length(data_key) = 61", name="data_key"),
        sa.CheckConstraint(SEALED.format("given_name"), name="given_name"),
        sa.CheckConstraint(SEALED.format("family_name"), name="family_name"),
        sa.CheckConstraint(SEALED.format("birth_date"), name="birth_date"),
        sa.CheckConstraint(SEALED.format("language"), name="language"),
        sa.CheckConstraint("updated_at >= enrolled_at", name="updated_after_enrolled"),
    )
    op.create_index("ix_members_master_key_id", "members", ["master_key_id"])


def create_member_identifiers() -> None:
    op.create_table(
        "member_identifiers",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("identifier_id", sa.Uuid, primary_key=True),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        instant("added_at"),
        sa.CheckConstraint(f"kind IN {KINDS}", name="kind"),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="lookup_hash"),
        sa.CheckConstraint(SEALED.format("value"), name="value"),
        sa.UniqueConstraint("member_id", "kind", "lookup_hash"),
    )


def create_member_changes() -> None:
    op.create_table(
        "member_changes",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("reason", sa.LargeBinary),
        sa.Column("caller_id", sa.Text, nullable=False),
        instant("changed_at"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint(f"kind IN {CHANGES}", name="kind"),
        sa.CheckConstraint(f"status IN {STATUSES}", name="status"),
        sa.CheckConstraint(SEALED.format("reason"), name="reason"),
        sa.CheckConstraint("(kind = 'enrolled') = (version = 1)", name="enrolled_first"),
        sa.CheckConstraint("(kind = 'status_changed') = (reason IS NOT NULL)", name="status_has_reason"),
        sa.CheckConstraint("(kind = 'profile_changed') = (cardinality(fields) > 0)", name="profile_has_fields"),
    )


def create_identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("program_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("lookup_hash", sa.LargeBinary, primary_key=True),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("identifier_id", sa.Uuid, nullable=False),
        sa.CheckConstraint(f"kind IN {KINDS}", name="kind"),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="lookup_hash"),
    )


def create_stored_answers() -> None:
    op.create_table(
        "stored_answers",
        sa.Column("program_id", sa.Uuid, primary_key=True),
        sa.Column("caller_id", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("fingerprint", postgresql.JSONB, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        instant("stored_at"),
        sa.CheckConstraint("kind IN ('answer', 'refusal')", name="kind"),
    )
    op.create_index("ix_stored_answers_stored_at", "stored_answers", ["stored_at"])


def create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("aggregateid", sa.Uuid, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("aggregatetype", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        instant("occurred_at"),
        instant("published_at", nullable=True),
    )
    unpublished, published = sa.text("published_at IS NULL"), sa.text("published_at IS NOT NULL")
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], postgresql_where=unpublished)
    op.create_index("ix_outbox_published", "outbox", ["published_at"], postgresql_where=published)
