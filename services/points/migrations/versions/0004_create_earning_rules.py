"""Create the policies and earning rules of programs, and rehearsals of rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Creates the tables."""
    create_program_settings()
    create_earning_rules()
    create_rehearsals()
    create_rehearsal_counters()


def create_program_settings() -> None:
    op.create_table(
        "program_settings",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("shortfall", sa.Text, server_default="carry", nullable=False),
        sa.Column("rules_revision", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("adjustment_limit", sa.BigInteger, nullable=True),
        sa.Column("transfers", postgresql.JSONB, nullable=True),
        sa.Column("unspendable_wallets", postgresql.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("inactivity_activities", postgresql.JSONB, nullable=True),
        sa.Column("time_zone", sa.Text, nullable=True),
        sa.Column("policy_version", sa.BigInteger, server_default="1", nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("adjustment_limit >= 0", name=op.f("ck_program_settings_adjustment_limit_not_negative")),
        sa.CheckConstraint("policy_version > 0", name=op.f("ck_program_settings_policy_version_positive")),
        sa.CheckConstraint("shortfall IN ('carry', 'negative', 'refuse')", name=op.f("ck_program_settings_shortfall")),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_program_settings")),
    )


def create_earning_rules() -> None:
    op.create_table(
        "earning_rules",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("terms", postgresql.JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key", sa.Text, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "CASE state WHEN 'draft' THEN activated_at IS NULL AND ended_at IS NULL AND"
            " effective_from IS NULL WHEN 'active' THEN activated_at IS NOT NULL AND ended_at IS"
            " NULL AND effective_from IS NOT NULL WHEN 'ended' THEN activated_at IS NOT NULL AND"
            " ended_at IS NOT NULL AND effective_from IS NOT NULL ELSE false END",
            name=op.f("ck_earning_rules_state_fits"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_earning_rules_version_from_one")),
        sa.PrimaryKeyConstraint("program_id", "rule_id", "version", name=op.f("pk_earning_rules")),
    )
    op.create_index(
        "uq_earning_rules_active",
        "earning_rules",
        ["program_id", "rule_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "uq_earning_rules_key",
        "earning_rules",
        ["program_id", "key"],
        unique=True,
        postgresql_where=sa.text("version = 1"),
    )


def create_rehearsals() -> None:
    op.create_table(
        "rehearsals",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("rehearsal_id", sa.Uuid, nullable=False),
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
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("octet_length(members) = 8 * members_touched", name=op.f("ck_rehearsals_members_counted")),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_rehearsals_running_until_ended")),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_rehearsals_state")),
        sa.CheckConstraint("window_s > 0", name=op.f("ck_rehearsals_window_positive")),
        sa.PrimaryKeyConstraint("program_id", "rehearsal_id", name=op.f("pk_rehearsals")),
    )
    op.create_index(
        "ix_rehearsals_running", "rehearsals", ["lease_until"], postgresql_where=sa.text("state = 'running'")
    )


def create_rehearsal_counters() -> None:
    op.create_table(
        "rehearsal_counters",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("rehearsal_id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("counter_id", sa.Uuid, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_rehearsal_counters_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["program_id", "rehearsal_id"],
            ["rehearsals.program_id", "rehearsals.rehearsal_id"],
            ondelete="CASCADE",
            name=op.f("fk_rehearsal_counters_program_id_rehearsal_id_rehearsals"),
        ),
        sa.PrimaryKeyConstraint(
            "program_id", "rehearsal_id", "owner_id", "counter_id", name=op.f("pk_rehearsal_counters")
        ),
    )
