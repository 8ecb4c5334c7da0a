"""A till that does not know whether its sale arrived sends it again, with a new key: a receipt counts once."""

from __future__ import annotations

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Caller, Program, sale
from tests.fixtures.tills import return_of


def test_the_same_receipt_under_new_keys_earns_once(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    body = sale(member_id=member_id)
    first = program.till.post("/v1/purchases", body)
    assert (first.status, first.replayed, first.body["purchase"]["points_earned"]) == (201, False, 100)

    # What happens meanwhile changes nothing of what the till is told: it gets the answer that it missed.
    program.gift(member_id, 7)
    other_till = Caller(program.suite.url, program.suite.new_key(program.program_id, "till"))
    for caller in (program.till, program.app, other_till):
        again = caller.post("/v1/purchases", body)
        assert (again.status, again.replayed, again.body) == (201, True, first.body)
        assert again.headers["location"] == first.headers["location"]
    assert program.till.post("/v1/purchases/preview", body, key="").expect(200) == first.body
    assert program.account(member_id)["posted"] == 107
    expect_books_to_agree(program.suite)


def test_the_same_receipt_with_other_content_is_a_conflict(program: Program) -> None:
    program.rule()
    member_id, other_id = program.member()["member_id"], program.member()["member_id"]
    body = sale(member_id=member_id, receipt_number="R-1")
    program.till.post("/v1/purchases", body).expect(201)
    changes: dict[str, dict[str, object]] = {
        "lines": {"lines": sale(9_999)["lines"]},
        "member_id": {"member": {"member_id": other_id}},
        "cashier_id": {"cashier_id": "18"},
        "tenders": {"tenders": [{"kind": "cash", "amount_minor": 10_000}]},
    }
    for field, change in changes.items():
        answer = program.till.post("/v1/purchases", body | change)
        assert (answer.status, answer.reason) == (409, "RECEIPT_CONFLICT")
        assert answer.body["metadata"]["fields"] == field
    assert (program.account(member_id)["posted"], program.account(other_id)["posted"]) == (100, 0)
    expect_books_to_agree(program.suite)


def test_another_store_day_or_terminal_is_another_receipt(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    body = sale(member_id=member_id, receipt_number="R-1")
    others = [{"source": "webshop"}, {"store_id": "S2"}, {"terminal_id": "T2"}, {"business_day": "2024-02-29"}]
    for change in ({}, *others):
        answer = program.till.post("/v1/purchases", body | {"receipt": body["receipt"] | change})
        assert (answer.status, answer.replayed) == (201, False)
    assert program.account(member_id)["posted"] == 500
    expect_books_to_agree(program.suite)


def test_the_same_return_under_new_keys_takes_once(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    bought = sale(member_id=member_id)
    program.till.post("/v1/purchases", bought).expect(201)
    body = return_of(bought["receipt"]["receipt_number"], ("1", 500))
    first = program.till.post("/v1/returns", body)
    again = program.till.post("/v1/returns", body)
    assert (again.status, again.replayed, again.body) == (201, True, first.expect(201))
    other = program.till.post("/v1/returns", body | {"lines": [{"line_id": "1", "quantity_milli": 400}]})
    assert (other.status, other.reason) == (409, "RECEIPT_CONFLICT")
    assert program.account(member_id)["posted"] == 50
    expect_books_to_agree(program.suite)
