"""Bulkheads: what needs one service leaves alone what needs another."""

from __future__ import annotations

import pytest

from gateway.app import create_app
from gateway.bulkheads import OWN_BULKHEAD, bulkhead_of, bulkheads_by_path
from gateway.config import Config
from gateway.policy import POLICY

MEMBER = "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"


def test_every_route_that_needs_a_service_has_that_services_bulkhead() -> None:
    for route in POLICY:
        blueprint = route.partition(".")[0]
        expected = {"meta": {OWN_BULKHEAD}, "keys": {"members"}, "rewards": {"rewards", "redemptions"}}
        assert bulkhead_of(route) in expected.get(blueprint, {blueprint}), route


@pytest.mark.parametrize(
    ("method", "path", "bulkhead"),
    [
        ("GET", "/", OWN_BULKHEAD),
        ("POST", "/v1/purchases", "points"),
        ("POST", f"/v1/members/{MEMBER}/redemptions", "redemptions"),
        ("GET", f"/v1/members/{MEMBER}", "members"),
        ("DELETE", f"/v1/members/{MEMBER}", OWN_BULKHEAD),
        ("GET", "/v1/nowhere", OWN_BULKHEAD),
        ("GET", "//", OWN_BULKHEAD),
        ("GET", "*", OWN_BULKHEAD),
        ("BREW", "/\xff", OWN_BULKHEAD),
    ],
)
def test_the_bulkhead_is_known_by_method_and_path(method: str, path: str, bulkhead: str) -> None:
    assert bulkheads_by_path(create_app(Config()))(method, path) == bulkhead
