"""Each defect in the books of a voucher that was used, reinstated and used again is found."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kit import row_digests
from services.rewards import check
from tests.factories.rewards import Caller, Ledger

USED = "voucher_used_as_written"
DATED = "voucher_dated"
JOURNALLED = "voucher_journalled"

DEFECTS: dict[str, tuple[str, set[str]]] = {
    "a used voucher that is good again by hand": (
        "UPDATE vouchers SET state = 'issued', used_at = NULL, used_store_id = NULL, used_terminal_id = NULL,"
        " used_receipt_number = NULL WHERE state = 'used'",
        {USED, JOURNALLED},
    ),
    "a use that has no row": (
        "UPDATE vouchers SET state = 'used', used_at = now(), used_store_id = '', used_terminal_id = '',"
        " used_receipt_number = '', uses = uses + 1 WHERE state = 'issued'",
        {USED, JOURNALLED},
    ),
    "a use on another receipt than the voucher says": (
        "UPDATE voucher_uses SET receipt_number = 'R-404' WHERE ordinal = 2",
        {USED},
    ),
    "a use that is not counted": ("UPDATE vouchers SET uses = 1 WHERE state = 'used'", {USED}),
    "a reinstatement that is gone": ("DELETE FROM voucher_reinstatements", {USED, DATED}),
    "a reinstatement of the use that stands": (
        "INSERT INTO voucher_reinstatements SELECT member_id, redemption_id, uses, used_at, 'x', 'y', NULL, ''"
        " FROM vouchers WHERE state = 'used'",
        {USED},
    ),
    "a voucher that was used again before it was good": (
        "UPDATE voucher_reinstatements SET reinstated_at = reinstated_at + interval '1 day'",
        {USED, DATED},
    ),
    "a voucher that is good for longer than it was sold for": (
        "UPDATE vouchers SET expires_at = expires_at + interval '1 day' WHERE state = 'used'",
        {DATED, JOURNALLED},
    ),
}
NAMES = [
    "UPDATE voucher_uses SET receipt_number = E'R\\u00a01'",
    "UPDATE voucher_reinstatements SET actor = 'b.khan '",
]


@pytest.fixture(autouse=True)
def sound_books(caller: Caller, ledger: Ledger) -> None:
    """A voucher that was used, reinstated and used again, and one that is good."""
    reward = caller.reward()
    caller.redemption(ledger.member(), reward.reward_id)
    code = caller.redemption(ledger.member(), reward.reward_id).voucher.code
    caller.use(code, receipt="R-1")
    caller.reinstate(code)
    caller.use(code, receipt="R-2")


def found(engine: sa.Engine, *statements: str) -> set[str]:
    """What is found once these are carried out, besides that a row is not as it was written."""
    assert list(check.check(engine)) == []
    with engine.begin() as connection:
        for statement in statements:
            done = connection.execute(sa.text(statement))
        assert done.rowcount > 0
    return {finding.check for finding in check.check(engine)} - {row_digests.QUESTION}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(engine: sa.Engine, defect: str) -> None:
    statement, expected = DEFECTS[defect]
    assert found(engine, statement) == expected


@pytest.mark.parametrize("column", ["reason", "actor"])
def test_a_reinstatement_that_says_too_little_is_found(engine: sa.Engine, column: str) -> None:
    free = f"ALTER TABLE voucher_reinstatements DROP CONSTRAINT ck_voucher_reinstatements_{column}"
    assert found(engine, free, f"UPDATE voucher_reinstatements SET {column} = ''") == {USED}  # noqa: S608 - our own names


@pytest.mark.parametrize("statement", NAMES)
def test_a_stored_name_in_another_form_is_found(engine: sa.Engine, statement: str) -> None:
    assert "name_canonical" in found(engine, statement)
