"""Sixty-four at the gateway at the same moment: the last unit, the last points, one receipt, one voucher.

Each of them insists, as tills do, until there is a definite answer.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from tests.fixtures.books import expect_books_to_agree, rows, wait_until_settled
from tests.fixtures.suite import Answer, Program, sale
from tests.fixtures.tills import insist, together

MANY = 64
COST = 100


def post_together(program: Program, path: str, body: dict[str, Any], *, keys: list[str]) -> list[Answer]:
    """The same request from so many threads as there are keys."""
    return together(len(keys), lambda number: insist(lambda: program.till.post(path, body, key=keys[number])))


def redeem_together(program: Program, member_ids: list[str], reward_id: str) -> list[Answer]:
    """A redemption of each of these, under a key of its own."""
    keys = new_keys(len(member_ids))

    def redeem(number: int) -> Answer:
        path = f"/v1/members/{member_ids[number]}/redemptions"
        return insist(lambda: program.till.post(path, {"reward_id": reward_id}, key=keys[number]))

    answers = together(len(member_ids), redeem)
    # One whose answer was late is on its way, and tells its end when it is looked at.
    wait_until_settled(program.suite)
    return answers


def new_keys(many: int = MANY) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(many)]


def ends(program: Program) -> Counter[tuple[str, str]]:
    """How the program's redemptions have ended, and why."""
    query = "SELECT state, cancel_reason FROM redemptions WHERE program_id = %s"
    return Counter((state, reason) for state, reason in rows(program.suite, "rewards", query, program.program_id))


def test_the_last_unit_goes_to_one_of_many(program: Program) -> None:
    reward_id = program.reward(stock=1)["reward_id"]
    member_ids = [program.member()["member_id"] for _ in range(MANY)]
    for member_id in member_ids:
        program.gift(member_id, COST)

    answers = redeem_together(program, member_ids, reward_id)

    # Those who came after it was gone were refused at once; those who came in between were cancelled.
    ended = ends(program)
    assert ended[("confirmed", "")] == 1
    assert set(ended) <= {("confirmed", ""), ("cancelled", "OUT_OF_STOCK")}
    assert {(answer.status, answer.reason) for answer in answers} <= {(201, ""), (202, ""), (409, "OUT_OF_STOCK")}
    assert program.till.get(f"/v1/rewards/{reward_id}").expect(200)["stock"] == 0
    accounts = [program.account(member_id) for member_id in member_ids]
    assert Counter(account["available"] for account in accounts) == {COST: MANY - 1, 0: 1}
    assert {account["held"] for account in accounts} == {0}
    expect_books_to_agree(program.suite)


def test_points_for_one_buy_one(program: Program) -> None:
    reward_id = program.reward()["reward_id"]
    member_id = program.member()["member_id"]
    program.gift(member_id, 2 * COST - 1)

    answers = redeem_together(program, [member_id] * MANY, reward_id)

    assert ends(program) == {("confirmed", ""): 1, ("cancelled", "INSUFFICIENT_BALANCE"): MANY - 1}
    assert {(answer.status, answer.reason) for answer in answers} <= {
        (201, ""),
        (202, ""),
        (409, "INSUFFICIENT_BALANCE"),
    }
    account = program.account(member_id)
    assert (account["available"], account["held"]) == (COST - 1, 0)
    expect_books_to_agree(program.suite)


def test_one_receipt_under_one_key_earns_once(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    answers = post_together(program, "/v1/purchases", sale(member_id=member_id), keys=new_keys(1) * MANY)
    expect_one(answers, 201)
    assert program.account(member_id)["posted"] == 100
    expect_books_to_agree(program.suite)


def test_one_receipt_under_many_keys_earns_once(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    answers = post_together(program, "/v1/purchases", sale(member_id=member_id), keys=new_keys())
    expect_one(answers, 201)
    account = program.account(member_id)
    assert (account["posted"], account["version"]) == (100, 1)
    expect_books_to_agree(program.suite)


def test_a_member_who_is_new_everywhere_may_come_in_many_at_once(program: Program) -> None:
    """Nobody has heard of them yet, and all of the first sales ask who they are."""
    program.rule()
    member_id = program.member()["member_id"]
    bodies = [sale(member_id=member_id) for _ in range(MANY)]
    keys = new_keys()

    answers = together(
        MANY, lambda number: insist(lambda: program.till.post("/v1/purchases", bodies[number], key=keys[number]))
    )

    assert Counter(answer.expect(201)["account"]["version"] for answer in answers) == Counter(range(1, MANY + 1))
    assert program.account(member_id)["posted"] == 100 * MANY
    expect_books_to_agree(program.suite)


def test_one_voucher_is_used_once(program: Program) -> None:
    reward_id = program.reward()["reward_id"]
    member_id = program.member()["member_id"]
    program.gift(member_id, COST)
    redeemed = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id}).expect(201)

    path = f"/v1/vouchers/{redeemed['voucher']['code']}/use"
    answers = post_together(program, path, {"store_id": "S1"}, keys=new_keys())

    assert Counter((answer.status, answer.reason) for answer in answers) == {
        (200, ""): 1,
        (409, "VOUCHER_USED"): MANY - 1,
    }
    expect_books_to_agree(program.suite)


def test_one_phone_number_enrols_one_member(program: Program) -> None:
    body = {"identifiers": [{"kind": "phone", "value": "+447911123456"}]}
    answers = post_together(program, "/v1/members", body, keys=new_keys())
    assert Counter((answer.status, answer.reason) for answer in answers) == {
        (201, ""): 1,
        (409, "IDENTIFIER_TAKEN"): MANY - 1,
    }
    expect_books_to_agree(program.suite)


def expect_one(answers: list[Answer], status: int) -> None:
    """All the answers are the same, and one of them at the most does not say that it had been done before."""
    assert {answer.status for answer in answers} == {status}
    assert all(answer.body == answers[0].body for answer in answers)
    assert sum(not answer.replayed for answer in answers) <= 1
