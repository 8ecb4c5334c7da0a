"""Requests that need the same services share a lane, with places of its own: a service that hangs fills its lane, and
no other. How many may work and wait in one is for `gateway.front.admission` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from flask import Flask
from werkzeug.exceptions import HTTPException

from kit.suite import suite

# What is answered without any service: wrong paths, documents.
OWN_LANE = "gateway"

# A blueprint is called like the service that it asks; keys are kept by `members`.
_LANE_OF_BLUEPRINT = {word: word for word in suite().words} | {"keys": "members"}

# `rewards` asks `points` on their way.
_LANE_OF_ROUTE = MappingProxyType(
    {
        "rewards.redeem": "redemptions",
        "rewards.get_redemption": "redemptions",
        "rewards.cancel_redemption": "redemptions",
        "rewards.list_rewards_for_member": "redemptions",
    }
)

LANES = (OWN_LANE, *sorted({*_LANE_OF_BLUEPRINT.values(), *_LANE_OF_ROUTE.values()}))


def lane_of(endpoint: str | None) -> str:
    """The lane of the requests on a route; Flask's endpoint is its blueprint and function."""
    name = endpoint or ""
    return _LANE_OF_ROUTE.get(name) or _LANE_OF_BLUEPRINT.get(name.partition(".")[0], OWN_LANE)


def lanes_by_path(app: Flask) -> Callable[[str, str], str]:
    """A function of method and decoded path that knows the lane of a request before the app has seen it."""
    routes = app.url_map.bind("gateway")

    def lane(method: str, path: str) -> str:
        try:
            endpoint, _ = routes.match(path, method)
        except HTTPException:
            return OWN_LANE
        return lane_of(endpoint)

    return lane
