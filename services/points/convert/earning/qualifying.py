"""Qualifying units on the wire."""

from __future__ import annotations

from loyalty.points.v1 import earning_pb2 as pb

from kit.convert import optional_instant, timestamp_of, uuid_of
from kit.errors import Invalid
from services.points.convert.common import wallet_of
from services.points.domain.earning.qualifying import QualifyingSums, QualifyingWindow
from services.points.domain.ledger.accounts import AccountKey

WINDOWS_MAX = 20


def get_qualifying_sums(request: pb.GetQualifyingSumsRequest) -> tuple[AccountKey, tuple[QualifyingWindow, ...]]:
    """Whose sums are asked for, over which windows."""
    program_id, member_id = uuid_of(request.program_id, "program_id"), uuid_of(request.member_id, "member_id")
    if not 1 <= len(request.windows) <= WINDOWS_MAX:
        raise Invalid("windows", f"must have 1 to {WINDOWS_MAX} items")
    windows = tuple(_window(window, f"windows[{index}]") for index, window in enumerate(request.windows))
    return AccountKey(program_id, member_id, wallet_of(request.wallet)), windows


def _window(window: pb.QualifyingWindow, field: str) -> QualifyingWindow:
    start = optional_instant(window, "occurred_from", f"{field}.occurred_from")
    end = optional_instant(window, "occurred_until", f"{field}.occurred_until")
    if start is not None and end is not None and end <= start:
        raise Invalid(f"{field}.occurred_until", "must be later than occurred_from")
    return QualifyingWindow(start, end)


# ---- To the wire -----------------------------------------------------------------------------------------------------


def get_qualifying_sums_response(found: QualifyingSums) -> pb.GetQualifyingSumsResponse:
    """What counts in each window."""
    return pb.GetQualifyingSumsResponse(
        member_id=str(found.key.member_id),
        wallet=found.key.wallet,
        sums=[pb.QualifyingSum(window=_to_window(window), units=units) for window, units in found.sums],
        read_at=timestamp_of(found.read_at),
    )


def _to_window(window: QualifyingWindow) -> pb.QualifyingWindow:
    return pb.QualifyingWindow(
        occurred_from=None if window.start is None else timestamp_of(window.start),
        occurred_until=None if window.end is None else timestamp_of(window.end),
    )
