"""Adjustments that one person asks for and another approves: the second pair of eyes.

A request is open for a bounded time and ends once: approved, which posts it, rejected, or expired. Two names tell two
people apart only where a reader does (`kit.texts.lookalikes`), and only where a till does not choose them freely, so
the caller's own identity counts as well: what one API key asked for, the same key cannot approve under any name.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from kit.texts import FREE_TEXT
from kit.texts.lookalikes import likeness
from services.points.domain.errors import AdjustmentNeedsApproval, AdjustmentNotOpen, AdjustmentOwnApproval
from services.points.domain.ledger.accounts import AccountKey, AccountView, Cause, Entry

# How long a request waits for somebody to decide.
OPEN_DAYS = 7


class AdjustmentState(enum.Enum):
    """The life of a requested adjustment; it ends once."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Adjustment:
    """Points that somebody asked to have given or taken by hand.

    `…_by` is a person as the retailer names them, `…_caller` the id of the API key that asked in their name.
    """

    adjustment_id: UUID
    key: AccountKey
    amount: int
    reason: str = field(metadata=FREE_TEXT)
    expiry_days: int
    requested_by: str
    requested_caller: str
    requested_at: datetime
    expires_at: datetime
    state: AdjustmentState = AdjustmentState.REQUESTED
    decided_by: str = ""
    decided_caller: str = ""
    decided_at: datetime | None = None
    decision_reason: str = field(default="", metadata=FREE_TEXT)
    entry_version: int | None = None
    # Whether as many qualifying units are given or taken with the points.
    qualifying: bool = False

    def as_of(self, now: datetime) -> Adjustment:
        """The request with what time alone has done."""
        over = self.state is AdjustmentState.REQUESTED and self.expires_at <= now
        return replace(self, state=AdjustmentState.EXPIRED) if over else self

    def cause(self, approver: str) -> Cause:
        """What the entry says of why it was made."""
        return Cause(
            adjustment_id=self.adjustment_id,
            reason=self.reason,
            actor=self.requested_by,
            approved_by=approver,
            qualifying=self.qualifying,
        )


# ---- What callers ask ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RequestAdjustment:
    """Asks for an adjustment that somebody else is to approve."""

    program_id: UUID
    request_id: str
    member_id: UUID
    wallet: str
    amount: int
    reason: str
    actor: str
    expiry_days: int
    qualifying: bool = False


@dataclass(frozen=True)
class ApproveAdjustment:
    """Approves what somebody else asked for, and posts it."""

    program_id: UUID
    request_id: str
    adjustment_id: UUID
    actor: str


@dataclass(frozen=True)
class RejectAdjustment:
    """Rejects what was asked for."""

    program_id: UUID
    request_id: str
    adjustment_id: UUID
    actor: str
    reason: str


@dataclass(frozen=True)
class ApprovalAnswer:
    """The approved adjustment, the entry that posted it, and the account after it."""

    adjustment: Adjustment
    entry: Entry
    account: AccountView

    def with_reason(self, reason: str) -> ApprovalAnswer:
        """The answer with the reason in both places where it stands."""
        return replace(self, adjustment=replace(self.adjustment, reason=reason), entry=self.entry.with_reason(reason))


# ---- Decisions -------------------------------------------------------------------------------------------------------


def expect_within_limit(amount: int, limit: int | None) -> None:
    """Refuses what one person may not decide alone; without a limit anybody who may adjust may."""
    if limit is not None and abs(amount) > limit:
        raise AdjustmentNeedsApproval(
            f"one person may adjust up to {limit} points; this takes a second one",
            limit=limit,
            amount=amount,
        )


def requested(adjustment_id: UUID, command: RequestAdjustment, caller_id: str, now: datetime) -> Adjustment:
    """The open request that a command makes."""
    return Adjustment(
        adjustment_id,
        AccountKey(command.program_id, command.member_id, command.wallet),
        command.amount,
        command.reason,
        command.expiry_days,
        command.actor,
        caller_id,
        now,
        now + timedelta(days=OPEN_DAYS),
        qualifying=command.qualifying,
    )


def expect_approvable(adjustment: Adjustment, actor: str, caller_id: str, now: datetime) -> None:
    """Refuses an ended request, and one that is approved by whoever asked for it."""
    _expect_open(adjustment, now)
    if likeness(actor) == likeness(adjustment.requested_by) or caller_id == adjustment.requested_caller:
        raise AdjustmentOwnApproval("whoever asked for an adjustment does not approve it, nor does their API key")


def approved(adjustment: Adjustment, actor: str, caller_id: str, entry_version: int, now: datetime) -> Adjustment:
    """The request as its approval leaves it; `expect_approvable` was asked before."""
    return replace(
        adjustment,
        state=AdjustmentState.APPROVED,
        decided_by=actor,
        decided_caller=caller_id,
        decided_at=now,
        entry_version=entry_version,
    )


def rejected(adjustment: Adjustment, actor: str, caller_id: str, reason: str, now: datetime) -> Adjustment:
    """The request as its rejection leaves it; whoever asked may withdraw it so."""
    _expect_open(adjustment, now)
    return replace(
        adjustment,
        state=AdjustmentState.REJECTED,
        decided_by=actor,
        decided_caller=caller_id,
        decided_at=now,
        decision_reason=reason,
    )


def _expect_open(adjustment: Adjustment, now: datetime) -> None:
    state = adjustment.as_of(now).state
    if state is not AdjustmentState.REQUESTED:
        raise AdjustmentNotOpen(f"the adjustment is {state.value}", state=state.value)
