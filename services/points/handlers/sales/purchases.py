"""Purchases: recorded, previewed, read, claimed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

import structlog

from kit.call import Call
from kit.digests import field_digests
from kit.errors import Invalid, Refusal
from kit.idempotency import Command, Outcome
from services.points import announces
from services.points.batch import (
    BatchContext,
    Committer,
    MemberNotYetKnown,
    Plan,
    Reads,
    ReferencedAnswer,
    Result,
    answer_of,
    ref_of,
    submit_in_shares,
)
from services.points.domain.errors import PurchaseNotFound
from services.points.domain.ledger.accounts import Cause
from services.points.domain.program.policy import expect_may_earn
from services.points.domain.sales.matching import Match, match
from services.points.domain.sales.purchases import (
    ClaimPurchase,
    GetPurchase,
    PreviewPurchase,
    Purchase,
    PurchaseAnswer,
    RecordPurchase,
    RecordPurchases,
    expect_claimable,
)
from services.points.domain.sales.returns import NOTHING_RETURNED, PurchaseReturns, Return
from services.points.domain.sales.sale import Sale, check_sale
from services.points.handlers.earning.earning_plan import EarningPlan, plan_earnings
from services.points.handlers.member_lookup import MemberLookup
from services.points.handlers.sales.clawbacks import settle_matches
from services.points.handlers.sales.goods_back import GoodsBackPlan, GoodsBackTaken, TakingBack, taking_back_of
from services.points.handlers.sales.loose_goods import LooseGoodsPlan, plan_loose_goods
from services.points.handlers.sales.receipts import CLOCK_AHEAD_MAX, expect_same_receipt, purchase_id_of
from services.points.storage import Recorded, Storage, Transaction

_log = structlog.get_logger()


class PurchaseHandlers:
    """What tills do with sales."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def record_purchase(self, call: Call, command: RecordPurchase) -> Outcome[PurchaseAnswer]:
        """Records a sale and posts what it earns; the same receipt again gives the first answer."""
        check_sale(command.sale)
        operation = RecordPurchaseOperation(command, command)
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, operation)
        )
        return outcome.map(
            lambda found: answer_of(found, self._first_answer),
            replayed_if=lambda found: ref_of(found).recorded_before,
        )

    def record_purchases(self, call: Call, command: RecordPurchases) -> Sequence[Outcome[PurchaseAnswer] | Exception]:
        """Records sales, each on its own merits and those of one member in their order; one result each, in order.

        Members who are new here are asked for beforehand, once each, so that no later sale of theirs overtakes an
        earlier one. A refusal that says nothing for good, and an accident, is the result itself.
        """
        checked = [_checked(item) for item in command.items]
        valid = [item for item in checked if isinstance(item, RecordPurchase)]
        member_ids = dict.fromkeys(item.member_id for item in valid if item.member_id is not None)
        unknown = self._member_lookup.learn(call, command.program_id, member_ids)
        operations = [RecordPurchaseOperation(item, item) for item in valid]
        outcomes = submit_in_shares(self._committer, call, operations)
        first_answers = self._first_answers(_replayed(outcomes))
        results = (
            _result(item, outcome, first_answers, unknown) for item, outcome in zip(valid, outcomes, strict=True)
        )
        return [item if isinstance(item, Invalid) else next(results) for item in checked]

    def preview_purchase(self, call: Call, command: PreviewPurchase) -> PurchaseAnswer:
        """What record_purchase would answer now; for a receipt that is recorded, what it answered."""
        check_sale(command.sale)
        operation = RecordPurchaseOperation(command, None)
        found = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._committer.preview(operation)
        )
        return answer_of(found, self._first_answer)

    def get_purchase(self, command: GetPurchase) -> PurchaseAnswer:
        """A purchase as it stands, with what has come back of it."""
        purchase_id = command.purchase_id
        if purchase_id is None:
            if command.receipt is None:
                raise Invalid("purchase_id", "is missing, and so is receipt")
            purchase_id = purchase_id_of(command.program_id, command.receipt)
        with self._storage.transaction() as tx:
            history = tx.purchases.find([purchase_id]).get(purchase_id)
            if history is None or history.present.program_id != command.program_id:
                raise PurchaseNotFound("no such purchase is recorded")
            returns = tx.purchases.returns_of([purchase_id]).get(purchase_id, NOTHING_RETURNED)
            taken_back = tx.purchases.taken_within([history.present], since=True).get(purchase_id, ())
        return PurchaseAnswer(history.present, returns, None, taken_back)

    def claim_purchase(self, call: Call, command: ClaimPurchase) -> Outcome[PurchaseAnswer]:
        """Gives an anonymous purchase to a member, who earns for the goods kept; once."""
        return self._member_lookup.run(
            call,
            command.program_id,
            command.member_id,
            lambda: self._committer.submit(call, ClaimPurchaseOperation(command)),
        )

    def _first_answer(self, ref: PurchaseRef) -> PurchaseAnswer:
        return self._first_answers([ref.purchase_id])[ref.purchase_id]

    def _first_answers(self, purchase_ids: Sequence[UUID]) -> dict[UUID, PurchaseAnswer]:
        if not purchase_ids:
            return {}
        with self._storage.transaction() as tx:
            return first_purchase_answers(tx, purchase_ids)


