"""Give every purchase a slot.

Purchases of before returns could wait have none, and a purchase is locked by its slot from now on. One statement that
reads both tables and appends what is missing; nothing waits for it.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Appends the slots that are missing."""
    op.execute(
        "INSERT INTO purchase_slots (purchase_id) SELECT purchase_id FROM purchases"
        " WHERE NOT EXISTS (SELECT FROM purchase_slots AS slots WHERE slots.purchase_id = purchases.purchase_id)"
        " ON CONFLICT DO NOTHING"
    )
