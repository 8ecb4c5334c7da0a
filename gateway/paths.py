"""Where callers find a field that a service names: bodies and queries are not in all places as the RPCs' requests."""

from __future__ import annotations

from collections.abc import Mapping

_EVERYWHERE = {
    "page_size": "limit",
    "page_token": "cursor",
    "request_id": "Idempotency-Key",
    "expected_version": "If-Match",
}
# A person is meant by an id or by an identifier, which `members` is asked about by itself.
_WHO = {"member_id": "member", "identifier": "member.identifier"}
_PERIOD = {"recorded_from": "from", "recorded_until": "to"}

# By endpoint: what a path begins with in the RPC's request, and what it begins with here; nothing for what lies flat.
_OF_ENDPOINT: Mapping[str, Mapping[str, str]] = {
    "points.record_purchase": {"sale": "", **_WHO},
    # Of one purchase among many, told from its beginning.
    "points.record_purchases": {"sale": "", "request_id": "idempotency_key", "items": "purchases", **_WHO},
    "points.preview_purchase": {"sale": "", **_WHO},
    "points.claim_purchase": _WHO,
    # `rewards` is asked about vouchers that come back with the goods.
    "points.record_return": {"voucher_codes": "vouchers", "goods_return": ""},
    "points.record_exchange": {"return.voucher_codes": "return.vouchers", "goods_return": "return", **_WHO},
    "points.record_activity": _WHO,
    "points.get_statement": _PERIOD,
    "points.get_liability": {"valuation": "", **_PERIOD},
    "points.get_qualifying_sums": {"windows[0].occurred_from": "from", "windows[0].occurred_until": "to"},
    "points.set_program_policy": {"policy": ""},
}


def here(proto_path: str, endpoint: str) -> str:
    """The field's path in the body or query of the endpoint, or the header that bears it."""
    renamed = {**_EVERYWHERE, **_OF_ENDPOINT.get(endpoint, {})}
    for beginning, other in renamed.items():
        rest = proto_path.removeprefix(beginning)
        if rest != proto_path and (not rest or rest[0] in ".["):
            return f"{other}{rest}".removeprefix(".")
    return proto_path


def endpoints() -> frozenset[str]:
    """Those that say something in other places than their RPC."""
    return frozenset(_OF_ENDPOINT)
