"""Adjustments by four eyes: asked for by one person, approved or rejected by another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.idempotency import Outcome
from kit.page import Page, PageRequest, page_of
from services.points.batch import BatchContext, Committer, Plan, Reads
from services.points.domain.earning import qualifying
from services.points.domain.errors import AdjustmentNotFound
from services.points.domain.ledger import adjustments
from services.points.domain.ledger.adjustments import (
    Adjustment,
    AdjustmentState,
    ApprovalAnswer,
    ApproveAdjustment,
    RejectAdjustment,
    RequestAdjustment,
)
from services.points.handlers.member_lookup import MemberLookup
from services.points.storage import BookRequest, Storage


class AdjustmentHandlers:
    """What takes two people."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def request_adjustment(self, call: Call, command: RequestAdjustment) -> Outcome[Adjustment]:
        """Notes what somebody asks for."""
        asking = RequestAdjustmentOperation(command, call.caller_id)
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, asking)
        )
        # Replays are stored without the texts that people wrote; here and below they come from where those stand.
        return outcome.map(lambda asked: replace(asked, reason=command.reason))

    def approve_adjustment(self, call: Call, command: ApproveAdjustment) -> Outcome[ApprovalAnswer]:
        """Posts what another one asked for, in the transaction that ends the request."""
        asked = self._found(command.program_id, command.adjustment_id)
        outcome = self._committer.submit(call, ApproveAdjustmentOperation(command, asked.key.member_id, call.caller_id))
        return outcome.map(lambda answer: answer.with_reason(asked.reason))

    def reject_adjustment(self, call: Call, command: RejectAdjustment) -> Outcome[Adjustment]:
        """Ends a request without a posting."""
        asked = self._found(command.program_id, command.adjustment_id)
        outcome = self._committer.submit(call, RejectAdjustmentOperation(command, asked.key.member_id, call.caller_id))
        return outcome.map(lambda ended: replace(ended, reason=asked.reason, decision_reason=command.reason))

    def get_adjustment(self, program_id: UUID, adjustment_id: UUID) -> Adjustment:
        """The request as it stands at this instant."""
        return self._found(program_id, adjustment_id)

    def list_adjustments(self, program_id: UUID, state: AdjustmentState | None, page: PageRequest) -> Page[Adjustment]:
        """The program's requests, newest first."""
        with self._storage.transaction() as tx:
            found = tx.adjustments.page(program_id, state, tx.now, page)
        return page_of(found, page, lambda adjustment: (str(adjustment.adjustment_id),))

    def _found(self, program_id: UUID, adjustment_id: UUID) -> Adjustment:
        with self._storage.transaction() as tx:
            found = tx.adjustments.find(program_id, adjustment_id)
            if found is None:
                raise AdjustmentNotFound("nobody asked for such an adjustment", adjustment_id=str(adjustment_id))
            return found.as_of(tx.now)


# ---- Operations ------------------------------------------------------------------------------------------------------


class RequestAdjustmentOperation:
    """Notes what somebody asks for; touches no account."""

    answer_type = Adjustment

    def __init__(self, command: RequestAdjustment, caller_id: str) -> None:
        self.command = command
        self._caller_id = caller_id
        self.reads = Reads(command.program_id, command.member_id)

    def plan(self, context: BatchContext) -> Plan:
        """Nothing, for a member who exists."""
        context.members.known(self.command.program_id, self.command.member_id)
        return Plan(())

    def judge(self, context: BatchContext, plan: Plan) -> Adjustment:
        """Notes it."""
        asked = adjustments.requested(ids.ordered_id(), self.command, self._caller_id, context.now)
        context.adjustments.put(asked)
        return asked


@dataclass(frozen=True)
class ApprovalPlan(Plan):
    """The request that is approved, besides the account."""

    asked: Adjustment


class ApproveAdjustmentOperation:
    """Posts what another one asked for. The row is locked, so of two approvals one finds the request ended."""

    answer_type = ApprovalAnswer

    def __init__(self, command: ApproveAdjustment, member_id: UUID, caller_id: str) -> None:
        self.command = command
        self._caller_id = caller_id
        self.reads = Reads(command.program_id, member_id, adjustment_id=command.adjustment_id)

    def plan(self, context: BatchContext) -> ApprovalPlan:
        """The account to adjust, if this one may approve it."""
        command = self.command
        asked = context.adjustments.ending(command.program_id, command.adjustment_id)
        adjustments.expect_approvable(asked, command.actor, self._caller_id, context.now)
        return ApprovalPlan([BookRequest(asked.key)], asked)

    def judge(self, context: BatchContext, plan: ApprovalPlan) -> ApprovalAnswer:
        """Gives or takes, and ends the request with it."""
        asked, actor = plan.asked, self.command.actor
        expires_at = context.now + timedelta(days=asked.expiry_days) if asked.expiry_days else None
        entry = context.accounts.book(asked.key).adjust(asked.amount, asked.cause(actor), expires_at, context.now)
        context.accounts.qualify(qualifying.adjusted(entry))
        approved = adjustments.approved(asked, actor, self._caller_id, entry.version, context.now)
        context.adjustments.put(approved)
        return ApprovalAnswer(approved, entry, context.accounts.view(asked.key))


class RejectAdjustmentOperation:
    """Ends a request without a posting."""

    answer_type = Adjustment

    def __init__(self, command: RejectAdjustment, member_id: UUID, caller_id: str) -> None:
        self.command = command
        self._caller_id = caller_id
        self.reads = Reads(command.program_id, member_id, adjustment_id=command.adjustment_id)

    def plan(self, context: BatchContext) -> Plan:
        """Nothing."""
        return Plan(())

    def judge(self, context: BatchContext, plan: Plan) -> Adjustment:
        """Ends it."""
        command = self.command
        asked = context.adjustments.ending(command.program_id, command.adjustment_id)
        ended = adjustments.rejected(asked, command.actor, self._caller_id, command.reason, context.now)
        context.adjustments.put(ended)
        return ended