def first_purchase_answers(tx: Transaction, purchase_ids: Sequence[UUID]) -> dict[UUID, PurchaseAnswer]:
    """What was answered when these were recorded, by id."""
    found, matched = tx.purchases.find(purchase_ids), tx.purchases.matched_returns(purchase_ids)
    taken = tx.purchases.taken_within(history.recorded.record for history in found.values())
    return {
        purchase_id: _answer(history.recorded, matched.get(purchase_id, NOTHING_RETURNED), taken.get(purchase_id, ()))
        for purchase_id, history in found.items()
    }


# ---- Operations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PurchaseRef:
    """The stored answer of RecordPurchase: the purchase itself keeps the rest, for longer than answers are kept."""

    purchase_id: UUID
    recorded_before: bool


# What is stored, with or without the purchase that was just recorded.
PurchaseFound: TypeAlias = PurchaseRef | ReferencedAnswer[PurchaseRef, PurchaseAnswer]


@dataclass(frozen=True)
class PurchasePlan(Plan):
    """What a sale may give its member, and what becomes of the goods that it takes back."""

    earning: EarningPlan | None = None
    goods_back: GoodsBackPlan | None = None


@dataclass(frozen=True)
class PurchaseGiven:
    """A sale with what it has earned, and what had come back of it before it was recorded."""

    purchase: Purchase
    returns: PurchaseReturns


