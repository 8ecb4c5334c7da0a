"""What a repair is, and what becomes of it."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any


class RepairAction(enum.Enum):
    """What a repair does, each by one RPC."""

    RELEASE_HOLD = "release_hold"
    REVERSE_CAPTURE = "reverse_capture"
    RESTORE_MEMBER = "restore_member"
    CAPTURE_HOLD = "capture_hold"
    RESTORE_CAPTURE = "restore_capture"
    CANCEL_REDEMPTION = "cancel_redemption"
    CANCEL_UNPAID = "cancel_unpaid"


@dataclasses.dataclass(frozen=True)
class MemberAsKnown:
    """Status and traits of a member at a version, as far as any service knows them."""

    version: int
    status: str
    tier: str = ""
    segments: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class LostSpending:
    """What a redemption spent. `reason` is why the ledger gave it back, empty where it did not."""

    redemption_id: str
    wallet: str
    points: int
    is_voucher_good: bool
    reason: str


@dataclasses.dataclass(frozen=True)
class Repair:
    """One record that does not agree with those of another service, and what brings it to agree.

    `subject_id` is the id of what is repaired, such as the hold, and `why` a sentence for people. `known` is what a
    member is restored to, `spending` what a redemption is about.
    """

    action: RepairAction
    program_id: str
    member_id: str
    subject_id: str
    why: str
    known: MemberAsKnown | None = None
    spending: LostSpending | None = None


@dataclasses.dataclass(frozen=True)
class RepairResult:
    """A repair and the record that it left, or else the problem because of which nothing was changed."""

    repair: Repair
    record: str = ""
    problem: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the repair was carried out, now or by an earlier run."""
        return not self.problem

    def to_json(self) -> dict[str, Any]:
        """The result for machines: what, for whom, why, and the id of the record or the problem."""
        repair = dataclasses.asdict(self.repair) | {"action": self.repair.action.value}
        return {**repair, "record": self.record, "problem": self.problem}
