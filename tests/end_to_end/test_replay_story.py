"""Every write that there is, sent again with its key: the same answer, marked as a replay, and nothing happens twice.

Once at once, as an impatient till does it, and once at the end of the day, when much has changed since.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.routing import MapAdapter

from gateway.app import create_app
from gateway.config import Config
from gateway.policy import POLICY
from tests.fixtures.books import expect_books_to_agree, rows, wait_until_settled
from tests.fixtures.suite import Answer, Caller, Program, sale
from tests.fixtures.tills import exchange_of, return_of

# What is kept of what was written. Events may be sent again at any time, which their rows note.
KEPT = {
    "members": ("* FROM members", "* FROM member_changes", "* FROM identifiers", "* FROM api_keys"),
    "points": (
        "* FROM entries",
        "* FROM lots",
        "* FROM holds",
        "* FROM adjustments",
        "* FROM transfers",
        "* FROM transfer_arrivals",
        "* FROM qualifying_movements",
        "* FROM purchases",
        "* FROM purchase_claims",
        "* FROM returns",
        "* FROM activities",
        "* FROM earning_rules",
        "* FROM program_settings",
    ),
    "rewards": (
        "* FROM rewards",
        "* FROM redemptions",
        "* FROM vouchers",
        "* FROM voucher_uses",
        "* FROM voucher_reinstatements",
        "* FROM voucher_changes",
    ),
}
KEPT_BY_ALL = ("id FROM outbox", "* FROM stored_answers")

TRAITS = {"traits": {"tier": "gold", "segments": ["vip"], "attributes": {"city": "Lahore"}}}


@dataclass(frozen=True)
class Deed:
    """A write that was done, and its answer."""

    caller: Caller
    method: str
    path: str
    body: object
    key: str
    headers: Mapping[str, str]
    answer: Answer

    def again(self) -> Answer:
        """The same request once more."""
        return self.caller.ask(self.method, self.path, self.body, key=self.key, headers=self.headers)


@dataclass
class Day:
    """Does writes, and each of them twice."""

    program: Program
    deeds: dict[str, list[Deed]] = field(default_factory=dict)
    routes: MapAdapter = field(default_factory=lambda: create_app(Config()).url_map.bind(""))

    def do(self, role: str, method: str, path: str, body: object = None, *, version: object = None) -> Any:
        """One write and its replay; gives the body."""
        endpoint, _ = self.routes.match(path.partition("?")[0], method)
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        caller, key = self.program.caller(role), str(uuid.uuid4())
        answer = caller.ask(method, path, body, key=key, headers=headers)
        assert answer.status in {200, 201}, answer.body
        assert not answer.replayed
        deed = Deed(caller, method, path, body, key, headers, answer)
        self.deeds.setdefault(endpoint, []).append(deed)
        expect_replay(endpoint, deed)
        return answer.body


def expect_replay(endpoint: str, deed: Deed) -> None:
    again = deed.again()
    if endpoint == "keys.create_api_key":  # its secret is shown once
        assert (again.status, again.reason) == (409, "API_KEY_ALREADY_SHOWN")
        return
    assert (again.status, again.replayed) == (deed.answer.status, True)
    assert again.body == marked_replayed(endpoint, deed.answer.body)
    assert {name: again.headers.get(name) for name in ("location", "etag")} == {
        name: deed.answer.headers.get(name) for name in ("location", "etag")
    }


def marked_replayed(endpoint: str, body: Any) -> Any:
    """The body as a replay has it: where many things were done at once, each says of itself that it was done before."""
    if endpoint != "points.record_purchases":
        return body
    return body | {"results": [result | {"replayed": True} for result in body["results"]]}


def a_whole_day(program: Program) -> Day:
    """Everything that can be written, each at least once."""
    day = Day(program)
    terms = {
        "name": "base",
        "points": 1,
        "per_amount_minor": 100,
        "currency": "GBP",
        "starts_at": "2020-01-01T00:00:00Z",
        "qualifying": True,
    }
    rule_path = f"/v1/earning-rules/{day.do('admin', 'POST', '/v1/earning-rules', {'terms': terms})['rule_id']}"
    day.do("admin", "POST", f"{rule_path}/activate", {})
    day.do("admin", "POST", f"{rule_path}/versions", {"terms": terms | {"points": 2}}, version=1)
    later = {"terms": terms | {"starts_at": "2100-01-01T00:00:00Z"}}
    day.do("admin", "POST", f"{rule_path}/versions", later, version=2)
    day.do("admin", "POST", f"{rule_path}/activate", {})
    day.do("admin", "POST", f"{rule_path}/call-off", {})
    document = {"rules": [{"key": "imported", "terms": terms}]}
    day.do("admin", "POST", "/v1/earning-rules:import?dry_run=false", document)
    period = {"occurred_from": "2026-01-01T00:00:00Z", "occurred_until": "2026-02-01T00:00:00Z"}
    day.do("admin", "POST", "/v1/earning-rules:rehearse", document | period)
    day.do("admin", "PUT", "/v1/program-policy", {"shortfall": "negative", "unspendable_wallets": ["stars"]})
    tea = {"terms": {"name": "Tea", "benefit": {"kind": "free_product", "sku": "TEA"}, "cost_points": 50}, "stock": 9}
    reward = day.do("admin", "POST", "/v1/rewards", tea)
    day.do("admin", "PUT", f"/v1/rewards/{reward['reward_id']}", tea | {"stock": 5}, version=1)
    api_key = day.do("admin", "POST", "/v1/api-keys", {"name": "till 2", "role": "till"})["api_key"]
    day.do("admin", "DELETE", f"/v1/api-keys/{api_key['api_key_id']}")

    phone = {"kind": "phone", "value": "+447911123456"}
    enrolment = {"identifiers": [phone], "profile": {"given_name": "Amna"}}
    member_path = f"/v1/members/{day.do('till', 'POST', '/v1/members', enrolment)['member_id']}"
    day.do("app", "PATCH", member_path, {"profile": {"language": "ur"}}, version=1)
    member = day.do("app", "POST", f"{member_path}/identifiers", {"identifier": {"kind": "card", "value": "C-1"}})
    (card,) = (each for each in member["identifiers"] if each["kind"] == "card")
    day.do("app", "DELETE", f"{member_path}/identifiers/{card['identifier_id']}")
    day.do("staff", "PUT", f"{member_path}/traits", TRAITS, version=4)

    bought, anonymous = sale(member={"identifier": phone}), sale()
    day.do("till", "POST", "/v1/purchases", bought)
    day.do("till", "POST", "/v1/purchases", anonymous)
    day.do("till", "POST", "/v1/purchases:batch", {"purchases": [sale(member={"identifier": phone}), sale()]})
    day.do("app", "POST", "/v1/purchases/claim", {"receipt": anonymous["receipt"], "member": {"identifier": phone}})
    day.do("till", "POST", "/v1/returns", return_of(bought["receipt"]["receipt_number"], ("1", 300)))
    day.do("till", "POST", "/v1/exchanges", exchange_of(bought["receipt"]["receipt_number"], ("1", 300)))
    be_active(day, {"identifier": phone})
    day.do("staff", "POST", f"{member_path}/adjustments", {"amount": 200, "reason": "sorry", "actor": "b.khan"})
    request = {"member_id": member["member_id"], "amount": 200, "reason": "sorry", "actor": "b.khan"}
    for end, said in (("approve", {}), ("reject", {"reason": "enough"})):
        asked = day.do("staff", "POST", "/v1/adjustments", request | {"qualifying": True})
        day.do("admin", "POST", f"/v1/adjustments/{asked['adjustment_id']}/{end}", {"actor": "a.malik"} | said)
    day.do("admin", "PUT", "/v1/program-policy", {"shortfall": "negative", "transfers": {"points_max": 50}})
    gift = {"member_id": member["member_id"], "recipient_id": program.member()["member_id"], "amount": 10}
    day.do("app", "POST", "/v1/transfers", gift)
    for end in ("capture", "release"):
        hold = day.do("till", "POST", f"{member_path}/holds", {"amount": 20})["hold"]
        day.do("till", "POST", f"{member_path}/holds/{hold['hold_id']}/{end}", {})

    redeem = ("till", "POST", f"{member_path}/redemptions", {"reward_id": reward["reward_id"]})
    used, cancelled = day.do(*redeem), day.do(*redeem)
    day.do("till", "POST", f"/v1/vouchers/{used['voucher']['code']}/use", {"store_id": "S1"})
    undo = {"reason": "the order was cancelled", "actor": "b.khan"}
    day.do("staff", "POST", f"/v1/vouchers/{used['voucher']['code']}/reinstate", undo)
    day.do("till", "POST", f"{member_path}/redemptions/{cancelled['redemption_id']}/cancel", {"reason": "no tea"})
    day.do("admin", "POST", f"{rule_path}/end", {})
    day.do("staff", "PUT", f"{member_path}/status", {"status": "terminated", "reason": "moved away"}, version=5)
    return day


def be_active(day: Day, member: dict[str, Any]) -> None:
    """What a member does besides buying, and the rule that gives points for it."""
    at = {"starts_at": "2020-01-01T00:00:00Z"}
    terms = {"name": "app", "points": 50, "effect": "fixed", "trigger": "event", "activity_name": "app-installed"} | at
    rule = day.do("admin", "POST", "/v1/earning-rules", {"terms": terms})
    day.do("admin", "POST", f"/v1/earning-rules/{rule['rule_id']}/activate", {})
    event = {"kind": "event", "name": "app-installed", "occurred_at": "2026-01-01T00:00:00Z"}
    day.do("app", "POST", "/v1/activities", event | {"member": member, "source": "app", "activity_key": "7f3a"})


def content(program: Program) -> dict[str, object]:
    """Everything that is kept and could have been written twice."""
    return {
        f"{word}: {what}": sorted(map(repr, rows(program.suite, word, f"SELECT {what}")))
        for word, kept in KEPT.items()
        for what in (*kept, *KEPT_BY_ALL)
    }


def expect_as_it_stands(deed: Deed) -> None:
    """The replay of a redemption tells how far it has come since, which for a cancelled one is a no."""
    again, first = deed.again(), deed.answer.body
    now = deed.caller.get(f"/v1/members/{first['member_id']}/redemptions/{first['redemption_id']}").expect(200)
    assert again.replayed
    if again.status == 409:
        assert (now["state"], again.reason) == ("cancelled", now["cancel_reason"])
    else:
        assert (again.status, again.body) == (deed.answer.status, now)


def test_every_write_can_be_sent_again(program: Program) -> None:
    day = a_whole_day(program)
    assert set(day.deeds) == {endpoint for endpoint, access in POLICY.items() if access.is_write}
    wait_until_settled(program.suite)
    before = content(program)

    for endpoint, deeds in day.deeds.items():
        for deed in deeds:
            if endpoint == "rewards.redeem":
                expect_as_it_stands(deed)
            else:
                expect_replay(endpoint, deed)

    wait_until_settled(program.suite)
    assert content(program) == before
    expect_books_to_agree(program.suite)


def test_a_refusal_stays_one(program: Program) -> None:
    member_id = program.member()["member_id"]
    path, body, key = f"/v1/members/{member_id}/holds", {"amount": 5}, str(uuid.uuid4())
    refused = program.till.post(path, body, key=key)
    assert (refused.status, refused.reason, refused.replayed) == (409, "INSUFFICIENT_BALANCE", False)
    program.gift(member_id, 5)
    again = program.till.post(path, body, key=key)
    assert (again.status, again.replayed) == (409, True)
    assert again.body | {"request_id": ""} == refused.body | {"request_id": ""}
    program.till.post(path, body).expect(201)
    expect_books_to_agree(program.suite)


def test_a_key_stands_for_one_wish(program: Program) -> None:
    program.rule()
    member_id, key = program.member()["member_id"], str(uuid.uuid4())
    body = sale(member_id=member_id)
    program.till.post("/v1/purchases", body, key=key).expect(201)
    other = program.till.post("/v1/purchases", body | sale(5, member_id=member_id), key=key)
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")
    # Another caller's key is another key, though it reads the same; so is one for something else.
    assert not program.app.post("/v1/purchases", sale(member_id=member_id), key=key).replayed
    assert not program.till.post(f"/v1/members/{member_id}/holds", {"amount": 5}, key=key).replayed
    assert program.account(member_id)["posted"] == 200
    expect_books_to_agree(program.suite)
