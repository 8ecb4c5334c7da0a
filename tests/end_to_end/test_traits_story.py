"""A CRM tells what it knows of a member; rules ask for it at the till, and for what it was when goods come back."""

from __future__ import annotations

from typing import Any

from tests.fixtures.books import behind, expect_books_to_agree
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import return_of
from tests.fixtures.waiting import wait_until

NEEDS_VIP = "'vip' in member.segments && 'city' in member.attributes && member.attributes['city'] == 'Lahore'"
VIP = {"tier": "gold", "segments": ["vip", "tea-lovers"], "attributes": {"city": "Lahore"}}


def tell(program: Program, member: dict[str, Any], traits: dict[str, Any]) -> dict[str, Any]:
    """The CRM replaces what is known of the member, as it read them, and everybody hears of it."""
    path = f"/v1/members/{member['member_id']}"
    version = program.staff.get(path).expect(200)["version"]
    told: dict[str, Any] = program.staff.put(f"{path}/traits", {"traits": traits}, version=version).expect(200)
    wait_until(lambda: not behind(program.suite), what="all have heard of it")
    return told


def buy(program: Program, member: dict[str, Any], amount_minor: int = 10_000) -> tuple[dict[str, Any], str]:
    """A purchase and its receipt number."""
    body = sale(amount_minor, member_id=member["member_id"])
    return program.till.post("/v1/purchases", body).expect(201)["purchase"], body["receipt"]["receipt_number"]


def earned(purchase: dict[str, Any]) -> dict[str, int]:
    return {each["rule_name"]: each["points"] for each in purchase["earnings"]}


def test_a_rule_asks_for_what_the_crm_has_told(program: Program) -> None:
    program.rule(name="base")
    program.rule(name="vip", condition=NEEDS_VIP)
    member = program.member()
    assert earned(buy(program, member)[0]) == {"base": 100, "vip": 0}

    told = tell(program, member, VIP)
    assert told["traits"] == VIP | {"segments": ["tea-lovers", "vip"]}
    as_vip, receipt_number = buy(program, member)
    assert earned(as_vip) == {"base": 100, "vip": 100}
    assert as_vip["earner"] == {"status": "active", **told["traits"]}

    assert tell(program, member, {"segments": ["tea-lovers"]})["version"] == told["version"] + 1
    assert earned(buy(program, member)[0]) == {"base": 100, "vip": 0}

    # Half of the goods: the other half is judged for whom the member was.
    back = program.till.post("/v1/returns", return_of(receipt_number, ("1", 500))).expect(201)
    assert back["return"]["points_returned"] == 100
    assert program.account(member["member_id"])["posted"] == 100 + 200 - 100 + 100
    back = program.till.post("/v1/returns", return_of(receipt_number, ("1", 500))).expect(201)
    assert back["return"]["points_returned"] == 100
    expect_books_to_agree(program.suite)


def test_two_systems_that_tell_at_once_do_not_undo_each_other(program: Program) -> None:
    member = program.member()
    path = f"/v1/members/{member['member_id']}/traits"
    program.staff.put(path, {"traits": {"tier": "gold"}}, version=1).expect(200)
    late = program.staff.put(path, {"traits": {"segments": ["vip"]}}, version=1)
    assert (late.status, late.reason) == (412, "VERSION_MISMATCH")
    assert program.staff.get(f"/v1/members/{member['member_id']}").expect(200)["traits"]["tier"] == "gold"


def test_tills_and_apps_make_nobody_gold(program: Program) -> None:
    path = f"/v1/members/{program.member()['member_id']}/traits"
    for caller in (program.till, program.app):
        answer = caller.put(path, {"traits": VIP}, version="*")
        assert (answer.status, answer.reason) == (403, "ROLE_NOT_ALLOWED")
