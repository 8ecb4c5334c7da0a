"""Requests that need the same services share a bulkhead, with places of its own: a service that hangs fills that one
and no other. How many may work and wait in one is for `gateway.front.admission` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from flask import Flask
from werkzeug.exceptions import HTTPException

from kit.suite import suite

# What is answered without any service: wrong paths, documents.
OWN_BULKHEAD = "gateway"

# A blueprint is called like the service that it asks; keys are kept by `members`.
_BULKHEAD_OF_BLUEPRINT = {word: word for word in suite().words} | {"keys": "members"}

# `rewards` asks `points` on their way.
_BULKHEAD_OF_ROUTE = MappingProxyType(
    {
        "rewards.redeem": "redemptions",
        "rewards.get_redemption": "redemptions",
        "rewards.cancel_redemption": "redemptions",
        "rewards.list_rewards_for_member": "redemptions",
    }
)

BULKHEADS = (OWN_BULKHEAD, *sorted({*_BULKHEAD_OF_BLUEPRINT.values(), *_BULKHEAD_OF_ROUTE.values()}))


def bulkhead_of(endpoint: str | None) -> str:
    """The bulkhead of the requests on a route; Flask's endpoint is its blueprint and function."""
    name = endpoint or ""
    return _BULKHEAD_OF_ROUTE.get(name) or _BULKHEAD_OF_BLUEPRINT.get(name.partition(".")[0], OWN_BULKHEAD)


def bulkheads_by_path(app: Flask) -> Callable[[str, str], str]:
    """A function of method and decoded path that knows the bulkhead of a request before the app has seen it."""
    routes = app.url_map.bind("gateway")

    def bulkhead(method: str, path: str) -> str:
        try:
            endpoint, _ = routes.match(path, method)
        except HTTPException:
            return OWN_BULKHEAD
        return bulkhead_of(endpoint)

    return bulkhead
