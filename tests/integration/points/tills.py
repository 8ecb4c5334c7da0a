"""A caller of `points` as it is served, and what it calls."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import sqlalchemy as sa
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import accounts_pb2, ledger_pb2
from loyalty.points.v1 import sales_pb2 as pb

from kit.call import Call
from kit.client import Answered, invoke
from tests.factories.members import Caller
from tests.factories.points_stubs import PointsStubs
from tests.integration.points.served import DEADLINE_MS
from tests.unit.services.points import requests

Request = TypeVar("Request", bound=Message)


@dataclasses.dataclass
class Suite:
    """Both services, for as long as the module; tests share servers and never programs."""

    points: PointsStubs
    points_engine: sa.Engine
    members: Caller
    # `points` that cannot reach `members`, one that has no place left in its queue, and one that spends one step.
    cut_off: PointsStubs
    full: PointsStubs
    frugal: PointsStubs


class Till:
    """A caller of `points` in a program of its own. Remembers what it last asked of each RPC and was answered."""

    def __init__(self, suite: Suite, program_id: str, caller_id: str = "till-1") -> None:
        self.suite = suite
        self.program_id = program_id
        self.call = Call(caller_id)
        self.asked: dict[str, tuple[Message, Answered[Any]]] = {}

    def ask(self, request: Request, stub: PointsStubs | None = None) -> Answered[Any]:
        """Sends a request to the RPC that its name says, within the till's program."""
        said: Any = request
        said.program_id = self.program_id
        rpc = type(said).__name__.removesuffix("Request")
        method = (stub or self.suite.points).method(rpc)
        answered: Answered[Any] = invoke(method, said, call=self.call, deadline_ms=DEADLINE_MS)
        self.asked[rpc] = said, answered
        return answered

    def get(self, request: Request) -> Any:
        """The response to a request that is answered for the first time."""
        answered = self.ask(request)
        assert not answered.replayed
        return answered.response

    def member(self, status: members_pb2.MemberStatus.ValueType = members_pb2.MEMBER_STATUS_ACTIVE) -> str:
        """Somebody whom `members` has enrolled and `points` has not heard of."""
        member = self.suite.members.member(self.program_id)
        if status != members_pb2.MEMBER_STATUS_ACTIVE:
            self.suite.members.change_status(member, status)
        return member.member_id

    def rule(self, **terms: Any) -> str:
        """The id of a rule that is active."""
        rule_id: str = self.get(requests.create_earning_rule(requests.terms(**terms))).rule.rule_id
        self.get(requests.activate_earning_rule(rule_id))
        return rule_id

    def scheduled_rule(self) -> str:
        """The id of a rule that begins tomorrow."""
        starts_at = Timestamp()
        starts_at.GetCurrentTime()
        starts_at.seconds += 86_400
        return self.rule(starts_at=starts_at)

    def buy(self, member_id: str = "", *lines: pb.PurchaseLine) -> pb.Sale:
        """A sale that is recorded."""
        sale = requests.sale(*lines)
        self.get(requests.record_purchase(member_id, sale))
        return sale

    def rich_member(self, points: int = 100) -> str:
        """A member with points."""
        member_id = self.member()
        self.get(requests.adjust_points(member_id, points))
        return member_id

    def request_adjustment(self) -> ledger_pb2.Adjustment:
        """Ten points that somebody asks to have given to a member."""
        asked: ledger_pb2.Adjustment = self.get(requests.request_adjustment(self.member())).adjustment
        return asked

    def hold(self, member_id: str, amount: int = 5) -> str:
        """The id of an open hold."""
        hold_id: str = self.get(requests.place_hold(member_id, amount)).hold.hold_id
        return hold_id

    def capture(self, member_id: str, amount: int = 5) -> str:
        """The id of a hold that is spent."""
        hold_id = self.hold(member_id, amount)
        self.get(requests.capture_hold(member_id, hold_id))
        return hold_id

    def account(self, member_id: str) -> accounts_pb2.Account:
        account: accounts_pb2.Account = self.get(requests.get_account(member_id)).account
        return account


def refund_a_redemption(till: Till) -> None:
    member_id = till.rich_member()
    request = requests.place_hold(member_id)
    request.reference = f"redemption {requests.new_id()}"
    hold_id = till.get(request).hold.hold_id
    till.get(requests.capture_hold(member_id, hold_id))
    till.get(requests.record_return(refunds={hold_id: 0}))


def reverse_too_much(till: Till) -> None:
    member_id = till.rich_member()
    hold_id = till.hold(member_id)
    captured = till.get(requests.capture_hold(member_id, hold_id)).hold.captured
    request = requests.reverse_capture(member_id, hold_id)
    request.amount = captured + 1
    till.get(request)
