"""Returns: goods come back, and the points they earned with them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from kit.call import Call
from kit.digests import digests_in_order, field_digests
from kit.errors import Invalid
from kit.idempotency import Outcome
from services.points import announces
from services.points.batch import BatchContext, Committer, Plan, Reads, ReferencedAnswer, Touch, answer_of, ref_of
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.program.policy import WALLET_DEFAULT
from services.points.domain.sales.clawbacks import Clawback, clawbacks_of, expect_returnable
from services.points.domain.sales.matching import expect_room_to_wait
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.refunds import Refunded
from services.points.domain.sales.returned_goods import ReturnedGoods, returned_goods
from services.points.domain.sales.returns import RecordReturn, Return, ReturnAnswer
from services.points.handlers.sales.clawbacks import (
    claw_back_points,
    clawed_back_earnings,
    expect_enough,
    free_limits,
    limit_context_by,
)
from services.points.handlers.sales.receipts import (
    CLOCK_AHEAD_MAX,
    expect_same_receipt,
    purchase_id_of,
    return_id_of,
)
from services.points.handlers.sales.refunding import PlannedRefund, lapsed_refunds, plan_refunds, refund_points
from services.points.storage import BookRequest, CounterRequest, Recorded, Storage, Transaction


class ReturnHandlers:
    """What tills do with goods that come back."""

    def __init__(self, storage: Storage, committer: Committer) -> None:
        self._storage = storage
        self._committer = committer

    def record_return(self, call: Call, command: RecordReturn) -> Outcome[ReturnAnswer]:
        """Records a return and takes back what its goods earned; the same receipt again gives the first answer."""
        outcome = self._committer.submit(call, RecordReturnOperation(command))
        return outcome.map(
            lambda found: answer_of(found, self._first_answer),
            replayed_if=lambda found: ref_of(found).recorded_before,
        )

    def _first_answer(self, ref: ReturnRef) -> ReturnAnswer:
        with self._storage.transaction() as tx:
            return first_return_answer(tx, ref.return_id)


def first_return_answer(tx: Transaction, return_id: UUID) -> ReturnAnswer:
    """What was answered when the return was recorded."""
    return _answer(tx.purchases.find_returns([return_id])[return_id])


# ---- Operation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReturnRef:
    """The stored answer of RecordReturn: the return itself keeps the rest."""

    return_id: UUID
    recorded_before: bool


# What is stored, with or without the return that was just recorded.
ReturnFound: TypeAlias = ReturnRef | ReferencedAnswer[ReturnRef, ReturnAnswer]

# What names a return and is no part of what it says.
_NAMED = ("program_id", "request_id", "receipt", "voucher_codes")


@dataclass(frozen=True)
class ReturnPlan(Plan):
    """What a return takes back and gives back. `purchase` is None where it is not known, and nothing is taken then."""

    purchase: Purchase | None = None
    clawbacks: tuple[Clawback, ...] = ()
    refunds: tuple[PlannedRefund, ...] = ()

    @property
    def member_id(self) -> UUID | None:
        """Whose account it changes: the buyer's, or that of whoever gets points back."""
        if self.purchase is not None and self.purchase.member_id is not None:
            return self.purchase.member_id
        return self.refunds[0].hold.key.member_id if self.refunds else None

    @property
    def wallet_shown(self) -> str:
        """The wallet whose account is shown."""
        wallets = [*(each.wallet for each in self.clawbacks), *(each.hold.key.wallet for each in self.refunds)]
        return wallets[0] if wallets else WALLET_DEFAULT


@dataclass(frozen=True)
class ReturnTaken:
    """What a return has given back, and how many points were missing when it took what the goods had earned."""

    refunded: tuple[Refunded, ...] = ()
    shortfall: int = 0


