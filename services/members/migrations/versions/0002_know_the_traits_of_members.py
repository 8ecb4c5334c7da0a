"""Know tier, segments and attributes of members.

Constant defaults rewrite no row, and code that knows no traits leaves them alone. The new conditions hold from here on;
0003 looks at the rows that were there before. Traits are told when all of `members` and `points` is new: what old code
announces meanwhile tells of none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

CHANGES = (
    "('enrolled', 'profile_changed', 'status_changed', 'traits_changed', 'identifier_added', 'identifier_removed')"
)

CONDITIONS = (
    ("members", "tier", "length(tier) <= 64"),
    (
        "members",
        "segments",
        "cardinality(segments) <= 50 AND array_position(segments, NULL) IS NULL AND '' <> ALL (segments)",
    ),
    (
        "members",
        "attributes",
        "jsonb_typeof(attributes) = 'object' "
        "AND jsonb_array_length(jsonb_path_query_array(attributes, '$.keyvalue()', '{}', true)) <= 20 "
        """AND NOT jsonb_path_exists(attributes, 'strict $.* ? (@.type() != "string")', '{}', true)""",
    ),
    ("member_changes", "kind", f"kind IN {CHANGES}"),
    ("member_changes", "traits_told", "(kind = 'traits_changed') = (traits IS NOT NULL)"),
)


def upgrade() -> None:
    """Adds the columns and the conditions."""
    op.add_column("members", sa.Column("tier", sa.Text, nullable=False, server_default=""))
    op.add_column("members", sa.Column("segments", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("members", sa.Column("attributes", postgresql.JSONB, nullable=False, server_default="{}"))
    op.add_column("member_changes", sa.Column("traits", postgresql.JSONB))
    op.drop_constraint(op.f("ck_member_changes_kind"), "member_changes")
    for table, name, condition in CONDITIONS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)
