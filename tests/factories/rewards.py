"""A caller of `rewards`, a ledger for it to spend from, and domain values, each valid until a test says otherwise."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import grpc
from loyalty.points.v1 import accounts_pb2, ledger_pb2
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceServicer
from loyalty.rewards.v1 import rewards_pb2 as pb
from loyalty.rewards.v1.rewards_pb2_grpc import RewardsServiceStub

from kit.call import Call
from kit.client import Answered, invoke
from kit.errors import NotFound, Precondition, Refusal, Unavailable
from kit.rpc import call_of
from kit.server import Server
from services.rewards.domain.redemptions import Redemption, requested
from services.rewards.domain.rewards import Benefit, BenefitKind, Reward, Terms

Answer = TypeVar("Answer")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEADLINE_MS = 60_000
COST = 100


def new_id() -> str:
    return str(uuid.uuid4())


# ---- domain values


def terms(**changes: Any) -> Terms:
    values: dict[str, Any] = {
        "name": "Ten off",
        "description": "",
        "benefit": Benefit(BenefitKind.FIXED_DISCOUNT, amount_minor=1_000, currency="EUR"),
        "cost_points": COST,
        "wallet": "points",
        "starts_at": None,
        "ends_at": None,
        "limit_per_member": 0,
        "voucher_validity_days": 90,
    }
    return Terms(**values | changes)


def reward(*, stock: int | None = None, **changes: Any) -> Reward:
    return Reward(uuid.uuid4(), uuid.uuid4(), terms(**changes), stock, 1, NOON, NOON)


def redemption(**changes: Any) -> Redemption:
    """A redemption that has just been requested."""
    return requested(reward(**changes), uuid.uuid4(), uuid.uuid4(), 1, NOON)


# ---- a caller


class Caller:
    """Somebody who calls `rewards` over a channel; each write has an idempotency key of its own unless one is given."""

    def __init__(self, channel: grpc.Channel, *, program_id: str = "", caller_id: str = "till-1") -> None:
        self.stub = RewardsServiceStub(channel)
        self.program_id = program_id or new_id()
        self.call = Call(caller_id)

    def create(
        self, *, stock: int | None = None, request_id: str = "", **changes: Any
    ) -> Answered[pb.CreateRewardResponse]:
        request = pb.CreateRewardRequest(
            program_id=self.program_id, request_id=request_id or new_id(), terms=terms_message(**changes), stock=stock
        )
        return invoke(self.stub.CreateReward, request, call=self.call, deadline_ms=DEADLINE_MS)

    def reward(self, *, stock: int | None = None, **changes: Any) -> pb.Reward:
        """A new reward."""
        return self.create(stock=stock, **changes).response.reward

    def get(self, reward_id: str) -> pb.Reward:
        request = pb.GetRewardRequest(program_id=self.program_id, reward_id=reward_id)
        return invoke(self.stub.GetReward, request, call=self.call, deadline_ms=DEADLINE_MS).response.reward

    def list(self, page_size: int = 0, page_token: str = "") -> pb.ListRewardsResponse:
        request = pb.ListRewardsRequest(program_id=self.program_id, page_size=page_size, page_token=page_token)
        return invoke(self.stub.ListRewards, request, call=self.call, deadline_ms=DEADLINE_MS).response

    def update(
        self,
        reward_id: str,
        *,
        stock: int | None = None,
        expected_version: int = 0,
        request_id: str = "",
        **changes: Any,
    ) -> Answered[pb.UpdateRewardResponse]:
        request = pb.UpdateRewardRequest(
            program_id=self.program_id,
            request_id=request_id or new_id(),
            reward_id=reward_id,
            expected_version=expected_version,
            terms=terms_message(**changes),
            stock=stock,
        )
        return invoke(self.stub.UpdateReward, request, call=self.call, deadline_ms=DEADLINE_MS)

    def list_for_member(
        self, member_id: str, page_size: int = 0, page_token: str = ""
    ) -> pb.ListRewardsForMemberResponse:
        request = pb.ListRewardsForMemberRequest(
            program_id=self.program_id, member_id=member_id, page_size=page_size, page_token=page_token
        )
        return invoke(self.stub.ListRewardsForMember, request, call=self.call, deadline_ms=DEADLINE_MS).response

    def redeem(self, member_id: str, reward_id: str, *, request_id: str = "") -> Answered[pb.RedeemResponse]:
        request = pb.RedeemRequest(
            program_id=self.program_id, request_id=request_id or new_id(), member_id=member_id, reward_id=reward_id
        )
        return invoke(self.stub.Redeem, request, call=self.call, deadline_ms=DEADLINE_MS)

    def redemption(self, member_id: str, reward_id: str) -> pb.Redemption:
        """A new redemption, as far as it came."""
        return self.redeem(member_id, reward_id).response.redemption

    def get_redemption(self, member_id: str, redemption_id: str) -> pb.Redemption:
        request = pb.GetRedemptionRequest(program_id=self.program_id, member_id=member_id, redemption_id=redemption_id)
        return invoke(self.stub.GetRedemption, request, call=self.call, deadline_ms=DEADLINE_MS).response.redemption

    def cancel(
        self, member_id: str, redemption_id: str, *, reason: str = "changed their mind", request_id: str = ""
    ) -> Answered[pb.CancelRedemptionResponse]:
        request = pb.CancelRedemptionRequest(
            program_id=self.program_id,
            request_id=request_id or new_id(),
            member_id=member_id,
            redemption_id=redemption_id,
            reason=reason,
        )
        return invoke(self.stub.CancelRedemption, request, call=self.call, deadline_ms=DEADLINE_MS)

    def voucher(self, code: str) -> pb.Voucher:
        request = pb.GetVoucherRequest(program_id=self.program_id, code=code)
        return invoke(self.stub.GetVoucher, request, call=self.call, deadline_ms=DEADLINE_MS).response.voucher

    def use(
        self, code: str, *, request_id: str = "", store_id: str = "store 7", terminal_id: str = "", receipt: str = ""
    ) -> Answered[pb.UseVoucherResponse]:
        request = pb.UseVoucherRequest(
            program_id=self.program_id,
            request_id=request_id or new_id(),
            code=code,
            store_id=store_id,
            terminal_id=terminal_id,
            receipt_number=receipt,
        )
        return invoke(self.stub.UseVoucher, request, call=self.call, deadline_ms=DEADLINE_MS)

    def reinstate(
        self, code: str, *, request_id: str = "", reason: str = "order cancelled", actor: str = "b.khan"
    ) -> Answered[pb.ReinstateVoucherResponse]:
        """Makes a used voucher good again, as staff do."""
        request = pb.ReinstateVoucherRequest(
            program_id=self.program_id, request_id=request_id or new_id(), code=code, reason=reason, actor=actor
        )
        return invoke(self.stub.ReinstateVoucher, request, call=self.call, deadline_ms=DEADLINE_MS)

    def reinstate_with(
        self, code: str, back: pb.GoodsReturn, *, request_id: str = ""
    ) -> Answered[pb.ReinstateVoucherResponse]:
        """The same with a return of goods."""
        request = pb.ReinstateVoucherRequest(
            program_id=self.program_id, request_id=request_id or new_id(), code=code, goods_return=back
        )
        return invoke(self.stub.ReinstateVoucher, request, call=self.call, deadline_ms=DEADLINE_MS)

    def preview_reinstatement(self, code: str, back: pb.GoodsReturn) -> pb.Voucher:
        request = pb.PreviewReinstatementRequest(program_id=self.program_id, code=code, goods_return=back)
        return invoke(self.stub.PreviewReinstatement, request, call=self.call, deadline_ms=DEADLINE_MS).response.voucher


def receipt_message(number: str, *, business_day: str = "", **changes: Any) -> pb.ReceiptKey:
    """A receipt of today at a till of "store 7"."""
    values = {"source": "pos", "store_id": "store 7", "terminal_id": "till 2", "receipt_number": number}
    return pb.ReceiptKey(**values | {"business_day": business_day or str(datetime.now(UTC).date())} | changes)


def goods_return(original: str = "4711", *, receipt: str = "", **changes: Any) -> pb.GoodsReturn:
    """A return, on a receipt of its own unless one is named, of what the receipt `original` sold."""
    return pb.GoodsReturn(
        receipt=receipt_message(receipt or new_id()), original_receipt=receipt_message(original, **changes)
    )


def terms_message(**changes: Any) -> pb.RewardTerms:
    values: dict[str, Any] = {
        "name": "Ten off",
        "benefit": pb.Benefit(kind=pb.BENEFIT_KIND_FIXED_DISCOUNT, amount_minor=1_000, currency="EUR"),
        "cost_points": COST,
    }
    return pb.RewardTerms(**values | changes)


# ---- a ledger


class HoldNotFound(NotFound):
    reason = "HOLD_NOT_FOUND"


class HoldNotOpen(Precondition):
    reason = "HOLD_NOT_OPEN"


class HoldNotCaptured(Precondition):
    reason = "HOLD_NOT_CAPTURED"


class InsufficientBalance(Precondition):
    reason = "INSUFFICIENT_BALANCE"


class LedgerAway(Unavailable):
    reason = "LEDGER_AWAY"


class Ledger(LedgerServiceServicer):
    """`points` as far as a redemption needs it: balances, holds, and answers that are given once and then repeated.

    `before` is called with the RPC's name before it has its effect, `after` before its answer is sent; whatever they
    raise is what the caller gets, so that answers can be lost and worlds can change at the worst moment.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.balances: dict[str, int] = {}
        self.holds: dict[str, ledger_pb2.Hold] = {}
        self.answers: dict[tuple[str, str, str], Any] = {}
        self.calls: list[str] = []
        self.reasons: list[str] = []
        self.before: Callable[[str], None] = lambda _name: None
        self.after: Callable[[str], None] = lambda _name: None

    # ---- for tests

    def member(self, balance: int = 1_000) -> str:
        """A new member with so many points."""
        member_id = new_id()
        self.balances[member_id] = balance
        return member_id

    def available(self, member_id: str) -> int:
        with self.lock:
            held = sum(hold.amount for hold in self._of(member_id, ledger_pb2.HOLD_STATE_OPEN))
            return self.balances.get(member_id, 0) - held

    def spent_holds(self) -> list[ledger_pb2.Hold]:
        with self.lock:
            return [each for each in self.holds.values() if each.captured and not each.reversed]

    def open_holds(self) -> list[ledger_pb2.Hold]:
        with self.lock:
            return [each for each in self.holds.values() if each.state == ledger_pb2.HOLD_STATE_OPEN]

    def expire_holds(self) -> None:
        with self.lock:
            for hold in self.open_holds():
                hold.state = ledger_pb2.HOLD_STATE_EXPIRED

    def is_away(self, *names: str) -> None:
        """From now on these RPCs, or all, are refused without effect."""
        self.before = lambda name: _raise(LedgerAway("away")) if not names or name in names else None

    def loses_answers(self, *names: str) -> None:
        """From now on these RPCs have their effect and their answer is lost."""
        self.after = lambda name: _raise(LedgerAway("lost")) if name in names else None

    def is_back(self) -> None:
        self.before = self.after = lambda _name: None

    # ---- RPCs

    def GetAccount(self, request: Any, context: Any) -> ledger_pb2.GetAccountResponse:  # noqa: N802 - gRPC
        self._arrived("GetAccount")
        account = accounts_pb2.Account(member_id=request.member_id, available=self.available(request.member_id))
        return ledger_pb2.GetAccountResponse(account=account)

    def GetHold(self, request: Any, context: Any) -> ledger_pb2.GetHoldResponse:  # noqa: N802 - gRPC
        self._arrived("GetHold")
        return ledger_pb2.GetHoldResponse(hold=self._hold(request))

    def PlaceHold(self, request: Any, context: Any) -> ledger_pb2.PlaceHoldResponse:  # noqa: N802 - gRPC
        return self._once("PlaceHold", request, context, self._place)

    def CaptureHold(self, request: Any, context: Any) -> ledger_pb2.CaptureHoldResponse:  # noqa: N802 - gRPC
        return self._once("CaptureHold", request, context, self._capture)

    def ReleaseHold(self, request: Any, context: Any) -> ledger_pb2.ReleaseHoldResponse:  # noqa: N802 - gRPC
        return self._once("ReleaseHold", request, context, self._release)

    def ReverseCapture(self, request: Any, context: Any) -> ledger_pb2.ReverseCaptureResponse:  # noqa: N802 - gRPC
        return self._once("ReverseCapture", request, context, self._reverse)

    def _once(self, name: str, request: Any, context: Any, work: Callable[[Any], Answer]) -> Answer:
        self._arrived(name)
        key = (call_of(context).caller_id, name, request.request_id)
        with self.lock:
            if key not in self.answers:
                try:
                    self.answers[key] = work(request)
                except Refusal as refusal:
                    self.answers[key] = refusal
            answer: Answer | Refusal = self.answers[key]
        self.after(name)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def _arrived(self, name: str) -> None:
        with self.lock:
            self.calls.append(name)
        self.before(name)

    def _place(self, request: Any) -> ledger_pb2.PlaceHoldResponse:
        if self.available(request.member_id) < request.amount:
            raise InsufficientBalance("too few")
        hold = ledger_pb2.Hold(
            hold_id=new_id(),
            member_id=request.member_id,
            amount=request.amount,
            state=ledger_pb2.HOLD_STATE_OPEN,
            reference=request.reference,
        )
        self.holds[hold.hold_id] = hold
        return ledger_pb2.PlaceHoldResponse(hold=hold)

    def _capture(self, request: Any) -> ledger_pb2.CaptureHoldResponse:
        hold = self._open_hold(request)
        hold.state, hold.captured = ledger_pb2.HOLD_STATE_CAPTURED, hold.amount
        self.balances[hold.member_id] -= hold.amount
        return ledger_pb2.CaptureHoldResponse(hold=hold)

    def _release(self, request: Any) -> ledger_pb2.ReleaseHoldResponse:
        hold = self._open_hold(request)
        hold.state = ledger_pb2.HOLD_STATE_RELEASED
        return ledger_pb2.ReleaseHoldResponse(hold=hold)

    def _reverse(self, request: Any) -> ledger_pb2.ReverseCaptureResponse:
        hold = self._hold(request)
        if not hold.captured or hold.reversed:
            raise HoldNotCaptured("not captured, or reversed")
        self.reasons.append(request.reason)
        hold.reversed = True
        self.balances[hold.member_id] += hold.captured
        return ledger_pb2.ReverseCaptureResponse(hold=hold)

    def _hold(self, request: Any) -> ledger_pb2.Hold:
        hold = self.holds.get(request.hold_id)
        if hold is None or hold.member_id != request.member_id:
            raise HoldNotFound("no such hold")
        return hold

    def _open_hold(self, request: Any) -> ledger_pb2.Hold:
        hold = self._hold(request)
        if hold.state != ledger_pb2.HOLD_STATE_OPEN:
            raise HoldNotOpen("over")
        return hold

    def _of(self, member_id: str, state: ledger_pb2.HoldState.ValueType) -> list[ledger_pb2.Hold]:
        return [hold for hold in self.holds.values() if (hold.member_id, hold.state) == (member_id, state)]


def new_ledger() -> Ledger:
    return Ledger()  # type: ignore[abstract]  # the RPCs that a redemption does not need are not there


@contextmanager
def serving(*servicers: object, threads: int = 32) -> Iterator[str]:
    """A gRPC server on loopback around the servicers; gives its address."""
    server = Server(servicers, port=0, threads_max=threads, concurrent_rpcs_max=4 * threads)
    server.start()
    server.set_serving(True)
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        server.stop(0)


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Does the work in `count` threads that start at the same moment; gives what each returned or raised."""
    barrier = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def reasons(results: list[Any]) -> list[str]:
    """The reasons of the refusals among the results."""
    return [result.reason for result in results if isinstance(result, Refusal)]


def _raise(error: Exception) -> Any:
    raise error