class RecordPurchaseOperation:
    """Records a sale and credits what it earns; goods that have come back already take back what they earned.

    Without a `command` nothing is stored under its key. Refusals name fields by their path, which begins with `path`
    where the sale is a part of something; goods that it takes back are of no purchase that is brought back `besides`.
    """

    answer_type = PurchaseRef

    def __init__(
        self,
        asked: RecordPurchase | PreviewPurchase,
        command: Command | None,
        path: str = "",
        besides: UUID | None = None,
    ) -> None:
        self.command = command
        self._path = path
        self._asked = asked
        self._purchase_id = purchase_id_of(asked.program_id, asked.sale.receipt)
        taking_back = taking_back_of(asked.program_id, asked.sale)
        self._taking_back = (
            None if taking_back is None else TakingBack(asked.program_id, asked.sale, self._purchase_id, besides)
        )
        self.reads = Reads(
            asked.program_id,
            asked.member_id,
            purchase_id=self._purchase_id,
            taking_back=taking_back,
            lines=len(asked.sale.lines),
        )
        self._digests = _digests(asked)

    def plan(self, context: BatchContext) -> PurchasePlan:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        if context.purchases.recorded(self._purchase_id) is not None:
            return PurchasePlan(())
        program_id, member_id, sale = self._asked.program_id, self._asked.member_id, self._asked.sale
        if sale.occurred_at > context.now + CLOCK_AHEAD_MAX:
            raise Invalid("sale.occurred_at", "lies more than a day in the future")
        earning = None if member_id is None else plan_earnings(context, program_id, member_id, sale)
        taking = self._taking_back is not None or bool(context.returns.pending(self._purchase_id))
        touches = [] if earning is None else earning.touches(taking=taking)
        if self._taking_back is None:
            return PurchasePlan(touches, earning)
        goods_back = self._taking_back.plan(context, member_id)
        return PurchasePlan([*touches, *goods_back.touches], earning, goods_back)

    def judge(self, context: BatchContext, plan: PurchasePlan) -> PurchaseFound:
        """Records and credits, unless the receipt is recorded."""
        if self.is_recorded(context):
            return self.first_answer(context)
        with contextlib.nullcontext() if plan.goods_back is None else context.as_one(plan.keys):
            self.free(context, plan)
            given = self.give(context, plan)
            taken = self.take(context, plan, given)
        return self.record(context, plan, given, taken)

    # -- The steps, for whatever a sale is a part of -----------------------------------------------------------------

    def is_recorded(self, context: BatchContext) -> bool:
        """Whether the receipt is recorded, with this content."""
        recorded = context.purchases.recorded(self._purchase_id)
        if recorded is not None:
            sale = recorded.record.sale
            expect_same_receipt(recorded.digests, self._digests, lambda: _sale_digests(sale), self._path)
        return recorded is not None

    def first_answer(self, context: BatchContext) -> ReferencedAnswer[PurchaseRef, PurchaseAnswer]:
        """What was answered when the receipt was recorded."""
        purchase_id, recorded = self._purchase_id, context.purchases.recorded(self._purchase_id)
        assert recorded is not None  # noqa: S101 - asked only of a receipt that is recorded
        taken_back = context.purchases.taken_within(purchase_id)
        answer = _answer(recorded, context.returns.matched(purchase_id), taken_back)
        return ReferencedAnswer(PurchaseRef(purchase_id, recorded_before=True), answer)

    def free(self, context: BatchContext, plan: PurchasePlan) -> None:
        """Gives back what goods that the sale takes back had used of limits."""
        if plan.goods_back is not None:
            plan.goods_back.free(context)

    def give(self, context: BatchContext, plan: PurchasePlan) -> PurchaseGiven:
        """Credits what the sale earns, and takes back what came back of it before."""
        purchase = self._purchase(context, plan)
        # Before anything is left in the context: it may have to be put off.
        matches, returns = self._matched(context, purchase)
        context.announce(announces.purchase_recorded(purchase))
        if plan.earning is not None:
            plan.earning.credit(context, Cause(purchase_id=self._purchase_id), purchase.earnings)
        settle_matches(context, purchase, matches)
        return PurchaseGiven(purchase, returns)

    def take(self, context: BatchContext, plan: PurchasePlan, given: PurchaseGiven) -> GoodsBackTaken | None:
        """Takes what goods that the sale takes back had earned."""
        return None if plan.goods_back is None else plan.goods_back.take(context, given.purchase)

    def record(
        self, context: BatchContext, plan: PurchasePlan, given: PurchaseGiven, taken: GoodsBackTaken | None
    ) -> ReferencedAnswer[PurchaseRef, PurchaseAnswer]:
        """Records the sale with the account as it is now."""
        purchase = given.purchase
        account = None if plan.earning is None else plan.earning.view(context, purchase.earnings)
        context.purchases.record(purchase, account, self._digests)
        taken_back: tuple[Return, ...] = ()
        if plan.goods_back is not None and taken is not None:
            taken_back = plan.goods_back.record(context, taken)
        answer = PurchaseAnswer(purchase, given.returns, account, taken_back)
        return ReferencedAnswer(PurchaseRef(self._purchase_id, recorded_before=False), answer)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _purchase(self, context: BatchContext, plan: PurchasePlan) -> Purchase:
        asked, earnings = self._asked, () if plan.earning is None else plan.earning.earnings(context)
        return Purchase(self._purchase_id, asked.program_id, asked.member_id, asked.sale, earnings, context.now)

    def _matched(self, context: BatchContext, purchase: Purchase) -> tuple[list[Match], PurchaseReturns]:
        """What becomes of the returns that have waited for this purchase."""
        pending = context.returns.pending(self._purchase_id)
        if not pending:
            return [], NOTHING_RETURNED
        return match(purchase, context.members.rules(purchase.program_id, purchase.member_id), pending)


