"""Index holds by when they end.

A liability asks what was held at an instant and read every hold there ever was. Holds lie on disk in about the order in
which they end, so an index of block ranges finds those of a time in little space and costs their writing next to
nothing. Reads go on while it is made; writes of holds wait, and it reads the table once.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Creates the index."""
    op.create_index(
        "ix_holds_expires",
        "holds",
        ["expires_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
