"""Count the uses of vouchers that were used before uses were rows. By which caller it was, nothing says.

The digests of the rows that it changes are `migrate`'s to fill in again. Apart from 0009, because it reads the whole
table; other vouchers are used meanwhile.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Writes a row for each use there was, counts it, and validates the condition of 0009."""
    op.execute(
        """
        INSERT INTO voucher_uses
            (member_id, redemption_id, ordinal, used_at, store_id, terminal_id, receipt_number, caller_id)
        SELECT member_id, redemption_id, 1, used_at, used_store_id, used_terminal_id, used_receipt_number, ''
        FROM vouchers WHERE state = 'used' AND uses = 0
        """
    )
    op.execute("UPDATE vouchers SET uses = 1, row_digest = NULL WHERE state = 'used' AND uses = 0")
    op.execute("ALTER TABLE vouchers VALIDATE CONSTRAINT ck_vouchers_uses_fit_state")
