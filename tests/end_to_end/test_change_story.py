"""A card moves to another member, and a key is revoked: the gateway that carried it knows at once, another soon."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kit.peers import GATEWAY
from tests.fixtures.suite import Caller, Program, Suite, gateway_config, sale, serving
from tests.fixtures.waiting import wait_until

# Less than a key or an identifier is remembered for: what has ended by then was ended by the change.
SOON_S = 30.0


@dataclasses.dataclass(frozen=True)
class Gateways:
    """Two of one suite, which remember as they do when deployed."""

    carrying: str
    other: str


@pytest.fixture(scope="module")
def gateways(suite: Suite) -> Iterator[Gateways]:
    with ExitStack() as exits:
        config = gateway_config(
            suite.addresses, token=suite.tokens[GATEWAY], redis_url=suite.redis_url, redis_timeout_ms=5_000
        )
        yield Gateways(*(exits.enter_context(serving(config)) for _ in range(2)))


def at(url: str, caller: Caller) -> Caller:
    return dataclasses.replace(caller, url=url)


def earner_of(caller: Caller, card: str) -> str:
    answer = caller.post("/v1/purchases", sale(member={"identifier": {"kind": "card", "value": card}}))
    if answer.status == 404:
        return ""
    return str(answer.expect(201)["purchase"]["member_id"])


def test_a_card_that_moves_earns_for_its_new_owner(gateways: Gateways, program: Program) -> None:
    program.rule()
    card = f"C-{uuid.uuid4().hex[:12]}"
    identifier = {"kind": "card", "value": card}
    body = {"identifiers": [identifier, {"kind": "external_id", "value": card}], "profile": {}}
    before = program.app.post("/v1/members", body).expect(201)
    after = program.member()
    carrying, other = (at(url, program.till) for url in (gateways.carrying, gateways.other))
    assert earner_of(carrying, card) == earner_of(other, card) == before["member_id"]

    app = at(gateways.carrying, program.app)
    (card_id,) = (each["identifier_id"] for each in before["identifiers"] if each["kind"] == "card")
    app.delete(f"/v1/members/{before['member_id']}/identifiers/{card_id}").expect(200)
    assert earner_of(carrying, card) == ""
    app.post(f"/v1/members/{after['member_id']}/identifiers", {"identifier": identifier}).expect(201)
    assert earner_of(carrying, card) == after["member_id"]
    wait_until(lambda: earner_of(other, card) == after["member_id"], what="the other knows", within_s=SOON_S)
    assert program.account(before["member_id"])["posted"] < program.account(after["member_id"])["posted"] + 300


def test_a_revoked_key_is_let_in_nowhere(gateways: Gateways, program: Program) -> None:
    admin = at(gateways.carrying, program.admin)
    created = admin.post("/v1/api-keys", {"name": "till 4", "role": "till"}).expect(201)
    carrying, other = (Caller(url, created["secret"]) for url in (gateways.carrying, gateways.other))
    for till in (carrying, other):
        till.get("/v1/rewards").expect(200)
    admin.delete(f"/v1/api-keys/{created['api_key']['api_key_id']}").expect(200)
    assert carrying.get("/v1/rewards").reason == "API_KEY_REVOKED"
    wait_until(lambda: other.get("/v1/rewards").reason == "API_KEY_REVOKED", what="the other knows", within_s=SOON_S)


def test_a_retry_with_the_key_that_replaced_another_is_a_replay(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    old = program.admin.post("/v1/api-keys", {"name": "till 4", "role": "till"}).expect(201)
    old_till = Caller(program.suite.url, old["secret"])
    body, key = sale(member_id=member_id), str(uuid.uuid4())
    first = old_till.post("/v1/purchases", body, key=key)
    assert (first.status, first.replayed) == (201, False)

    wish = {"name": "till 4, December", "role": "till", "replaces_api_key_id": old["api_key"]["api_key_id"]}
    new = program.admin.post("/v1/api-keys", wish).expect(201)
    assert new["api_key"]["caller_id"] == old["api_key"]["caller_id"] == old["api_key"]["api_key_id"]
    program.admin.delete(f"/v1/api-keys/{old['api_key']['api_key_id']}").expect(200)
    new_till = Caller(program.suite.url, new["secret"])
    again = new_till.post("/v1/purchases", body, key=key)
    assert (again.status, again.replayed, again.body) == (201, True, first.body)
    other = new_till.post("/v1/purchases", sale(12_300, member_id=member_id), key=key)
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")

    # And the next one, though its predecessor's predecessor made the caller, and was revoked.
    third = program.admin.post("/v1/api-keys", wish | {"replaces_api_key_id": new["api_key"]["api_key_id"]}).expect(201)
    last = Caller(program.suite.url, third["secret"]).post("/v1/purchases", body, key=key)
    assert (last.status, last.replayed) == (201, True)


def test_who_asked_for_an_adjustment_cannot_approve_it_with_the_next_key(program: Program) -> None:
    member_id = program.member()["member_id"]
    old = program.admin.post("/v1/api-keys", {"name": "back office", "role": "staff"}).expect(201)
    wish = {"name": "back office, new", "role": "staff", "replaces_api_key_id": old["api_key"]["api_key_id"]}
    new = program.admin.post("/v1/api-keys", wish).expect(201)
    body = {"member_id": member_id, "amount": 1_000, "reason": "complaint", "actor": "Ann Lee"}
    asked = Caller(program.suite.url, old["secret"]).post("/v1/adjustments", body).expect(201)
    approve = f"/v1/adjustments/{asked['adjustment_id']}/approve"
    refused = Caller(program.suite.url, new["secret"]).post(approve, {"actor": "Bea Ray"})
    assert (refused.status, refused.reason) == (409, "ADJUSTMENT_OWN_APPROVAL"), refused.body
