"""The reference finds the RPC behind a route, and says so where there is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from loyalty.points.v1 import sales_pb2 as pb

from gateway import policy
from scripts import reference

clients: Any = SimpleNamespace()


def view() -> object:
    """Does something."""
    return further(), further


def further() -> object:
    return furthest() if clients else further()


def furthest() -> object:
    return clients.points.RecordPurchases


def idle() -> object:
    """Does nothing."""
    return len("nothing")


def test_the_rpc_is_found_in_what_a_view_calls() -> None:
    assert reference._rpc_behind(view) == "points.RecordPurchases"
    assert reference._rpc_behind(idle) == ""


def test_a_closed_route_without_an_rpc_is_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"no RPC stands in .*idle"):
        reference._route("GET", "/v1/nothing", "points.nothing", idle)
    known = {**policy.POLICY, "meta.nothing": policy.access_to("meta.index")}
    monkeypatch.setattr(policy, "POLICY", known)
    assert reference._route("GET", "/nothing", "meta.nothing", idle).rpc == ""


@pytest.mark.parametrize(
    ("message", "writes"),
    [(pb.RecordPurchaseRequest, True), (pb.RecordPurchasesRequest, True), (pb.PreviewPurchaseRequest, False)],
)
def test_what_bears_a_request_id_writes(message: Any, writes: bool) -> None:
    assert reference._bears_a_request_id(message.DESCRIPTOR) is writes
