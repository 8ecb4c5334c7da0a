"""What members did that is no purchase, and what of it is yet to be recorded."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, lease, metadata

# Appended, never changed. The primary key is made from the program and what makes an activity the same one, so that it
# is that uniqueness too.
activities = sa.Table(
    "activities",
    metadata,
    sa.Column("activity_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("member_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("activity_key", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("cashier_id", sa.Text, nullable=False),
    sa.Column("attributes", JSONB, nullable=False),
    instant("occurred_at"),
    sa.Column("points_earned", sa.BigInteger, nullable=False),
    sa.Column("earnings", JSONB, nullable=False),
    sa.Column("account_after", JSONB, nullable=False),
    sa.Column("digests", JSONB, nullable=False),
    instant("recorded_at"),
    # Of a birthday: the local year that its id is made of; of those recorded before there was it, that of UTC.
    sa.Column("local_year", sa.Integer),
    row_digest_column(),
    sa.CheckConstraint("kind IN ('event', 'visit', 'enrolment', 'birthday', 'referral')", name="kind"),
    sa.CheckConstraint("(kind = 'event') = (name <> '')", name="events_have_names"),
    sa.CheckConstraint("points_earned >= 0", name="points_not_negative"),
    sa.CheckConstraint(
        "kind = 'birthday' AND local_year BETWEEN"
        " extract(year FROM (occurred_at AT TIME ZONE 'UTC') - interval '12 hours')"
        " AND extract(year FROM (occurred_at AT TIME ZONE 'UTC') + interval '14 hours')"
        " OR local_year IS NULL",
        name="local_year_of_birthday",
    ),
    sa.Index("ix_activities_recorded", "recorded_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

# Written where it is heard of, with the inbox; deleted once it is recorded.
pending_activities = sa.Table(
    "pending_activities",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    instant("occurred_at"),
    # Until then somebody is at work on it; past that, whoever looks takes it.
    lease(nullable=True),
    row_digest_column(),
    sa.CheckConstraint("kind = 'enrolment'", name="kind"),
    sa.Index("ix_pending_activities_occurred", "occurred_at", "member_id"),
)
