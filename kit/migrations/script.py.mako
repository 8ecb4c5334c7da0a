"""${message}

Long locks: this runs while requests wait. A statement that must wait for a lock makes all others queue behind it, so it
gives up after a few seconds and the deployment says so. Add columns without a volatile default; add constraints
NOT VALID and VALIDATE them in the next migration; build indexes on big tables CONCURRENTLY, in
`op.get_context().autocommit_block()`; back-fill in bounded batches from a job, never here.

Old code keeps running: for minutes during a deployment, for days after a roll-back. Expand (add, nullable or with a
default), release code that writes both, back-fill, release code that reads the new, and only then contract (drop), in
a later release. There is no way down: what was wrong is put right by the next migration.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "${revision}"
down_revision = ${f'"{down_revision}"' if down_revision else None}


def upgrade() -> None:
    """Says here in one line what changes."""
