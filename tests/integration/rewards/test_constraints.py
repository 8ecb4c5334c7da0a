"""The domain's invariants once more, held by the database itself."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from tests.factories.rewards import Caller, Ledger

VIOLATIONS = [
    ("UPDATE reward_stocks SET stock = -1", "stock_not_negative"),
    ("UPDATE rewards SET cost_points = 0", "cost_points"),
    ("UPDATE rewards SET benefit_sku = 'TEA'", "benefit"),
    ("UPDATE rewards SET starts_at = now(), ends_at = now() - interval '1 day'", "ends_after_start"),
    ("UPDATE stock_movements SET quantity = -2 WHERE kind = 'taken'", "ck_stock_movements_kind"),
    (
        "UPDATE redemptions SET state = 'lost', is_stock_taken = false, lease_until = now()",
        "ck_redemptions_state",
    ),
    ("UPDATE redemptions SET hold_id = NULL", "hold_fits_state"),
    ("UPDATE redemptions SET state = 'cancelled'", "cancel_reason_fits_state"),
    ("UPDATE redemptions SET cancel_reason = 'X', lease_until = now()", "cancel_parts_together"),
    ("UPDATE redemptions SET lease_until = now()", "lease_while_under_way"),
    ("UPDATE redemptions SET ordinal = 2", "ordinal_within_limit"),
    ("UPDATE redemption_counts SET taken = -1", "taken_not_negative"),
    ("UPDATE vouchers SET state = 'used'", "used_at_fits_state"),
    ("UPDATE vouchers SET state = 'cancelled'", "cancelled_at_fits_state"),
    ("UPDATE vouchers SET state = 'set_aside'", "issued_at_fits_state"),
    ("UPDATE vouchers SET used_at = now(), state = 'used'", "use_parts_together"),
    ("UPDATE vouchers SET expires_at = issued_at", "expires_after_issue"),
    (
        "UPDATE vouchers SET state = 'used', uses = 0, used_at = now(), used_store_id = '', used_terminal_id = '',"
        " used_receipt_number = ''",
        "uses_fit_state",
    ),
    ("UPDATE vouchers SET uses = -1", "uses_fit_state"),
    ("UPDATE voucher_uses SET ordinal = 0", "ck_voucher_uses_ordinal"),
    ("UPDATE voucher_reinstatements SET reason = ''", "ck_voucher_reinstatements_reason"),
    ("UPDATE voucher_reinstatements SET actor = ''", "ck_voucher_reinstatements_actor"),
    ("DELETE FROM voucher_uses", "fk_voucher_reinstatements_"),
    ("UPDATE voucher_codes SET code = 'ILOU'", "ck_voucher_codes_code"),
    ("DELETE FROM redemptions", "fk_vouchers_member_id_redemption_id_redemptions"),
    (
        "INSERT INTO stock_movements SELECT program_id, reward_id, gen_random_uuid(), kind, quantity, member_id,"
        " redemption_id, now() FROM stock_movements WHERE kind = 'taken'",
        "uq_stock_movements",
    ),
]


@pytest.mark.parametrize(("statement", "constraint"), VIOLATIONS)
def test_the_database_refuses(
    engine: sa.Engine, caller: Caller, ledger: Ledger, statement: str, constraint: str
) -> None:
    code = caller.redemption(ledger.member(), caller.reward(stock=1, limit_per_member=1).reward_id).voucher.code
    caller.use(code)
    caller.reinstate(code)
    with pytest.raises(exc.IntegrityError, match=constraint), engine.begin() as connection:
        connection.execute(sa.text(statement))
