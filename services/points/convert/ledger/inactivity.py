"""What counts as activity, on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.points.v1 import accounts_pb2 as pb

from kit.errors import Invalid
from services.points.convert.ledger.accounts import ENTRY_KIND
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.ledger.inactivity import MAY_COUNT

_FIELD = "policy.inactivity_activities"


def activities_of(kinds: Sequence[pb.EntryKind.ValueType]) -> tuple[EntryKind, ...]:
    """The movements that are to count, each once and in a fixed order; none for the usual ones."""
    return tuple(sorted({_kind(kind, index) for index, kind in enumerate(kinds)}, key=lambda kind: kind.value))


def _kind(kind: pb.EntryKind.ValueType, index: int) -> EntryKind:
    found = ENTRY_KIND.to_domain(kind, f"{_FIELD}[{index}]")
    if found not in MAY_COUNT:
        raise Invalid(f"{_FIELD}[{index}]", "is nothing that members do")
    return found


def to_activities(kinds: Sequence[EntryKind]) -> list[pb.EntryKind.ValueType]:
    """The same as told."""
    return [ENTRY_KIND.to_proto(kind) for kind in kinds]