def _checked(item: RecordPurchase | Invalid) -> RecordPurchase | Invalid:
    try:
        if isinstance(item, RecordPurchase):
            check_sale(item.sale)
    except Invalid as problem:
        return problem
    return item


def _replayed(results: Iterable[Result]) -> list[UUID]:
    """The purchases that were answered by an earlier call."""
    outcomes = (result for result in results if isinstance(result, Outcome) and result.refusal is None)
    found = (outcome.unwrap() for outcome in outcomes)
    return [each.purchase_id for each in found if isinstance(each, PurchaseRef)]


def _result(
    command: RecordPurchase,
    result: Result,
    first_answers: Mapping[UUID, PurchaseAnswer],
    unknown: Mapping[UUID, Refusal],
) -> Outcome[PurchaseAnswer] | Exception:
    if isinstance(result, MemberNotYetKnown) and command.member_id is not None:
        return unknown.get(command.member_id, result)
    if isinstance(result, Exception):
        if not isinstance(result, Refusal):
            _log.error("purchase_failed", exc_info=result)
        return result
    return result.map(
        lambda found: answer_of(found, lambda ref: first_answers[ref.purchase_id]),
        replayed_if=lambda found: ref_of(found).recorded_before,
    )


@dataclass(frozen=True)
class ClaimPlan(Plan):
    """The purchase that is claimed, what it may give for the goods kept, and what is taken for loose goods."""

    purchase: Purchase
    earning: EarningPlan
    loose: LooseGoodsPlan


class ClaimPurchaseOperation:
    """Gives an anonymous purchase to a member."""

    answer_type = PurchaseAnswer

    def __init__(self, command: ClaimPurchase) -> None:
        self.command = command
        self._purchase_id = purchase_id_of(command.program_id, command.receipt)
        self.reads = Reads(command.program_id, command.member_id, changing_purchase_id=self._purchase_id)

    def plan(self, context: BatchContext) -> ClaimPlan:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        program_id, member_id = self.command.program_id, self.command.member_id
        # Before the receipt is looked for: who may not earn is told nothing of it.
        expect_may_earn(context.members.known(program_id, member_id))
        found = context.purchases.present(program_id, self._purchase_id)
        if found is None:
            raise PurchaseNotFound("no purchase with this receipt is recorded")
        expect_claimable(found)
        kept = context.returns.of(self._purchase_id).returned
        earning = plan_earnings(context, program_id, member_id, found.sale, kept)
        # Whose purchases the goods could be of was not known when they were taken back.
        loose = plan_loose_goods(context, program_id, member_id, found.sale, self._purchase_id, {})
        touches = [*earning.touches(taking=bool(loose.touches)), *loose.touches]
        return ClaimPlan(touches, found, earning, loose)

    def judge(self, context: BatchContext, plan: ClaimPlan) -> PurchaseAnswer:
        """Credits what the goods kept earn."""
        earnings = plan.earning.earnings(context)
        member_id = self.command.member_id
        purchase = replace(plan.purchase, member_id=member_id, earnings=earnings, claimed_at=context.now)
        with context.as_one(plan.keys) if purchase.sale.takes_back else contextlib.nullcontext():
            plan.earning.credit(context, Cause(purchase_id=self._purchase_id), earnings)
            shortfall = plan.loose.take(context, purchase)
        account = plan.earning.view(context, earnings)
        context.purchases.record_claim(purchase)
        context.announce(announces.purchase_claimed(purchase))
        taken_back = plan.loose.record(context, shortfall)
        return PurchaseAnswer(purchase, context.returns.of(self._purchase_id), account, taken_back)


def _answer(recorded: Recorded[Purchase], matched: PurchaseReturns, taken_back: tuple[Return, ...]) -> PurchaseAnswer:
    return PurchaseAnswer(recorded.record, matched, recorded.account, taken_back)


def _digests(asked: RecordPurchase | PreviewPurchase) -> dict[str, str]:
    return _sale_digests(asked.sale) | {"member_id": str(asked.member_id or "")}


def _sale_digests(sale: Sale) -> dict[str, str]:
    return field_digests(sale, without=("receipt",))
