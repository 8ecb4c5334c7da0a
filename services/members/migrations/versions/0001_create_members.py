"""Create members, what they are found by, and what changed of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "1"
down_revision = None


def upgrade() -> None:
    """Creates the tables."""
    create_members()
    create_member_changes()
    create_member_identifiers()
    create_identifiers()


def create_members() -> None:
    op.create_table(
        "members",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("master_key_id", sa.LargeBinary, nullable=False),
        sa.Column("data_key", sa.LargeBinary, nullable=False),
        sa.Column("given_name", sa.LargeBinary, nullable=True),
        sa.Column("family_name", sa.LargeBinary, nullable=True),
        sa.Column("birth_date", sa.LargeBinary, nullable=True),
        sa.Column("language", sa.LargeBinary, nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tier", sa.Text, server_default="", nullable=False),
        sa.Column("segments", postgresql.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("attributes", postgresql.JSONB, server_default="{}", nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "jsonb_typeof(attributes) = 'object' AND"
            " jsonb_array_length(jsonb_path_query_array(attributes, '$.keyvalue()', '{}', true))"
            " <= 20 AND NOT jsonb_path_exists(attributes, 'strict $.* ? (@.type() != \"string\")',"
            " '{}', true)",
            name=op.f("ck_members_attributes"),
        ),
        sa.CheckConstraint("octet_length(birth_date) > 29", name=op.f("ck_members_birth_date")),
        sa.CheckConstraint("octet_length(data_key) = 61", name=op.f("ck_members_data_key")),
        sa.CheckConstraint("octet_length(family_name) > 29", name=op.f("ck_members_family_name")),
        sa.CheckConstraint("octet_length(given_name) > 29", name=op.f("ck_members_given_name")),
        sa.CheckConstraint("octet_length(language) > 29", name=op.f("ck_members_language")),
        sa.CheckConstraint("octet_length(master_key_id) = 8", name=op.f("ck_members_master_key_id")),
        sa.CheckConstraint(
            "cardinality(segments) <= 50 AND array_position(segments, NULL) IS NULL AND '' <> ALL (segments)",
            name=op.f("ck_members_segments"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'earn_only', 'terminated')", name=op.f("ck_members_status")
        ),
        sa.CheckConstraint("length(tier) <= 64", name=op.f("ck_members_tier")),
        sa.CheckConstraint("updated_at >= enrolled_at", name=op.f("ck_members_updated_after_enrolled")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_members_version")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_master_key_id", "members", ["master_key_id"])


def create_member_changes() -> None:
    op.create_table(
        "member_changes",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=True),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("traits", postgresql.JSONB, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("(kind = 'enrolled') = (version = 1)", name=op.f("ck_member_changes_enrolled_first")),
        sa.CheckConstraint(
            "kind IN ('enrolled', 'profile_changed', 'status_changed', 'traits_changed',"
            " 'identifier_added', 'identifier_removed', 'restored')",
            name=op.f("ck_member_changes_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'profile_changed') = (cardinality(fields) > 0)", name=op.f("ck_member_changes_profile_has_fields")
        ),
        sa.CheckConstraint("octet_length(reason) > 29", name=op.f("ck_member_changes_reason")),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'earn_only', 'terminated')", name=op.f("ck_member_changes_status")
        ),
        sa.CheckConstraint(
            "(kind IN ('status_changed', 'restored')) = (reason IS NOT NULL)",
            name=op.f("ck_member_changes_status_has_reason"),
        ),
        sa.CheckConstraint(
            "(kind IN ('traits_changed', 'restored')) = (traits IS NOT NULL)",
            name=op.f("ck_member_changes_traits_told"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_member_changes_version")),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_member_changes_member_id_members")),
        sa.PrimaryKeyConstraint("member_id", "version", name=op.f("pk_member_changes")),
    )
    op.create_index(
        "ix_member_changes_changed",
        "member_changes",
        ["changed_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_member_identifiers() -> None:
    op.create_table(
        "member_identifiers",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("identifier_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "kind IN ('card', 'phone', 'email', 'external_id')", name=op.f("ck_member_identifiers_kind")
        ),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name=op.f("ck_member_identifiers_lookup_hash")),
        sa.CheckConstraint("octet_length(value) > 29", name=op.f("ck_member_identifiers_value")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_member_identifiers_member_id_members")
        ),
        sa.PrimaryKeyConstraint("member_id", "identifier_id", name=op.f("pk_member_identifiers")),
        sa.UniqueConstraint(
            "member_id", "kind", "lookup_hash", name=op.f("uq_member_identifiers_member_id_kind_lookup_hash")
        ),
    )


def create_identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("identifier_id", sa.Uuid, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("kind IN ('card', 'phone', 'email', 'external_id')", name=op.f("ck_identifiers_kind")),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name=op.f("ck_identifiers_lookup_hash")),
        sa.PrimaryKeyConstraint("program_id", "kind", "lookup_hash", name=op.f("pk_identifiers")),
    )
