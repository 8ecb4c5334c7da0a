"""The policy table: every route has its line, and every line its route."""

from __future__ import annotations

import pytest
from flask import Flask

from gateway.app import create_app
from gateway.config import Config
from gateway.context import Caller
from gateway.policy import POLICY, Needs, Role, access_to, require, sees_personal_data
from gateway.refusals import RoleNotAllowed

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
# They ask with a body, so that no personal data stands in a URL, and change nothing.
ASKING_WITH_A_BODY = {"members.resolve_member", "points.preview_purchase", "points.diff_earning_rules"}


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Config())


def caller(role: str) -> Caller:
    return Caller("key", "caller", "program", role)


def test_every_route_has_a_line_and_every_line_a_route(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == POLICY.keys()


def test_a_route_is_one_method_on_one_path(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    assert len(rules) == len({rule.endpoint for rule in rules})
    for rule in rules:
        assert len((rule.methods or set()) - {"HEAD"}) == 1, rule


def test_what_changes_something_needs_an_idempotency_key(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        changes = bool((rule.methods or set()) & CHANGING) and rule.endpoint not in ASKING_WITH_A_BODY
        assert POLICY[rule.endpoint].is_write == changes, rule


# PUT and PATCH that may overwrite what another has written meanwhile, each with the reason why that is right.
OVERWRITING: dict[str, str] = {}


def test_what_replaces_something_can_be_held_to_the_version_that_was_read(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if (rule.methods or set()) & {"PUT", "PATCH"}:
            assert POLICY[rule.endpoint].takes_version != (rule.endpoint in OVERWRITING), rule
    assert all(OVERWRITING.values())


def test_what_needs_a_version_needs_a_key_too() -> None:
    for access in POLICY.values():
        assert not access.takes_version or access.is_write


def test_only_what_tells_of_the_door_itself_is_public() -> None:
    assert {endpoint for endpoint, access in POLICY.items() if access.public} == {
        "meta.index",
        "meta.openapi",
        "meta.docs",
        "meta.docs_file",
    }


def test_every_closed_line_names_a_role() -> None:
    assert all(access.public or access.roles for access in POLICY.values())


def test_a_route_without_a_line_is_closed_to_everybody() -> None:
    access = access_to("points.print_money")
    assert not access.public
    for role in Role:
        with pytest.raises(RoleNotAllowed):
            require(access, caller(role.value))


def test_a_role_that_nobody_knows_may_nothing() -> None:
    for access in POLICY.values():
        with pytest.raises(RoleNotAllowed):
            require(access, caller("auditor"))


def test_admins_may_what_staff_may_and_only_tills_and_apps_sell() -> None:
    assert all(Role.ADMIN in access.roles for access in POLICY.values() if Role.STAFF in access.roles)
    for endpoint in ("points.record_purchase", "points.record_return", "points.record_exchange", "rewards.use_voucher"):
        assert (POLICY[endpoint].roles, POLICY[endpoint].needs) == (frozenset({Role.TILL, Role.APP}), Needs.KEY)
    # A till gives vouchers back with goods, and not by themselves.
    assert POLICY["rewards.reinstate_voucher"].roles == {Role.STAFF, Role.ADMIN}
    # Whoever answers complaints gives points as adjustments, which take two, and not as receipts nobody has seen.
    assert POLICY["points.record_purchases"].roles == {Role.TILL, Role.ADMIN}


def test_only_tills_see_members_masked() -> None:
    assert [role.value for role in Role if not sees_personal_data(caller(role.value))] == ["till"]