class RecordReturnOperation:
    """Takes goods back.

    The purchase is locked, so that returns of it are judged one after another. Refusals name fields by their path,
    which begins with `path` where the return is a part of something. One that is made `within` a sale, on its receipt,
    has an id of its own and that of the sale.
    """

    answer_type = ReturnRef

    def __init__(self, command: RecordReturn, path: str = "", within: tuple[UUID, UUID] | None = None) -> None:
        self.command = command
        self._path = path
        original = command.original_receipt
        self.purchase_id = None if original is None else purchase_id_of(command.program_id, original)
        self._return_id = return_id_of(command.program_id, command.receipt) if within is None else within[0]
        self._within_purchase_id = None if within is None else within[1]
        self.reads = Reads(
            command.program_id,
            changing_purchase_id=self.purchase_id,
            return_id=self._return_id,
            lines=len(command.lines),
            refunded_hold_ids=frozenset(refund.hold_id for refund in command.refunds),
        )
        self._digests = field_digests(command, without=_NAMED)

    def plan(self, context: BatchContext) -> ReturnPlan:
        """The accounts that the goods earned to or were paid from, or the one to show, and the counters of limits."""
        if context.returns.recorded(self._return_id) is not None:
            return ReturnPlan(())
        if self.command.occurred_at > context.now + CLOCK_AHEAD_MAX:
            raise Invalid(f"{self._path}occurred_at", "lies more than a day in the future")
        purchase = self._original(context)
        buyer_id = None if purchase is None else purchase.member_id
        refunds = plan_refunds(context, self.command, self._path, buyer_id)
        touches = [each.touch for each in refunds]
        if purchase is None:
            if self.purchase_id is not None:
                expect_room_to_wait(context.returns.pending(self.purchase_id))
            return ReturnPlan(touches, refunds=refunds)
        before = context.returns.of(purchase.purchase_id)
        after = expect_returnable(purchase.sale, before.returned, self.command.lines)
        if buyer_id is None:
            return ReturnPlan(touches, purchase, refunds=refunds)
        found = clawbacks_of(purchase, context.members.rules(purchase.program_id), before, after)
        plan = ReturnPlan(touches, purchase, found, refunds)
        return replace(plan, touches=[*touches, *self._touched(purchase, buyer_id, plan)])

    def judge(self, context: BatchContext, plan: ReturnPlan) -> ReturnFound:
        """Records the return and takes back what is due, unless the receipt is recorded."""
        if self.is_recorded(context):
            return self.first_answer(context)
        # Points that come back are there to be taken; without any, nothing has happened when the taking is refused.
        with context.as_one(plan.keys) if self.command.refunds else contextlib.nullcontext():
            taken = self.take(context, plan)
            self.free(context, plan)
        return self.record(context, plan, taken)

    # -- The steps, for whatever a return is a part of ---------------------------------------------------------------

    def is_recorded(self, context: BatchContext) -> bool:
        """Whether the receipt is recorded, with this content."""
        recorded = context.returns.recorded(self._return_id)
        if recorded is not None:
            expect_same_receipt(recorded.digests, self._digests, lambda: self._rebuilt(recorded), self._path)
        return recorded is not None

    def first_answer(self, context: BatchContext) -> ReferencedAnswer[ReturnRef, ReturnAnswer]:
        """What was answered when the return was recorded."""
        recorded = context.returns.recorded(self._return_id)
        assert recorded is not None  # noqa: S101 - asked only of a return that is recorded
        return ReferencedAnswer(ReturnRef(self._return_id, recorded_before=True), _answer(recorded))

    def free(self, context: BatchContext, plan: ReturnPlan) -> None:
        """Gives back what the goods had used of limits."""
        if plan.purchase is not None:
            free_limits(context, plan.purchase, self._return_id, plan.clawbacks)

    def take(self, context: BatchContext, plan: ReturnPlan) -> ReturnTaken:
        """Gives back what was spent on the goods, and then takes what they had earned."""
        refunded = refund_points(context, self.command, plan.refunds)
        if plan.purchase is None or not plan.clawbacks:
            return ReturnTaken(refunded)
        policy = context.members.policy(self.command.program_id).shortfall
        expect_enough(context, plan.purchase, plan.clawbacks, policy)
        shortfall = claw_back_points(context, plan.purchase, self._return_id, plan.clawbacks, policy)
        return ReturnTaken(refunded, shortfall)

    def record(
        self, context: BatchContext, plan: ReturnPlan, taken: ReturnTaken
    ) -> ReferencedAnswer[ReturnRef, ReturnAnswer]:
        """Records the return with the account as it is now."""
        command = self.command
        refunded = lapsed_refunds(context, plan.refunds, taken.refunded)
        back = self._return(plan, refunded, taken.shortfall, context.now)
        account = None
        if plan.member_id is not None:
            account = context.accounts.view(AccountKey(command.program_id, plan.member_id, plan.wallet_shown))
        awaited = self.purchase_id if plan.purchase is None else None
        context.returns.record(back, awaited, command.cashier_id, command.currency, account, self._digests)
        context.announce(announces.return_recorded(back, self._goods(context, plan), command.currency))
        return ReferencedAnswer(ReturnRef(self._return_id, recorded_before=False), ReturnAnswer(back, account))

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _goods(self, context: BatchContext, plan: ReturnPlan) -> tuple[ReturnedGoods, ...]:
        """What the lines are; nothing while their purchase is not known."""
        if plan.purchase is None:
            return ()
        before = context.returns.of(plan.purchase.purchase_id).returned
        return returned_goods(plan.purchase.sale, before, self.command.lines)

    def _rebuilt(self, recorded: Recorded[Return]) -> dict[str, str]:
        """The digests of what the recorded return holds, made anew."""
        back = recorded.record
        held = field_digests(replace(self.command, lines=back.lines, occurred_at=back.occurred_at))
        rebuilt = {name: held[name] for name in ("lines", "occurred_at")}
        # It holds the points that came back, not the amounts that were given: those are compared in its order.
        if "refunds" in recorded.digests and recorded.digests["refunds"] == self._refunds_in_order(back):
            rebuilt["refunds"] = self._digests["refunds"]
        return rebuilt

    def _refunds_in_order(self, back: Return) -> str | None:
        places = {refund.hold_id: place for place, refund in enumerate(back.refunds)}
        refunds = sorted(self.command.refunds, key=lambda refund: places.get(refund.hold_id, len(places)))
        return digests_in_order(replace(self.command, refunds=tuple(refunds))).get("refunds")

    def _touched(self, purchase: Purchase, buyer_id: UUID, plan: ReturnPlan) -> list[Touch]:
        bought, limit_context = frozenset({purchase.purchase_id}), limit_context_by(purchase, buyer_id)
        wallets = {each.wallet for each in plan.clawbacks} | {plan.wallet_shown}
        keys = (AccountKey(self.command.program_id, buyer_id, wallet) for wallet in sorted(wallets))
        counters = (
            CounterRequest(key)
            for earning in clawed_back_earnings(purchase, plan.clawbacks)
            for key in limit_context.counters(earning.rule_id, earning.explanation.limits)
        )
        return [*(BookRequest(key, purchase_ids=bought) for key in keys), *counters]

    def _original(self, context: BatchContext) -> Purchase | None:
        if self.purchase_id is None:
            return None
        purchase = context.purchases.present(self.command.program_id, self.purchase_id)
        if purchase is not None and purchase.sale.currency != self.command.currency:
            raise Invalid(f"{self._path}currency", f"the purchase was paid in {purchase.sale.currency}")
        return purchase

    def _return(self, plan: ReturnPlan, refunded: tuple[Refunded, ...], shortfall: int, now: datetime) -> Return:
        command = self.command
        return Return(
            return_id=self._return_id,
            program_id=command.program_id,
            receipt=command.receipt,
            original_receipt=command.original_receipt,
            purchase_id=None if plan.purchase is None else plan.purchase.purchase_id,
            member_id=plan.member_id,
            lines=command.lines,
            points_returned=sum(each.points for each in plan.clawbacks),
            shortfall=shortfall,
            occurred_at=command.occurred_at,
            recorded_at=now,
            taken={each.rule_id: each.points for each in plan.clawbacks},
            refunds=refunded,
            within_purchase_id=self._within_purchase_id,
        )


def _answer(recorded: Recorded[Return]) -> ReturnAnswer:
    return ReturnAnswer(recorded.record, recorded.account)
