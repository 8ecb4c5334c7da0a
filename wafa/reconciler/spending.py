"""Repairs of what redemptions spent: with the ledger, and with `rewards` where the redemption cannot stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import grpc
from loyalty.points.v1 import ledger_pb2
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceStub
from loyalty.rewards.v1 import rewards_pb2
from loyalty.rewards.v1.rewards_pb2_grpc import RewardsServiceStub

from kit.call import Call
from kit.client import invoke
from kit.errors import Precondition, Refusal
from wafa.reconciler.plans import LostSpending, Repair, RepairAction
from wafa.reconciler.requests import ACTOR, DEADLINE_MS, request_id

# These stay with the records for good, so they name no person. The hold has the redemption's id.
REVERSAL_REASON = "reconciled after a restore: no redemption stands for these points"
CANCEL_REASON = "reconciled after a restore: points has not spent the points of this redemption"
ADJUSTMENT_REASON = "reconciled after a restore: points of lost receipts that a redemption spent"

LEFT = "run again when tills have sent their receipts again, or with --settle to decide it now"


class SpendingRepairs:
    """Repairs over these channels. `is_final` decides what waits for receipts otherwise."""

    def __init__(self, points: grpc.Channel, rewards: grpc.Channel, call: Call, run_id: str, *, is_final: bool) -> None:
        self._ledger = LedgerServiceStub(points)
        self._rewards = RewardsServiceStub(rewards)
        self._call = call
        self._run_id = run_id
        self._is_final = is_final
        self.by_action: Mapping[RepairAction, Callable[[Repair], str]] = {
            RepairAction.RELEASE_HOLD: self._release_hold,
            RepairAction.REVERSE_CAPTURE: self._reverse_capture,
            RepairAction.CAPTURE_HOLD: self._capture_hold,
            RepairAction.RESTORE_CAPTURE: self._restore_capture,
            RepairAction.CANCEL_REDEMPTION: self._cancel_redemption,
            RepairAction.CANCEL_UNPAID: self._cancel_unpaid,
        }

    def _request_id(self, repair: Repair, *parts: str) -> str:
        return request_id(repair, self._run_id, *parts)

    def _release_hold(self, repair: Repair) -> str:
        request = ledger_pb2.ReleaseHoldRequest(
            program_id=repair.program_id,
            request_id=self._request_id(repair),
            member_id=repair.member_id,
            hold_id=repair.subject_id,
        )
        invoke(self._ledger.ReleaseHold, request, call=self._call, deadline_ms=DEADLINE_MS)
        return f"hold {repair.subject_id}, released"

    def _reverse_capture(self, repair: Repair) -> str:
        request = ledger_pb2.ReverseCaptureRequest(
            program_id=repair.program_id,
            request_id=self._request_id(repair),
            member_id=repair.member_id,
            hold_id=repair.subject_id,
            reason=REVERSAL_REASON,
        )
        answer = invoke(self._ledger.ReverseCapture, request, call=self._call, deadline_ms=DEADLINE_MS).response
        return f"hold {repair.subject_id}, reversed; version {answer.account.version} of the account"

    def _capture_hold(self, repair: Repair) -> str:
        request = ledger_pb2.CaptureHoldRequest(
            program_id=repair.program_id,
            request_id=self._request_id(repair),
            member_id=repair.member_id,
            hold_id=repair.subject_id,
        )
        answer = invoke(self._ledger.CaptureHold, request, call=self._call, deadline_ms=DEADLINE_MS).response
        return f"hold {repair.subject_id}, captured; version {answer.account.version} of the account"

    def _restore_capture(self, repair: Repair) -> str:
        """Spends the points again; where they do not suffice, reports it, or cancels for good."""
        spending = _spending(repair)
        try:
            return self._spend_again(repair, spending)
        except Precondition as refusal:
            if refusal.reason != "INSUFFICIENT_BALANCE":
                raise
            if not self._is_final:
                raise _advised(refusal) from None
            if spending.is_voucher_good:
                return self._cancel(repair, spending, CANCEL_REASON)
            given = self._give(repair, spending, int(refusal.metadata["missing"]))
            return f"{given}; {self._spend_again(repair, spending, after='adjustment')}"

    def _spend_again(self, repair: Repair, spending: LostSpending, after: str = "") -> str:
        request = ledger_pb2.RestoreCaptureRequest(
            program_id=repair.program_id,
            request_id=self._request_id(repair, after),
            member_id=repair.member_id,
            wallet=spending.wallet,
            amount=spending.points,
            hold_id=repair.subject_id,
            reference=f"redemption {spending.redemption_id}",
        )
        answer = invoke(self._ledger.RestoreCapture, request, call=self._call, deadline_ms=DEADLINE_MS).response
        return f"hold {repair.subject_id}, captured again; version {answer.account.version} of the account"

    def _give(self, repair: Repair, spending: LostSpending, missing: int) -> str:
        """Gives the member what a used voucher cost and the ledger no longer has."""
        request = ledger_pb2.AdjustPointsRequest(
            program_id=repair.program_id,
            request_id=request_id(repair, "adjustment", str(missing)),
            member_id=repair.member_id,
            wallet=spending.wallet,
            amount=missing,
            reason=ADJUSTMENT_REASON,
            actor=ACTOR,
        )
        answer = invoke(self._ledger.AdjustPoints, request, call=self._call, deadline_ms=DEADLINE_MS).response
        return f"entry {answer.entry.version} of the account, an adjustment of {missing}"

    def _cancel_redemption(self, repair: Repair) -> str:
        """Cancels it for the reason that the ledger has, so that the saga's request is the one it has answered."""
        spending = _spending(repair)
        return self._cancel(repair, spending, spending.reason or CANCEL_REASON)

    def _cancel_unpaid(self, repair: Repair) -> str:
        if not self._is_final:
            raise Precondition(f"the voucher may have been handed out; {LEFT}")
        return self._cancel(repair, _spending(repair), CANCEL_REASON)

    def _cancel(self, repair: Repair, spending: LostSpending, reason: str) -> str:
        request = rewards_pb2.CancelRedemptionRequest(
            program_id=repair.program_id,
            request_id=self._request_id(repair),
            member_id=repair.member_id,
            redemption_id=spending.redemption_id,
            reason=reason,
        )
        invoke(self._rewards.CancelRedemption, request, call=self._call, deadline_ms=DEADLINE_MS)
        return f"redemption {spending.redemption_id}, cancelled"


def _spending(repair: Repair) -> LostSpending:
    assert repair.spending is not None  # noqa: S101 - the planner of redemptions names it
    return repair.spending


def _advised(refusal: Refusal) -> Precondition:
    advised = Precondition(f"{refusal.message}; {LEFT}", **refusal.metadata)
    advised.reason = refusal.reason
    return advised
