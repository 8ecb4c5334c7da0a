"""Lanes: what needs one service leaves alone what needs another."""

from __future__ import annotations

import pytest

from gateway.app import create_app
from gateway.config import Config
from gateway.lanes import OWN_LANE, lane_of, lanes_by_path
from gateway.policy import POLICY

MEMBER = "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"


def test_every_route_that_needs_a_service_has_that_services_lane() -> None:
    for route in POLICY:
        blueprint = route.partition(".")[0]
        expected = {"meta": {OWN_LANE}, "keys": {"members"}, "rewards": {"rewards", "redemptions"}}
        assert lane_of(route) in expected.get(blueprint, {blueprint}), route


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("GET", "/", OWN_LANE),
        ("POST", "/v1/purchases", "points"),
        ("POST", f"/v1/members/{MEMBER}/redemptions", "redemptions"),
        ("GET", f"/v1/members/{MEMBER}", "members"),
        ("DELETE", f"/v1/members/{MEMBER}", OWN_LANE),
        ("GET", "/v1/nowhere", OWN_LANE),
        ("GET", "//", OWN_LANE),
        ("GET", "*", OWN_LANE),
        ("BREW", "/\xff", OWN_LANE),
    ],
)
def test_the_lane_is_known_by_method_and_path(method: str, path: str, lane: str) -> None:
    assert lanes_by_path(create_app(Config()))(method, path) == lane
