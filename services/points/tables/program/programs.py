"""What programs have set, and their earning rules: small tables that every shard may hold."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, metadata

program_settings = sa.Table(
    "program_settings",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("shortfall", sa.Text, nullable=False, server_default="carry"),
    # Grows with each change of a rule: tells processes that their compiled rules are out of date.
    sa.Column("rules_revision", sa.BigInteger, nullable=False, server_default="0"),
    # Points that one person may adjust by hand; null for no limit.
    sa.Column("adjustment_limit", sa.BigInteger),
    # How much members may give to one another; null for nothing.
    sa.Column("transfers", JSONB),
    # Wallets whose units are neither spent nor transferred.
    sa.Column("unspendable_wallets", ARRAY(sa.Text), nullable=False, server_default="{}"),
    # The kinds of entries that count as activity; null and none for the usual ones.
    sa.Column("inactivity_activities", JSONB),
    sa.Column("time_zone", sa.Text),
    # Grows with each change of the policy, from 1 for one that was never set.
    sa.Column("policy_version", sa.BigInteger, nullable=False, server_default="1"),
    row_digest_column(),
    sa.CheckConstraint("policy_version > 0", name="policy_version_positive"),
    sa.CheckConstraint("shortfall IN ('carry', 'negative', 'refuse')", name="shortfall"),
    sa.CheckConstraint("adjustment_limit >= 0", name="adjustment_limit_not_negative"),
)

earning_rules = sa.Table(
    "earning_rules",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("rule_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    # The same in all versions; null in rules of before there were keys.
    sa.Column("key", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("terms", JSONB, nullable=False),
    instant("created_at"),
    instant("activated_at", nullable=True),
    instant("ended_at", nullable=True),
    instant("effective_from", nullable=True),
    instant("effective_until", nullable=True),
    row_digest_column(),
    sa.CheckConstraint("version >= 1", name="version_from_one"),
    sa.CheckConstraint(
        "CASE state WHEN 'draft' THEN activated_at IS NULL AND ended_at IS NULL AND effective_from IS NULL"
        " WHEN 'active' THEN activated_at IS NOT NULL AND ended_at IS NULL AND effective_from IS NOT NULL"
        " WHEN 'ended' THEN activated_at IS NOT NULL AND ended_at IS NOT NULL AND effective_from IS NOT NULL"
        " ELSE false END",
        name="state_fits",
    ),
    sa.Index("uq_earning_rules_key", "program_id", "key", unique=True, postgresql_where=sa.text("version = 1")),
    # At most one version of a rule has no other to follow it.
    sa.Index(
        "uq_earning_rules_active", "program_id", "rule_id", unique=True, postgresql_where=sa.text("state = 'active'")
    ),
)
