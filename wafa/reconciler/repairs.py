"""Carries repairs out, each by RPCs of the service that owns the record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from loyalty.members.v1 import members_pb2
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit.call import Call
from kit.client import channel, invoke
from kit.errors import Refusal
from kit.ids import ordered_id
from kit.peers import OPERATOR
from kit.peers.identity import Identity
from wafa.reconciler.plans import Repair, RepairAction, RepairResult
from wafa.reconciler.requests import DEADLINE_MS, request_id
from wafa.reconciler.spending import SpendingRepairs

RESTORE_REASON = "reconciled after a restore: other services know the member otherwise"


class Repairs:
    """Connections to the services at these addresses. One refused repair does not stop the next.

    `identity` is the operator's. `is_final` decides what would wait for tills to send receipts again.
    """

    def __init__(self, addresses: Mapping[str, str], identity: Identity, *, is_final: bool = False) -> None:
        self._exits = contextlib.ExitStack()
        open_channel = self._exits.enter_context
        channels = {word: open_channel(channel(address, identity=identity)) for word, address in addresses.items()}
        self._call = Call(OPERATOR)
        self._run_id = str(ordered_id())
        self._members = MembersServiceStub(channels["members"])
        spending = SpendingRepairs(channels["points"], channels["rewards"], self._call, self._run_id, is_final=is_final)
        self._by_action: Mapping[RepairAction, Callable[[Repair], str]] = {
            **spending.by_action,
            RepairAction.RESTORE_MEMBER: self._restore_member,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    def carry_out(self, repair: Repair) -> RepairResult:
        """Carries the repair out, or says why that was refused. Raises ServiceFailed where a service broke."""
        try:
            return RepairResult(repair, record=self._by_action[repair.action](repair))
        except Refusal as refusal:
            return RepairResult(repair, problem=f"{refusal.message} ({refusal.reason}){_advice(refusal, repair)}")

    def _restore_member(self, repair: Repair) -> str:
        known = repair.known
        assert known is not None  # noqa: S101 - the planner of members names it
        request = members_pb2.RestoreMemberRequest(
            program_id=repair.program_id,
            request_id=request_id(repair, self._run_id),
            member_id=repair.member_id,
            known_version=known.version,
            status=members_pb2.MemberStatus.Value(f"MEMBER_STATUS_{known.status.upper()}"),
            traits=members_pb2.Traits(tier=known.tier, segments=known.segments, attributes=dict(known.attributes)),
            reason=RESTORE_REASON,
        )
        answer = invoke(self._members.RestoreMember, request, call=self._call, deadline_ms=DEADLINE_MS).response
        return f"version {answer.member.version} of the member"


def _advice(refusal: Refusal, repair: Repair) -> str:
    """What a person can do where `members` does not know the program, since its database lost it."""
    if refusal.reason != "PROGRAM_NOT_FOUND":
        return ""
    options = f"--currency … --region … --id {repair.program_id}"
    return f"; create it first: python -m wafa programs create NAME {options}"
