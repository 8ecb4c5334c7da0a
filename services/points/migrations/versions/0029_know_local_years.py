"""Know the time zone of programs, and the local year of birthdays.

Columns that may be empty: no row is rewritten. A birthday recorded before has the year of UTC, of which its id is made,
and keeps it. The condition holds from here on; 0030 validates it for older rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Adds the columns and the condition."""
    op.add_column("program_settings", sa.Column("time_zone", sa.Text, nullable=True))
    op.add_column("activities", sa.Column("local_year", sa.Integer, nullable=True))
    op.create_check_constraint(
        op.f("ck_activities_local_year_of_birthday"),
        "activities",
        "kind = 'birthday' AND local_year BETWEEN"
        " extract(year FROM (occurred_at AT TIME ZONE 'UTC') - interval '12 hours')"
        " AND extract(year FROM (occurred_at AT TIME ZONE 'UTC') + interval '14 hours')"
        " OR local_year IS NULL",
        postgresql_not_valid=True,
    )
