"""Index entries by the time they were recorded, for reports.

A block range index, since entries are appended in the order of time: it holds a few bytes for each megabyte, and an
insert does not touch it. Code that does not know of it is not concerned.

Not CONCURRENTLY: that waits for every transaction that was there before, and deployers who wait for their turn sit in
one, so two of them would wait for each other. The build reads the table once and sorts nothing, which on the ledgers
there are takes moments; writes wait for it, and it waits for them no longer than a migration may.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the index."""
    op.create_index(
        "ix_entries_recorded",
        "entries",
        ["recorded_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
