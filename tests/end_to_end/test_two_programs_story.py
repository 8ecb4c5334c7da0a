"""Two brands on one deployment see nothing of one another: what is one's is not there for the other.

Whatever a path can name is asked for with the key of the other program's admin, till and app, whose roles may do
everything there is. What the paths cannot name, the bodies do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.routing import Rule

from gateway.app import create_app
from gateway.config import Config
from gateway.policy import POLICY, Needs
from tests.fixtures.books import expect_books_to_agree, rows
from tests.fixtures.suite import Answer, Program, Suite, sale
from tests.fixtures.tills import exchange_of, return_of

NOBODY = "6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11"
PHONE = {"kind": "phone", "value": "+447911123456"}
TERMS = {"name": "base", "points": 1, "per_amount_minor": 100, "currency": "GBP"}
WARE = {"terms": {"name": "Tea", "benefit": {"kind": "free_product", "sku": "TEA"}, "cost_points": 1}}

# What a good request to each route would hold.
BODIES: dict[str, dict[str, Any]] = {
    "members.update_member": {"profile": {"given_name": "Zara"}},
    "members.change_member_status": {"status": "terminated", "reason": "mischief"},
    "members.set_member_traits": {"traits": {"tier": "mischief"}},
    "members.add_identifier": {"identifier": {"kind": "card", "value": "C-1"}},
    "points.place_hold": {"amount": 1},
    "points.capture_hold": {"amount": 0},
    "points.adjust_points": {"amount": -1, "reason": "mischief", "actor": "b.khan"},
    "points.approve_adjustment": {"actor": "a.malik"},
    "points.reject_adjustment": {"actor": "a.malik", "reason": "mischief"},
    "points.revise_earning_rule": {"terms": TERMS},
    "rewards.update_reward": WARE | {"stock": 0},
    "rewards.cancel_redemption": {"reason": "mischief"},
    "rewards.reinstate_voucher": {"reason": "mischief", "actor": "b.khan"},
}

# A member without movements holds nothing, and of whom nobody knows anything that is told; so too of a stranger.
EMPTY = {
    "points.get_account",
    "points.get_qualifying_sums",
    "points.list_entries",
    "points.list_transfers",
    "points.get_statement",
    "rewards.list_rewards_for_member",
}
QUERIES = {"points.get_statement": "?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z"}
# It names its reward in the body, and is tried below.
ELSEWHERE = {"rewards.redeem", "meta.docs_file"}


@dataclass(frozen=True)
class Brands:
    """Theirs, in which something is of every kind, and ours, in which there is one member and nothing else."""

    theirs: Program
    ours: Program
    our_member_id: str
    ids: dict[str, str]
    bought: dict[str, Any]
    unclaimed: dict[str, Any]


@pytest.fixture(scope="module")
def brands(suite: Suite) -> Iterator[Brands]:
    theirs, ours = suite.new_program(), suite.new_program()
    rule = theirs.rule()
    period = {"occurred_from": "2026-01-01T00:00:00Z", "occurred_until": "2026-02-01T00:00:00Z"}
    rehearsal = theirs.admin.post("/v1/earning-rules:rehearse", period).expect(201)
    member = theirs.member(PHONE["value"])
    member_id = member["member_id"]
    bought, unclaimed = sale(50_000, member_id=member_id), sale()
    purchase = theirs.till.post("/v1/purchases", bought).expect(201)["purchase"]
    theirs.till.post("/v1/purchases", unclaimed).expect(201)
    told = {"kind": "visit", "occurred_at": bought["occurred_at"], "source": "door", "activity_key": "1"}
    activity = theirs.app.post("/v1/activities", told | {"member": {"member_id": member_id}}).expect(201)["activity"]
    hold = theirs.till.post(f"/v1/members/{member_id}/holds", {"amount": 10}).expect(201)["hold"]
    request = {"member_id": member_id, "amount": 10, "reason": "sorry", "actor": "b.khan"}
    asked = theirs.staff.post("/v1/adjustments", request).expect(201)
    theirs.admin.ask("PUT", "/v1/program-policy", {"shortfall": "carry", "transfers": {}}).expect(200)
    gift = {"member_id": member_id, "recipient_id": theirs.member()["member_id"], "amount": 10}
    sent = theirs.staff.post("/v1/transfers", gift).expect(201)
    reward = theirs.reward(stock=9)
    redeemed = theirs.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward["reward_id"]}).expect(201)
    api_key = theirs.admin.post("/v1/api-keys", {"name": "till 2", "role": "till"}).expect(201)["api_key"]
    ids = {
        "member_id": member_id,
        "identifier_id": member["identifiers"][0]["identifier_id"],
        "purchase_id": purchase["purchase_id"],
        "activity_id": activity["activity_id"],
        "hold_id": hold["hold_id"],
        "adjustment_id": asked["adjustment_id"],
        "transfer_id": sent["transfer_id"],
        "rule_id": rule["rule_id"],
        "rehearsal_id": rehearsal["rehearsal_id"],
        "reward_id": reward["reward_id"],
        "redemption_id": redeemed["redemption_id"],
        "code": redeemed["voucher"]["code"],
        "api_key_id": api_key["api_key_id"],
    }
    yield Brands(theirs, ours, ours.member()["member_id"], ids, bought, unclaimed)
    expect_books_to_agree(suite)


ROUTES = [
    pytest.param(rule, method, id=f"{method} {rule.rule}")
    for rule in create_app(Config()).url_map.iter_rules()
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    if rule.arguments and rule.endpoint not in ELSEWHERE
]


@pytest.fixture(autouse=True)
def nothing_of_theirs_changes(brands: Brands) -> Iterator[None]:
    """Whatever we try, theirs is as it was."""
    before = kept(brands.theirs)
    yield
    assert kept(brands.theirs) == before


@pytest.mark.parametrize(("rule", "method"), ROUTES)
def test_what_is_theirs_is_not_there_for_us(brands: Brands, rule: Rule, method: str) -> None:
    theirs = ask(brands.ours, rule, method, brands.ids)
    if rule.endpoint in EMPTY:
        stranger = ask(brands.ours, rule, method, brands.ids | {"member_id": NOBODY})
        assert told(theirs) == told(stranger)
    else:
        assert theirs.status == 404, (theirs.status, theirs.body)
        assert theirs.reason.endswith("_NOT_FOUND")


def test_their_member_can_do_nothing_with_us(brands: Brands) -> None:
    ours, their_id = brands.ours, brands.ids["member_id"]
    reward_id = ours.reward()["reward_id"]
    for reference in ({"member_id": their_id}, {"identifier": PHONE}):
        for path, key in (("/v1/purchases", None), ("/v1/purchases/preview", "")):
            refusal(ours.till.post(path, sale(member=reference), key=key), 404, "MEMBER_NOT_FOUND")
        claim = {"receipt": brands.unclaimed["receipt"], "member": reference}
        refusal(ours.till.post("/v1/purchases/claim", claim), 404, "MEMBER_NOT_FOUND")
        told = {"member": reference, "kind": "visit", "occurred_at": "2026-01-01T00:00:00Z", "source": "door"}
        refusal(ours.app.post("/v1/activities", told | {"activity_key": "1"}), 404, "MEMBER_NOT_FOUND")
    refusal(ours.till.post("/v1/members/resolve", {"identifier": PHONE}, key=""), 404, "MEMBER_NOT_FOUND")
    unknown = sale()
    ours.till.post("/v1/purchases", unknown).expect(201)
    for reference in ({"member_id": their_id}, {"identifier": PHONE}):
        swap = exchange_of(unknown["receipt"]["receipt_number"], member=reference)
        refusal(ours.till.post("/v1/exchanges", swap), 404, "MEMBER_NOT_FOUND")
    # The redemption begins, and ends as soon as the points are asked for.
    redeemed = ours.till.post(f"/v1/members/{their_id}/redemptions", {"reward_id": reward_id})
    refusal(redeemed, 409, "MEMBER_NOT_FOUND")


def test_their_things_are_not_there_for_our_member(brands: Brands) -> None:
    till, our_id, ids = brands.ours.till, brands.our_member_id, brands.ids
    redeemed = till.post(f"/v1/members/{our_id}/redemptions", {"reward_id": ids["reward_id"]})
    refusal(redeemed, 404, "REWARD_NOT_FOUND")
    claim = {"receipt": brands.unclaimed["receipt"], "member": {"member_id": our_id}}
    refusal(till.post("/v1/purchases/claim", claim), 404, "PURCHASE_NOT_FOUND")
    for end in ("capture", "release"):
        refusal(till.post(f"/v1/members/{our_id}/holds/{ids['hold_id']}/{end}", {}), 404, "HOLD_NOT_FOUND")
    cancel = f"/v1/members/{our_id}/redemptions/{ids['redemption_id']}/cancel"
    refusal(till.post(cancel, {"reason": "mischief"}), 404, "REDEMPTION_NOT_FOUND")

    # Their receipt says nothing to us: goods from it come back unmatched, and the same key is another receipt.
    back = till.post("/v1/returns", return_of(brands.bought["receipt"]["receipt_number"])).expect(201)
    assert (back["return"]["matched"], back["return"]["points_returned"]) == (False, 0)
    swap = exchange_of(brands.bought["receipt"]["receipt_number"])
    refusal(till.post("/v1/exchanges", swap), 404, "PURCHASE_NOT_FOUND")
    paid = return_of("R-404", refunds=[{"hold_id": ids["hold_id"]}])
    refusal(till.post("/v1/returns", paid), 404, "HOLD_NOT_FOUND")
    sold = till.post("/v1/purchases", brands.bought | {"member": {"member_id": our_id}})
    assert (sold.status, sold.replayed) == (201, False)
    assert sold.body["purchase"]["purchase_id"] != ids["purchase_id"]


def test_lists_hold_what_is_ours(brands: Brands) -> None:
    admin, ids = brands.ours.admin, set(brands.ids.values())
    for path, name in (("earning-rules", "rule_id"), ("rewards", "reward_id"), ("api-keys", "api_key_id")):
        items = admin.get(f"/v1/{path}").expect(200)["items"]
        assert ids.isdisjoint(each[name] for each in items)


def test_their_phone_number_is_free_with_us(brands: Brands) -> None:
    """The same person may be a member of both."""
    ours = brands.ours.member(PHONE["value"])
    assert ours["member_id"] != brands.ids["member_id"]
    found = brands.theirs.till.post("/v1/members/resolve", {"identifier": PHONE}, key="").expect(200)
    assert found["member_id"] == brands.ids["member_id"]


def refusal(answer: Answer, status: int, reason: str) -> None:
    assert (answer.status, answer.reason) == (status, reason), answer.body


def told(answer: Answer) -> object:
    """What is told of a member, whoever it is."""
    body = answer.expect(200)
    return {name: value for name, value in body.items() if name not in {"member_id", "read_at"}}


def ask(program: Program, rule: Rule, method: str, ids: dict[str, str]) -> Answer:
    """A good request to a route about these things, from a caller that may make it."""
    path = rule.rule
    for name in rule.arguments:
        path = path.replace(f"<{name}>", ids[name])
    path += QUERIES.get(rule.endpoint, "")
    access = POLICY[rule.endpoint]
    role = next(role.value for role in sorted(access.roles, key=lambda role: role.value))
    headers = {"If-Match": "*"} if Needs.VERSION in access.needs else {}
    body = BODIES.get(rule.endpoint, {}) if method in {"POST", "PUT", "PATCH"} else None
    return program.caller(role).ask(method, path, body, headers=headers)


def kept(program: Program) -> list[object]:
    """All that could have changed of a program."""
    tables = {
        "members": ("members", "identifiers", "api_keys"),
        "points": (
            "accounts",
            "entries",
            "holds",
            "adjustments",
            "qualifying_movements",
            "purchases",
            "returns",
            "earning_rules",
            "program_settings",
        ),
        "rewards": ("rewards", "redemptions", "redemptions JOIN vouchers USING (member_id, redemption_id)"),
    }
    of_program = "SELECT * FROM {} WHERE program_id = %s"
    return [
        sorted(map(repr, rows(program.suite, word, of_program.format(table), program.program_id)))
        for word, names in tables.items()
        for table in names
    ]
