"""A redemption that nobody wanted after all: the points go back to the lots they came from, the unit to the stock."""

from __future__ import annotations

from typing import Any

from tests.fixtures.books import expect_books_to_agree, rows
from tests.fixtures.suite import Answer, Program, sale

LOTS = "SELECT lot_id, units, remaining, held, expires_at FROM lots WHERE member_id = %s ORDER BY lot_id"


def lots(program: Program, member_id: str) -> list[tuple[Any, ...]]:
    return rows(program.suite, "points", LOTS, member_id)


def stock(program: Program, reward_id: str) -> int:
    found: int = program.till.get(f"/v1/rewards/{reward_id}").expect(200)["stock"]
    return found


def redeem(program: Program, member_id: str, reward_id: str) -> Answer:
    return program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id})


def cancel(program: Program, redemption: dict[str, Any]) -> Answer:
    path = f"/v1/members/{redemption['member_id']}/redemptions/{redemption['redemption_id']}/cancel"
    return program.till.post(path, {"reason": "changed her mind"})


def test_cancelled_before_use_everything_is_as_it_was(program: Program) -> None:
    program.rule(expiry_days=30)
    member_id = program.member()["member_id"]
    for _ in range(2):
        program.till.post("/v1/purchases", sale(6_000, member_id=member_id)).expect(201)
    program.gift(member_id, 60)
    reward_id = program.reward(stock=1, limit_per_member=1)["reward_id"]
    before = lots(program, member_id)

    redemption = redeem(program, member_id, reward_id).expect(201)
    assert (program.account(member_id)["available"], stock(program, reward_id)) == (80, 0)
    # Those that expire first were spent first.
    assert [lot[2] for lot in lots(program, member_id)] == [0, 20, 60]

    cancelled = cancel(program, redemption).expect(200)
    assert (cancelled["state"], cancelled["voucher"]["state"]) == ("cancelled", "cancelled")
    assert lots(program, member_id) == before
    assert (program.account(member_id)["available"], stock(program, reward_id)) == (180, 1)

    # The voucher is worth nothing, and cancelling again changes nothing.
    used = program.till.post(f"/v1/vouchers/{redemption['voucher']['code']}/use", {})
    assert (used.status, used.reason) == (409, "VOUCHER_CANCELLED")
    assert cancel(program, redemption).expect(200) == cancelled
    assert lots(program, member_id) == before

    # Neither does it count against what a member may have: the same again, and this time it is used.
    redemption = redeem(program, member_id, reward_id).expect(201)
    program.till.post(f"/v1/vouchers/{redemption['voucher']['code']}/use", {}).expect(200)
    too_late = cancel(program, redemption)
    assert (too_late.status, too_late.reason) == (409, "VOUCHER_USED")
    assert (program.account(member_id)["available"], stock(program, reward_id)) == (80, 0)

    items = program.app.get(f"/v1/members/{member_id}/entries").expect(200)["items"]
    assert [(each["kind"], each["amount"], each["corrects_version"]) for each in reversed(items)] == [
        ("earn", 60, None),
        ("earn", 60, None),
        ("adjustment", 60, None),
        ("spend", -100, None),
        ("reversal", 100, 4),
        ("spend", -100, None),
    ]
    assert items[1]["sentence"] == "100 points given back: changed her mind."
    expect_books_to_agree(program.suite)


def test_what_came_to_nothing_leaves_nothing_behind(program: Program) -> None:
    member_id = program.member()["member_id"]
    program.gift(member_id, 99)
    reward_id = program.reward(stock=1, limit_per_member=1)["reward_id"]

    answer = redeem(program, member_id, reward_id)
    assert (answer.status, answer.reason) == (409, "INSUFFICIENT_BALANCE")
    ended = program.till.get(answer.body["metadata"]["location"]).expect(200)
    assert (ended["state"], ended["cancel_reason"], ended["voucher"]) == ("cancelled", "INSUFFICIENT_BALANCE", None)
    account = program.account(member_id)
    assert (account["available"], account["held"], stock(program, reward_id)) == (99, 0, 1)

    program.gift(member_id, 1)
    redeem(program, member_id, reward_id).expect(201)
    other = program.member()["member_id"]
    program.gift(other, 100)
    refused = redeem(program, other, reward_id)
    assert (refused.status, refused.reason) == (409, "OUT_OF_STOCK")
    assert program.account(other)["available"] == 100
    expect_books_to_agree(program.suite)
