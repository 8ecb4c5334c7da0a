"""However a text is written, by one keyboard or another, it names what it named before, over HTTP as well."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import orjson
import pytest

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Caller, Program, sale
from tests.fixtures.tills import return_of
from tests.fixtures.waiting import wait_until

APART, TOGETHER = "Cafe\u0301", "Caf\u00e9"


def named(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The same sale, in which everything that has a name has this one."""
    receipt = body["receipt"] | {"source": name, "store_id": name, "terminal_id": name, "receipt_number": name}
    line = body["lines"][0] | {"line_id": name, "sku": name, "category": name, "brand": name}
    return body | {"receipt": receipt, "lines": [line]}


def test_one_receipt_in_two_spellings_earns_once_and_comes_back(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    bought = sale(member_id=member_id)
    first = program.till.post("/v1/purchases", named(bought, TOGETHER))
    for name in (APART, f"\ufeff{TOGETHER}\u200b", f" {APART}\xa0", "Ca\xadfe\u200d\u0301\u200f"):
        again = program.till.post("/v1/purchases", named(bought, name))
        assert (again.status, again.replayed, again.body) == (201, True, first.expect(201))
    assert first.body["purchase"]["receipt"]["store_id"] == TOGETHER
    back = return_of(APART, (APART, 1_000))
    back["original_receipt"] = bought["receipt"] | {
        "receipt_number": APART,
        "source": APART,
        "store_id": APART,
        "terminal_id": APART,
    }
    assert program.till.post("/v1/returns", back).expect(201)["return"]["points_returned"] == 100
    assert program.account(member_id)["posted"] == 0
    expect_books_to_agree(program.suite)


@pytest.mark.parametrize(
    "terms",
    [
        {"excluded_categories": [APART]},
        {"excluded_brands": [f"{TOGETHER}\u2060"]},
        {"excluded_skus": [f"\u2068{APART}\u2069"]},
        {"trigger": "line", "condition": f'line.brand != "{APART}"'},
        {"condition": f'purchase.store_id != "{APART}\u200b"'},
        {"condition": f'!(member.tier == "{APART}")'},
        {"condition": f'!("{APART}" in member.segments) '},
    ],
)
def test_a_rule_meets_the_name_in_any_spelling(program: Program, terms: dict[str, Any]) -> None:
    program.rule(**terms)
    member = program.member()
    traits = {"traits": {"tier": f"{TOGETHER}\ufeff", "segments": [APART, TOGETHER]}}
    changed = program.staff.put(f"/v1/members/{member['member_id']}/traits", traits, version=member["version"])
    assert changed.expect(200)["traits"]["segments"] == [TOGETHER]
    for name in (APART, TOGETHER):
        body = named(sale(member_id=member["member_id"]), name)
        body["receipt"]["receipt_number"] = uuid.uuid4().hex
        # As soon as `points` has heard of the member's traits.
        wait_until(partial(_earns_nothing, program.till, body), what=f"the rule meets {name!a}")


def _earns_nothing(till: Caller, body: dict[str, Any]) -> bool:
    answer = till.post("/v1/purchases/preview", body, key="").expect(200)
    return bool(answer["purchase"]["points_earned"] == 0)


def test_a_mark_makes_no_second_member(program: Program) -> None:
    digits = f"98{uuid.uuid4().int % 10**14:014}"
    address = f"i.lee-{uuid.uuid4().hex[:8]}@bücher.example"
    body = {"identifiers": [{"kind": "card", "value": digits}, {"kind": "email", "value": address}]}
    member_id = program.app.post("/v1/members", body).expect(201)["member_id"]
    grouped = " ".join(digits[at : at + 4] for at in range(0, 16, 4))
    local = address.partition("@")[0]
    for kind, value in [
        ("card", f"\ufeff{digits}"),
        ("card", f"\u2067{grouped}\u2069"),
        ("card", grouped.replace(" ", "\u2013")),
        ("card", "".join(chr(0x6F0 + int(each)) for each in digits)),
        ("email", address.upper().replace("I", "İ") + "."),
        ("email", f"{local}@xn--bcher-kva.example"),
        ("email", f"{local}\u200e@bu\u0308cher.example"),
    ]:
        named = {"kind": kind, "value": value}
        found = program.till.post("/v1/members/resolve", {"identifier": named}, key="")
        assert found.expect(200)["member_id"] == member_id, value
        second = program.app.post("/v1/members", {"identifiers": [named]})
        assert (second.status, second.reason) == (409, "IDENTIFIER_TAKEN"), value
    passing = {"kind": "email", "value": address.replace("e", "\u0435")}
    assert program.app.post("/v1/members", {"identifiers": [passing]}).status == 422


def test_a_reason_of_nothing_and_one_that_names_a_phone_are_refused_by_their_field(program: Program) -> None:
    member_id = program.member()["member_id"]
    path = f"/v1/members/{member_id}/adjustments"
    usual = {"amount": 5, "reason": "receipt 0007 was keyed twice", "actor": "Ann Lee"}
    for field, text in [
        ("reason", "\u200b\u2060"),
        ("actor", "\ufeff"),
        ("reason", "she called from 0300-1234567"),
        ("reason", "۰۳۰۰ ۱۲۳۴۵۶۷"),
        ("actor", "ann.lee@example.com"),
    ]:
        refused = program.staff.post(path, usual | {field: text})
        assert (refused.status, refused.reason) == (422, "INVALID_FIELD")
        assert field in str(refused.body.get("errors", refused.body))
    assert program.staff.post(path, usual).expect(201)["entry"]["reason"] == usual["reason"]
    assert program.account(member_id)["posted"] == 5


def test_a_body_may_begin_with_a_byte_order_mark(program: Program) -> None:
    program.rule()
    body = sale(member_id=program.member()["member_id"])
    assert (
        program.till.post("/v1/purchases", b"\xef\xbb\xbf" + orjson.dumps(body)).expect(201)["account"]["posted"] == 100
    )
