"""The tables of `members`, with the domain's invariants again as constraints.

Tables of a member begin their key with `member_id` and refer to nothing but the member. `identifiers` is looked up by
another key and stands alone, so that both kinds can be spread over several machines; `programs` and `api_keys` are
small and can be copied to each. What is sealed is `bytea`: no column holds personal data in the clear, and
traits are none.
"""

from __future__ import annotations

import enum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.chain.table import seals_table
from kit.database import metadata as new_metadata
from kit.idempotency import stored_answers_table
from kit.outbox import outbox_table
from kit.row_digests import row_digest_column
from services.members.domain.callers import CallerRole
from services.members.domain.identifiers import IdentifierKind
from services.members.domain.members import ChangeKind
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import ATTRIBUTES_MAX, SEGMENTS_MAX, TIER_LENGTH_MAX
from services.members.sealing import KEY_ID_BYTES, OVERHEAD_BYTES, WRAPPED_KEY_BYTES

metadata = new_metadata()

HASH_BYTES = 32


def _one_of(column: str, kinds: type[enum.Enum]) -> sa.CheckConstraint:
    words = ", ".join(f"'{kind.value}'" for kind in kinds)
    return sa.CheckConstraint(f"{column} IN ({words})", name=column)


def _sealed(column: str, *, nullable: bool) -> tuple[sa.Column[bytes], sa.CheckConstraint]:
    longer = sa.CheckConstraint(f"octet_length({column}) > {OVERHEAD_BYTES}", name=column)
    return sa.Column(column, sa.LargeBinary, nullable=nullable), longer


def _bytes(column: str, length: int) -> tuple[sa.Column[bytes], sa.CheckConstraint]:
    exact = sa.CheckConstraint(f"octet_length({column}) = {length}", name=column)
    return sa.Column(column, sa.LargeBinary, nullable=False), exact


def _instant(column: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(column, sa.DateTime(timezone=True), nullable=nullable)


programs = sa.Table(
    "programs",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"), nullable=False),
    sa.Column("currency", sa.Text, sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"), nullable=False),
    sa.Column("region", sa.Text, sa.CheckConstraint("region ~ '^[A-Z]{2}$'", name="region"), nullable=False),
    _instant("created_at"),
    row_digest_column(),
    sa.Index("ix_programs_name_program_id", "name", "program_id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("api_key_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"), nullable=False),
    sa.Column("role", sa.Text, _one_of("role", CallerRole), nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    *_bytes("key_hash", HASH_BYTES),
    _instant("created_at"),
    _instant("revoked_at", nullable=True),
    # Who calls with it, named by the caller's first key; absent of a key that was made before callers had a name.
    sa.Column("caller_id", sa.Uuid, nullable=True),
    row_digest_column(),
    sa.CheckConstraint("revoked_at >= created_at", name="revoked_after_created"),
    sa.UniqueConstraint("key_hash"),
    sa.Index("ix_api_keys_program_id_api_key_id", "program_id", "api_key_id"),
)

# An object of texts, and of few.
_ATTRIBUTES = (
    "jsonb_typeof(attributes) = 'object' "
    f"AND jsonb_array_length(jsonb_path_query_array(attributes, '$.keyvalue()', '{{}}', true)) <= {ATTRIBUTES_MAX} "
    """AND NOT jsonb_path_exists(attributes, 'strict $.* ? (@.type() != "string")', '{}', true)"""
)

members = sa.Table(
    "members",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.Text, _one_of("status", MemberStatus), nullable=False),
    sa.Column("version", sa.BigInteger, sa.CheckConstraint("version >= 1", name="version"), nullable=False),
    *_bytes("master_key_id", KEY_ID_BYTES),
    *_bytes("data_key", WRAPPED_KEY_BYTES),
    *_sealed("given_name", nullable=True),
    *_sealed("family_name", nullable=True),
    *_sealed("birth_date", nullable=True),
    *_sealed("language", nullable=True),
    _instant("enrolled_at"),
    _instant("updated_at"),
    sa.Column("tier", sa.Text, nullable=False, server_default=""),
    # Sorted and each once, which no constraint can say: the checker asks.
    sa.Column("segments", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("attributes", postgresql.JSONB, nullable=False, server_default="{}"),
    row_digest_column(),
    sa.CheckConstraint("updated_at >= enrolled_at", name="updated_after_enrolled"),
    sa.CheckConstraint(f"length(tier) <= {TIER_LENGTH_MAX}", name="tier"),
    sa.CheckConstraint(
        f"cardinality(segments) <= {SEGMENTS_MAX} AND array_position(segments, NULL) IS NULL AND '' <> ALL (segments)",
        name="segments",
    ),
    sa.CheckConstraint(_ATTRIBUTES, name="attributes"),
    # For finding the data keys that a retired master key still wraps.
    sa.Index("ix_members_master_key_id", "master_key_id"),
)


def _of_member() -> sa.Column[object]:
    return sa.Column("member_id", sa.Uuid, sa.ForeignKey(members.c.member_id), primary_key=True)


member_identifiers = sa.Table(
    "member_identifiers",
    metadata,
    _of_member(),
    sa.Column("identifier_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, _one_of("kind", IdentifierKind), nullable=False),
    *_bytes("lookup_hash", HASH_BYTES),
    *_sealed("value", nullable=False),
    _instant("added_at"),
    row_digest_column(),
    sa.UniqueConstraint("member_id", "kind", "lookup_hash"),
)

# Every step of a member's life, for good: who, what, why. Rows are never changed.
member_changes = sa.Table(
    "member_changes",
    metadata,
    _of_member(),
    sa.Column(
        "version",
        sa.BigInteger,
        sa.CheckConstraint("version >= 1", name="version"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, _one_of("kind", ChangeKind), nullable=False),
    sa.Column("status", sa.Text, _one_of("status", MemberStatus), nullable=False),
    sa.Column("fields", postgresql.ARRAY(sa.Text), nullable=False),
    *_sealed("reason", nullable=True),
    sa.Column("caller_id", sa.Text, nullable=False),
    _instant("changed_at"),
    # What they were after a change of theirs.
    sa.Column("traits", postgresql.JSONB(none_as_null=True), nullable=True),
    row_digest_column(),
    sa.CheckConstraint("(kind = 'enrolled') = (version = 1)", name="enrolled_first"),
    sa.CheckConstraint("(kind IN ('traits_changed', 'restored')) = (traits IS NOT NULL)", name="traits_told"),
    sa.CheckConstraint("(kind IN ('status_changed', 'restored')) = (reason IS NOT NULL)", name="status_has_reason"),
    sa.CheckConstraint("(kind = 'profile_changed') = (cardinality(fields) > 0)", name="profile_has_fields"),
    sa.Index(
        "ix_member_changes_changed", "changed_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    ),
)

# Whose an identifier is. The primary key is the promise that it is one member's; the row goes with the identifier.
identifiers = sa.Table(
    "identifiers",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, _one_of("kind", IdentifierKind), primary_key=True),
    sa.Column(
        "lookup_hash",
        sa.LargeBinary,
        sa.CheckConstraint(f"octet_length(lookup_hash) = {HASH_BYTES}", name="lookup_hash"),
        primary_key=True,
    ),
    sa.Column("member_id", sa.Uuid, nullable=False),
    sa.Column("identifier_id", sa.Uuid, nullable=False),
    row_digest_column(),
)

seals = seals_table(metadata)
stored_answers = stored_answers_table(metadata)
outbox = outbox_table(metadata)
