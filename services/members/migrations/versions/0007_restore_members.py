"""Let a member be restored to what other services know.

Such a change has a reason, and says what the traits are after it. The wider conditions hold from here on; 0008
validates them on the rows that were there before.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

CHANGES = (
    "('enrolled', 'profile_changed', 'status_changed', 'traits_changed', 'identifier_added', 'identifier_removed',"
    " 'restored')"
)

CONDITIONS = (
    ("kind", f"kind IN {CHANGES}"),
    ("traits_told", "(kind IN ('traits_changed', 'restored')) = (traits IS NOT NULL)"),
    ("status_has_reason", "(kind IN ('status_changed', 'restored')) = (reason IS NOT NULL)"),
)


def upgrade() -> None:
    """Replaces the conditions."""
    for name, condition in CONDITIONS:
        constraint = op.f(f"ck_member_changes_{name}")
        op.drop_constraint(constraint, "member_changes")
        op.create_check_constraint(constraint, "member_changes", condition, postgresql_not_valid=True)
