"""Create activities, and those that wait to be recorded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8"
down_revision = "7"


def upgrade() -> None:
    """Creates the tables."""
    create_activities()
    create_pending_activities()


def create_activities() -> None:
    op.create_table(
        "activities",
        sa.Column("activity_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("activity_key", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("cashier_id", sa.Text, nullable=False),
        sa.Column("attributes", postgresql.JSONB, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("earnings", postgresql.JSONB, nullable=False),
        sa.Column("account_after", postgresql.JSONB, nullable=False),
        sa.Column("digests", postgresql.JSONB, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_year", sa.Integer, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("(kind = 'event') = (name <> '')", name=op.f("ck_activities_events_have_names")),
        sa.CheckConstraint(
            "kind IN ('event', 'visit', 'enrolment', 'birthday', 'referral')", name=op.f("ck_activities_kind")
        ),
        sa.CheckConstraint(
            "kind = 'birthday' AND local_year BETWEEN extract(year FROM (occurred_at AT TIME ZONE"
            " 'UTC') - interval '12 hours') AND extract(year FROM (occurred_at AT TIME ZONE"
            " 'UTC') + interval '14 hours') OR local_year IS NULL",
            name=op.f("ck_activities_local_year_of_birthday"),
        ),
        sa.CheckConstraint("points_earned >= 0", name=op.f("ck_activities_points_not_negative")),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_activities")),
    )
    op.create_index(
        "ix_activities_recorded",
        "activities",
        ["recorded_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_pending_activities() -> None:
    op.create_table(
        "pending_activities",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("kind = 'enrolment'", name=op.f("ck_pending_activities_kind")),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_pending_activities")),
    )
    op.create_index("ix_pending_activities_occurred", "pending_activities", ["occurred_at", "member_id"])
