"""Give program policies a version, so that a change that was decided on an older one is noticed.

A column with a constant default: no row is rewritten. Code that does not know of it leaves the version as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Adds the column and its condition; the table has a row a program."""
    op.add_column("program_settings", sa.Column("policy_version", sa.BigInteger, nullable=False, server_default="1"))
    op.create_check_constraint(
        op.f("ck_program_settings_policy_version_positive"), "program_settings", "policy_version > 0"
    )
