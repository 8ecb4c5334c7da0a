"""An order is cancelled after all: the voucher that was used for it is good again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.fixtures.books import expect_books_to_agree, rows
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import return_of

RETURNS = "SELECT return_id FROM returns WHERE program_id = %s"
GIVEN_BACK = """
    SELECT reason, actor, return_id FROM voucher_reinstatements JOIN redemptions USING (member_id, redemption_id)
    WHERE program_id = %s
"""


@pytest.fixture
def bought(program: Program) -> tuple[str, str, dict[str, Any]]:
    """A member who has used a voucher on a purchase: their id, the voucher's code, and the purchase's body."""
    program.rule()
    member_id = program.member()["member_id"]
    program.gift(member_id, 100)
    reward_id = program.reward()["reward_id"]
    redemption = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id}).expect(201)
    body = sale(member_id=member_id)
    code: str = redemption["voucher"]["code"]
    receipt = {name: body["receipt"][name] for name in ("store_id", "terminal_id", "receipt_number")}
    program.till.post(f"/v1/vouchers/{code}/use", receipt).expect(200)
    program.till.post("/v1/purchases", body).expect(201)
    return member_id, code, body


def test_staff_give_a_voucher_back_with_a_reason(program: Program, bought: tuple[str, str, dict[str, Any]]) -> None:
    _, code, _ = bought
    path, body = f"/v1/vouchers/{code}/reinstate", {"reason": "order W-20931 was cancelled", "actor": "b.khan"}
    assert (program.till.post(path, body).status, program.app.post(path, body).status) == (403, 403)
    assert program.staff.post(path, {"reason": "call 0300-1234567", "actor": "b.khan"}).status == 422
    key = str(uuid.uuid4())
    again = program.staff.post(path, body, key=key).expect(200)
    assert (again["state"], again["used_at"]) == ("issued", None)
    assert program.staff.post(path, body, key=key).replayed
    twice = program.admin.post(path, body)
    assert (twice.status, twice.reason) == (409, "VOUCHER_NOT_USED")
    program.till.post(f"/v1/vouchers/{code}/use", {}).expect(200)
    assert rows(program.suite, "rewards", GIVEN_BACK, program.program_id) == [(body["reason"], "b.khan", None)]
    expect_books_to_agree(program.suite)


def test_a_return_gives_back_the_voucher_that_was_used_on_the_receipt(
    program: Program, bought: tuple[str, str, dict[str, Any]]
) -> None:
    member_id, code, body = bought
    other = sale(member_id=member_id)
    program.till.post("/v1/purchases", other).expect(201)
    of_other = return_of(other["receipt"]["receipt_number"], vouchers=[code])
    refused = program.till.post("/v1/returns", of_other)
    assert (refused.status, refused.reason) == (409, "VOUCHER_OF_ANOTHER_RECEIPT")
    without = program.till.post("/v1/returns", return_of("R-1", vouchers=[code], original_receipt=None))
    assert (without.status, without.body["errors"][0]["field"]) == (422, "original_receipt")
    assert rows(program.suite, "points", RETURNS, program.program_id) == []

    back, key = return_of(body["receipt"]["receipt_number"], vouchers=[code.lower()], cashier_id="17"), "key-1"
    answer = program.till.post("/v1/returns", back, key=key).expect(201)
    assert answer["return"]["points_returned"] == 100
    assert [(each["code"], each["voucher"]["state"]) for each in answer["vouchers"]] == [(code.lower(), "issued")]

    # The same return again, under its key or another: nothing more, also once the voucher is used on another receipt.
    program.till.post(f"/v1/vouchers/{code}/use", {"receipt_number": "R-2"}).expect(200)
    for sent in (key, str(uuid.uuid4())):
        again = program.till.post("/v1/returns", back, key=sent).expect(201)
        assert again["return"] == answer["return"]
    assert program.till.get(f"/v1/vouchers/{code}").expect(200)["state"] == "used"
    changed = program.till.post("/v1/returns", back | {"vouchers": []}, key=key)
    assert (changed.status, changed.reason) == (422, "IDEMPOTENCY_KEY_REUSED")

    ((reason, actor, return_id),) = rows(program.suite, "rewards", GIVEN_BACK, program.program_id)
    assert (str(return_id), actor) == (answer["return"]["return_id"], "17")
    assert reason.startswith("return pos/S1/T1/")
    expect_books_to_agree(program.suite)


def test_an_exchange_gives_it_back_too(program: Program, bought: tuple[str, str, dict[str, Any]]) -> None:
    _, code, body = bought
    exchange = {"return": return_of(body["receipt"]["receipt_number"], vouchers=[code]), "sale": sale()}
    answer = program.till.post("/v1/exchanges", exchange).expect(201)
    assert answer["return"]["vouchers"][0]["voucher"]["state"] == "issued"
    expect_books_to_agree(program.suite)
