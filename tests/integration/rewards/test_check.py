"""Each defect, planted, is found; and by its own question."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit import row_digests
from services.rewards import check
from tests.factories.rewards import Caller, Ledger

VOUCHER = "voucher_fits_redemption"
USED = "voucher_used_as_written"
CODE = "code_leads_to_voucher"
STOCK = "stock_adds_up"
UNIT = "unit_moved_once"
COUNT = "count_adds_up"
ANNOUNCED = "redemption_announced"
JOURNALLED = "voucher_journalled"
VOUCHER_DATED = "voucher_dated"
REDEMPTION_DATED = "redemption_dated"
LEASE = "lease_bounded"

# What is done to sound books, and the checks that must notice it.
DEFECTS: dict[str, tuple[str, set[str]]] = {
    "a good voucher without its redemption's yes": (
        "UPDATE redemptions SET state = 'issued', lease_until = now() WHERE state = 'confirmed'",
        {VOUCHER},
    ),
    "a confirmed redemption without a voucher": (
        "WITH gone AS (DELETE FROM voucher_changes) DELETE FROM vouchers WHERE state = 'issued'",
        {VOUCHER, CODE, JOURNALLED},
    ),
    "a cancelled redemption whose voucher is good": (
        "UPDATE vouchers SET state = 'issued', cancelled_at = NULL WHERE state = 'cancelled'",
        {VOUCHER, JOURNALLED},
    ),
    "a confirmed redemption whose voucher is void": (
        "UPDATE vouchers SET state = 'void', issued_at = NULL, expires_at = NULL WHERE state = 'issued'",
        {VOUCHER, JOURNALLED},
    ),
    "a use of which the voucher knows nothing": (
        "INSERT INTO voucher_uses SELECT member_id, redemption_id, uses + 1, now(), '', '', '', '' FROM vouchers"
        " WHERE state = 'issued'",
        {USED},
    ),
    "a code that nobody can look up": ("DELETE FROM voucher_codes", {CODE}),
    "a code that leads to another voucher": (
        "UPDATE voucher_codes SET code = overlay(code PLACING '00000' FROM 1)",
        {CODE},
    ),
    "a unit too many": ("UPDATE reward_stocks SET stock = stock + 1", {STOCK}),
    "a stock without movements": ("DELETE FROM stock_movements WHERE kind = 'adjusted'", {STOCK}),
    "movements without a stock": ("DELETE FROM reward_stocks", {STOCK}),
    "a unit taken and not noted": (
        "UPDATE redemptions SET is_stock_taken = false WHERE state = 'confirmed'",
        {UNIT},
    ),
    "a unit that never came back": ("DELETE FROM stock_movements WHERE kind = 'returned'", {STOCK, UNIT}),
    "a unit that came back from a redemption that stands": (
        """
        INSERT INTO stock_movements
        SELECT program_id, reward_id, gen_random_uuid(), 'returned', 1, member_id, redemption_id, now()
        FROM redemptions WHERE state = 'confirmed'
        """,
        {STOCK, UNIT},
    ),
    "movements of a redemption that is not there": (
        "UPDATE stock_movements SET redemption_id = gen_random_uuid() WHERE redemption_id IS NOT NULL",
        {UNIT},
    ),
    "a redemption that does not count": ("UPDATE redemption_counts SET taken = 0", {COUNT}),
    "a count without redemptions": (
        "INSERT INTO redemption_counts SELECT gen_random_uuid(), program_id, reward_id, 1 FROM rewards",
        {COUNT},
    ),
    "more redemptions than the limit": (
        """
        WITH copies AS (
            INSERT INTO redemptions
            SELECT (jsonb_populate_record(redemptions, jsonb_build_object('redemption_id', gen_random_uuid()))).*
            FROM redemptions WHERE state = 'confirmed'
            RETURNING *
        ), counted AS (UPDATE redemption_counts SET taken = 2)
        INSERT INTO vouchers SELECT (jsonb_populate_record(vouchers,
            jsonb_build_object('redemption_id', copies.redemption_id))).*
        FROM vouchers JOIN copies USING (member_id)
        WHERE vouchers.state = 'issued'
        """,
        {COUNT, CODE, UNIT, ANNOUNCED, JOURNALLED},
    ),
    "a redemption that nobody was told of": ("DELETE FROM outbox", {ANNOUNCED}),
    "a voucher that is good for ten years": (
        "UPDATE vouchers SET expires_at = expires_at + interval '10 years' WHERE state = 'issued'",
        {VOUCHER_DATED, JOURNALLED},
    ),
    "a voucher that ends later, and a redemption that says so": (
        """
        WITH longer AS (UPDATE redemptions SET voucher_validity_days = voucher_validity_days + 365)
        UPDATE vouchers SET expires_at = expires_at + interval '8760 hours' WHERE expires_at IS NOT NULL
        """,
        {JOURNALLED},
    ),
    "a voucher that was used and that the journal knows nothing of": (
        """
        UPDATE vouchers SET state = 'used', uses = 1, used_at = issued_at, used_store_id = 's', used_terminal_id = 't',
            used_receipt_number = '1'
        WHERE state = 'issued'
        """,
        {JOURNALLED, USED},
    ),
    "a change of a voucher that is gone": (
        "DELETE FROM voucher_changes WHERE number = 1",
        {JOURNALLED},
    ),
    "a voucher that was issued before anybody asked": (
        """
        WITH told AS (UPDATE voucher_changes SET issued_at = issued_at - interval '1 day',
            expires_at = expires_at - interval '1 day')
        UPDATE vouchers SET issued_at = issued_at - interval '1 day', expires_at = expires_at - interval '1 day'
        """,
        {VOUCHER_DATED},
    ),
    "a redemption that was cancelled before it was asked for": (
        "UPDATE redemptions SET cancel_requested_at = requested_at - interval '1 day' WHERE state = 'cancelled'",
        {REDEMPTION_DATED},
    ),
    "a paid redemption that is parked for ten years": (
        """
        WITH parked AS (UPDATE vouchers SET state = 'set_aside', issued_at = NULL, expires_at = NULL
            WHERE state = 'issued')
        UPDATE redemptions SET state = 'issued', lease_until = now() + interval '10 years' WHERE state = 'confirmed'
        """,
        {LEASE, JOURNALLED},
    ),
}


@pytest.fixture
def sound_books(caller: Caller, ledger: Ledger) -> None:
    """One redemption that stands and one that was cancelled."""
    reward = caller.reward(stock=5, limit_per_member=1)
    member = ledger.member()
    undone = caller.redemption(member, reward.reward_id)
    caller.cancel(member, undone.redemption_id)
    assert caller.redemption(member, reward.reward_id).state == pb.REDEMPTION_STATE_CONFIRMED


@pytest.mark.usefixtures("sound_books")
def test_sound_books_have_no_findings(engine: sa.Engine, books: Callable[[], None]) -> None:
    assert list(check.check(engine)) == []


@pytest.mark.usefixtures("sound_books")
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(engine: sa.Engine, defect: str) -> None:
    statement, expected = DEFECTS[defect]
    with engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount > 0

    findings = list(check.check(engine))

    # That the row is another than the service wrote is noticed besides, and does not say what is wrong with it.
    assert {finding.check for finding in findings} - {row_digests.QUESTION} == expected
    assert all(finding.subject and finding.problem for finding in findings)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rewards SET wallet = 'points' || chr(8203)",
        "UPDATE redemptions SET wallet = 'Cafe' || chr(769) WHERE state = 'confirmed'",
        "UPDATE vouchers SET (state, used_at, used_store_id, used_terminal_id, used_receipt_number, uses)"
        " = ('used', now(), 'High  Street', '', '', 1) WHERE state = 'issued'",
    ],
)
@pytest.mark.usefixtures("sound_books")
def test_a_stored_name_in_another_form_is_found(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount > 0
    assert "name_canonical" in {finding.check for finding in check.check(engine)}


def test_every_question_has_its_defect() -> None:
    found_by_some = set().union(*(expected for _, expected in DEFECTS.values()))
    assert found_by_some | {row_digests.QUESTION} == {name for name, _, _ in check.QUESTIONS}


@pytest.mark.usefixtures("sound_books")
def test_the_ledgers_checker_learns_what_was_spent(engine: sa.Engine, ledger: Ledger) -> None:
    claims = {str(claim.hold_id): claim for claim in check.ledger_claims(engine)}
    assert claims.keys() == ledger.holds.keys()
    for hold_id, hold in ledger.holds.items():
        claim = claims[hold_id]
        assert (claim.is_settled, claim.is_spent) == (True, not hold.reversed)
        assert (str(claim.member_id), claim.cost_points) == (hold.member_id, hold.amount)
