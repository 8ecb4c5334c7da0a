"""The demo's programme: set up on the first start, found again on every other.

Each thing is looked for before it is made, by a fixed id or name. So the programme is made once, also after a crash in
between or when the state folder has lost its API keys.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson

from kit.ids import derived_id
from wafa.demo.receipts import GIFT_CARD, SERVICE
from wafa.demo.wire import CURRENCY, card_number, instant
from wafa.gateway_client import Answer, GatewayClient, GatewayError
from wafa.launcher.home import Home, Whereabouts
from wafa.operator import identity_at
from wafa.register import ROLES, Program, Register

PROGRAM_ID = str(derived_id("wafa", "demo", "program"))
PROGRAM_NAME = "Wafa Demo"
REGION = "GB"
RULE_NAME = "Every purchase"
# The receipts of the demo are some weeks old on the day the programme begins; see `plan.shift_to`.
LATE_RECEIPTS = timedelta(days=90)
REWARDS: tuple[dict[str, Any], ...] = (
    {
        "terms": {
            "name": "£5 off your next order",
            "benefit": {"kind": "fixed_discount", "amount_minor": 500, "currency": CURRENCY},
            "cost_points": 250,
        }
    },
    {
        "terms": {
            "name": "A white metal lantern",
            "description": "One of your choice of colour, as long as there are some.",
            "benefit": {"kind": "free_product", "sku": "71053"},
            "cost_points": 400,
        },
        "stock": 10_000,
    },
    {
        "terms": {
            "name": "10% off your next order",
            "benefit": {"kind": "percentage_discount", "basis_points": 1_000},
            "cost_points": 600,
        }
    },
    {
        "terms": {
            "name": "£25 off your next order",
            "benefit": {"kind": "fixed_discount", "amount_minor": 2_500, "currency": CURRENCY},
            "cost_points": 1_000,
        }
    },
)


@dataclasses.dataclass(frozen=True)
class Reward:
    """A reward of the demo's catalogue."""

    reward_id: str
    name: str
    cost_points: int


@dataclasses.dataclass(frozen=True)
class Programme:
    """The demo programme, ready for use. `keys` are API keys by role, `rewards` the demo's own, cheapest first, and
    `card` is a demo member's, to try things with."""

    program: Program
    keys: dict[str, str]
    rewards: tuple[Reward, ...]
    card: str
    is_new: bool


def provide(home: Home, where: Whereabouts) -> Programme:
    """Makes what is missing of the demo programme. Raises GatewayError, and the refusals of `members`."""
    with Register(where.services["members"], identity_at(where)) as register:
        program = register.provide_program(PROGRAM_NAME, CURRENCY, REGION, PROGRAM_ID)
        kept = home.keys()
        keys = _provide_keys(home, register, kept)
    with GatewayClient(where.gateway_url, keys["admin"]) as gateway:
        _provide_rule(gateway, program)
        rewards = _provide_rewards(gateway)
        card = _provide_card(gateway)
    return Programme(program, keys, rewards, card, is_new=not kept)


def _provide_keys(home: Home, register: Register, kept: dict[str, str]) -> dict[str, str]:
    """A key for each role: the one that is kept while it is good, otherwise a new one."""
    keys = {role: key for role, key in kept.items() if role in ROLES and register.accepts(key, PROGRAM_ID)}
    for role in ROLES:
        if role not in keys:
            keys[role] = register.create_key(PROGRAM_ID, f"demo {role}", role)[1]
            home.keep_keys(keys)
    return keys


def _provide_rule(gateway: GatewayClient, program: Program) -> None:
    rule = next((each for each in _items(gateway, "/v1/earning-rules") if each["terms"]["name"] == RULE_NAME), None)
    if rule is None:
        terms = {
            "name": RULE_NAME,
            "points": 1,
            "per_amount_minor": 100,
            "currency": CURRENCY,
            "excluded_categories": [SERVICE, GIFT_CARD],
            "starts_at": instant(program.created_at - LATE_RECEIPTS),
            "expiry_days": 730,
        }
        rule = _done(gateway.post("/v1/earning-rules", {"terms": terms}, _key("rule", terms)))
    if rule["state"] == "draft":
        path = f"/v1/earning-rules/{rule['rule_id']}/activate"
        _done(gateway.post(path, {"version": rule["version"]}, _key("activate", rule["rule_id"], rule["version"])))


def _provide_rewards(gateway: GatewayClient) -> tuple[Reward, ...]:
    known = {each["terms"]["name"]: each for each in _items(gateway, "/v1/rewards")}
    made = (
        known.get(body["terms"]["name"]) or _done(gateway.post("/v1/rewards", body, _key("reward", body)))
        for body in REWARDS
    )
    return tuple(Reward(each["reward_id"], each["terms"]["name"], each["terms"]["cost_points"]) for each in made)


def _provide_card(gateway: GatewayClient) -> str:
    card = {"kind": "card", "value": card_number("1")}
    if not gateway.post("/v1/members/resolve", {"identifier": card}).ok:
        _done(
            gateway.post("/v1/members", {"identifiers": [card], "profile": {"given_name": "Bilal"}}, _key("card", card))
        )
    return card["value"]


def _key(*parts: object) -> str:
    """An idempotency key made from the request, so that any number of starts make it once."""
    return f"demo-{derived_id(*(orjson.dumps(part).decode() for part in parts))}"


def _items(gateway: GatewayClient, path: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = _done(gateway.get(f"{path}?limit=200{cursor}"))
        yield from page["items"]
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"


def _done(answer: Answer) -> dict[str, Any]:
    if not answer.ok:
        raise GatewayError(f"The demo programme could not be set up: {answer.reason}: {answer.detail}.")
    body: dict[str, Any] = answer.body
    return body
