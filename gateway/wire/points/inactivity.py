"""What counts as activity of an account."""

from __future__ import annotations

from typing import Literal

from loyalty.points.v1 import accounts_pb2 as pb
from loyalty.points.v1 import program_pb2

from gateway.wire.enums import number_of, word_of

ActivityWord = Literal["earn", "spend", "return", "adjustment", "transfer_out", "transfer_in"]
ACTIVITIES_MAX = 6


def to_activities(words: list[ActivityWord]) -> list[pb.EntryKind.ValueType]:
    """The same for `points`."""
    return [number_of(pb.EntryKind, word) for word in words]


def activities_of(policy: program_pb2.ProgramPolicy) -> list[ActivityWord]:
    """What counts, as answered: what the program chose, or what counts where it chose nothing."""
    kinds = policy.inactivity_activities or (pb.ENTRY_KIND_EARN, pb.ENTRY_KIND_SPEND)
    return [word_of(pb.EntryKind, kind) for kind in kinds]
