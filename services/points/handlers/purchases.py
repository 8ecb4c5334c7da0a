"""Purchases: recorded, previewed, read, claimed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from kit.call import Call
from kit.digests import field_digests
from kit.errors import Invalid, Refusal
from kit.idempotency import Command, Outcome
from services.points import announces
from services.points.batch import BatchContext, Committer, MemberNotYetKnown, Reads, Result, submit_in_shares
from services.points.domain.errors import PurchaseNotFound
from services.points.domain.ledger import AccountKey, Cause
from services.points.domain.matching import Match, match
from services.points.domain.policy import expect_may_earn
from services.points.domain.purchases import (
    NOTHING_RETURNED,
    ClaimPurchase,
    GetPurchase,
    PreviewPurchase,
    Purchase,
    PurchaseAnswer,
    PurchaseReturns,
    RecordPurchase,
    RecordPurchases,
    Return,
    expect_claimable,
)
from services.points.domain.sales import Sale, check_sale
from services.points.handlers.clawbacks import settle_matches
from services.points.handlers.earning_plan import plan_earnings
from services.points.handlers.goods_back import TakingBack, taking_back_of
from services.points.handlers.loose_goods import LooseGoods
from services.points.handlers.member_lookup import MemberLookup
from services.points.handlers.receipts import CLOCK_AHEAD_MAX, expect_same_receipt, purchase_id_of
from services.points.storage import BookRequest, CounterRequest, Recorded, Storage, Transaction

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
        posting = RecordPurchaseOperation(command, command)
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, posting)
        )
        return outcome.map(
            lambda ref: self._first_answer(ref.purchase_id) if outcome.replayed else posting.answer,
            replayed_if=lambda ref: ref.recorded_before,
        )

    def record_purchases(self, call: Call, command: RecordPurchases) -> Sequence[Outcome[PurchaseAnswer] | Exception]:
        """Records sales, each on its own merits and those of one member in their order; one result each, in order.

        Members who are new here are asked for beforehand, once each, so that no later sale of theirs overtakes an
        earlier one. A refusal that says nothing for good, and an accident, is the result itself.
        """
        checked = [_checked(item) for item in command.items]
        wishes = [wish for wish in checked if isinstance(wish, RecordPurchase)]
        member_ids = dict.fromkeys(wish.member_id for wish in wishes if wish.member_id is not None)
        unknown = self._member_lookup.learn(call, command.program_id, member_ids)
        postings = [RecordPurchaseOperation(wish, wish) for wish in wishes]
        outcomes = submit_in_shares(self._committer, call, postings)
        first_answers = self._first_answers(_replayed(outcomes))
        results = (
            _result(wish, posting, outcome, first_answers, unknown)
            for wish, posting, outcome in zip(wishes, postings, outcomes, strict=True)
        )
        return [wish if isinstance(wish, Invalid) else next(results) for wish in checked]

    def preview_purchase(self, call: Call, command: PreviewPurchase) -> PurchaseAnswer:
        """What record_purchase would answer now; for a receipt that is recorded, what it answered."""
        check_sale(command.sale)
        posting = RecordPurchaseOperation(command, None)
        self._member_lookup.run(call, command.program_id, command.member_id, lambda: self._committer.preview(posting))
        return posting.answer

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

    def _first_answer(self, purchase_id: UUID) -> PurchaseAnswer:
        return self._first_answers([purchase_id])[purchase_id]

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


class RecordPurchaseOperation:
    """Records a sale and credits what it earns; goods that have come back already take back what they earned.

    `answer` is what was made of it the last time it was judged. Refusals name fields by their path, which begins with
    `path` where the sale is a part of something.
    """

    answer_type = PurchaseRef
    answer: PurchaseAnswer

    def __init__(
        self,
        wish: RecordPurchase | PreviewPurchase,
        command: Command | None,
        path: str = "",
        besides: UUID | None = None,
    ) -> None:
        self.command = command
        self._path = path
        self._wish = wish
        self._purchase_id = purchase_id_of(wish.program_id, wish.sale.receipt)
        taking_back = taking_back_of(wish.program_id, wish.sale)
        self._back = None if taking_back is None else TakingBack(wish.program_id, wish.sale, self._purchase_id, besides)
        self.reads = Reads(
            wish.program_id,
            wish.member_id,
            purchase_id=self._purchase_id,
            taking_back=taking_back,
            lines=len(wish.sale.lines),
        )
        self._digests = _digests(wish)

    def books(self, context: BatchContext) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        self._keys: list[AccountKey] = []
        if context.recorded(self._purchase_id) is not None:
            return ()
        member_id, sale = self._wish.member_id, self._wish.sale
        if sale.occurred_at > context.now + CLOCK_AHEAD_MAX:
            raise Invalid("sale.occurred_at", "lies more than a day in the future")
        self._earning_plan = (
            None if member_id is None else plan_earnings(context, self._wish.program_id, member_id, sale)
        )
        taking = self._back is not None or bool(context.waiting(self._purchase_id))
        earned_to = () if self._earning_plan is None else self._earning_plan.touches(taking=taking)
        if self._back is None:
            return earned_to
        requests = [*earned_to, *self._back.books(context, member_id)]
        self._keys = [each.key for each in requests if isinstance(each, BookRequest)]
        return requests

    def judge(self, context: BatchContext) -> PurchaseRef:
        """Records and credits, unless the receipt is recorded."""
        if not self.is_recorded(context):
            with contextlib.nullcontext() if self._back is None else context.as_one(self._keys):
                self.free(context)
                self.give(context)
                self.take(context)
        return self.leave(context)

    # -- The steps, for whatever a sale is a part of -----------------------------------------------------------------

    def is_recorded(self, context: BatchContext) -> bool:
        """Whether the receipt is recorded, with this content."""
        recorded = context.recorded(self._purchase_id)
        if recorded is not None:
            sale = recorded.record.sale
            expect_same_receipt(recorded.digests, self._digests, lambda: _sale_digests(sale), self._path)
        return recorded is not None

    def free(self, context: BatchContext) -> None:
        """Gives back what goods that the sale takes back had used of limits."""
        if self._back is not None:
            self._back.free(context)

    def take(self, context: BatchContext) -> None:
        """Takes what goods that the sale takes back had earned."""
        if self._back is not None:
            self._back.take(context, self._given)

    def give(self, context: BatchContext) -> None:
        """Credits what the sale earns, and takes back what came back of it before."""
        purchase = self._purchase(context)
        if self._earning_plan is not None:
            purchase = replace(purchase, earnings=self._earning_plan.earnings(context))
        # Before anything is left in the context: it may have to be put off.
        matches, self._returns = self._matched(context, purchase)
        context.announce(announces.purchase_recorded(purchase))
        if self._earning_plan is not None:
            self._earning_plan.credit(context, Cause(purchase_id=self._purchase_id), purchase.earnings)
        settle_matches(context, purchase, matches)
        self._given = purchase

    def leave(self, context: BatchContext) -> PurchaseRef:
        """Records the sale with the account as it is now, or gives the first answer of the receipt again."""
        recorded = context.recorded(self._purchase_id)
        if recorded is not None:
            self.answer = _answer(
                recorded, context.matched_returns(self._purchase_id), context.taken_within(self._purchase_id)
            )
            return PurchaseRef(self._purchase_id, recorded_before=True)
        purchase = self._given
        account = None if self._earning_plan is None else self._earning_plan.view(context, purchase.earnings)
        context.record_purchase(purchase, account, self._digests)
        taken_back = () if self._back is None else self._back.leave(context)
        self.answer = PurchaseAnswer(purchase, self._returns, account, taken_back)
        return PurchaseRef(self._purchase_id, recorded_before=False)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _matched(self, context: BatchContext, purchase: Purchase) -> tuple[list[Match], PurchaseReturns]:
        """What becomes of the returns that have waited for this purchase."""
        waiting = context.waiting(self._purchase_id)
        if not waiting:
            return [], NOTHING_RETURNED
        return match(purchase, context.rules(purchase.program_id, purchase.member_id), waiting)

    def _purchase(self, context: BatchContext) -> Purchase:
        wish = self._wish
        return Purchase(self._purchase_id, wish.program_id, wish.member_id, wish.sale, (), context.now)


def _checked(item: RecordPurchase | Invalid) -> RecordPurchase | Invalid:
    try:
        if isinstance(item, RecordPurchase):
            check_sale(item.sale)
    except Invalid as problem:
        return problem
    return item


def _replayed(results: Iterable[Result]) -> list[UUID]:
    """The purchases that were answered by an earlier call."""
    return [
        result.unwrap().purchase_id
        for result in results
        if isinstance(result, Outcome) and result.refusal is None and result.replayed
    ]


def _result(
    wish: RecordPurchase,
    posting: RecordPurchaseOperation,
    result: Result,
    first_answers: Mapping[UUID, PurchaseAnswer],
    unknown: Mapping[UUID, Refusal],
) -> Outcome[PurchaseAnswer] | Exception:
    if isinstance(result, MemberNotYetKnown) and wish.member_id is not None:
        return unknown.get(wish.member_id, result)
    if isinstance(result, Exception):
        if not isinstance(result, Refusal):
            _log.error("purchase_failed", exc_info=result)
        return result
    return result.map(
        lambda ref: first_answers[ref.purchase_id] if result.replayed else posting.answer,
        replayed_if=lambda ref: ref.recorded_before,
    )


class ClaimPurchaseOperation:
    """Gives an anonymous purchase to a member."""

    answer_type = PurchaseAnswer

    def __init__(self, command: ClaimPurchase) -> None:
        self.command = command
        self._purchase_id = purchase_id_of(command.program_id, command.receipt)
        self.reads = Reads(command.program_id, command.member_id, changing_purchase_id=self._purchase_id)

    def books(self, context: BatchContext) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        command = self.command
        # Before the receipt is looked for: who may not earn is told nothing of it.
        expect_may_earn(context.member(command.program_id, command.member_id))
        found = context.purchase(command.program_id, self._purchase_id)
        if found is None:
            raise PurchaseNotFound("no purchase with this receipt is recorded")
        expect_claimable(found)
        kept = context.returns_of(self._purchase_id).returned
        self._found, self._earning_plan = (
            found,
            plan_earnings(context, command.program_id, command.member_id, found.sale, kept),
        )
        # Whose purchases the goods could be of was not known when they were taken back.
        self._loose = LooseGoods(command.program_id, found.sale, self._purchase_id)
        taken_from = self._loose.books(context, command.member_id, {})
        requests = [*self._earning_plan.touches(taking=bool(taken_from)), *taken_from]
        self._keys = [each.key for each in requests if isinstance(each, BookRequest)]
        return requests

    def judge(self, context: BatchContext) -> PurchaseAnswer:
        """Credits what the goods kept earn."""
        earnings = self._earning_plan.earnings(context)
        purchase = replace(self._found, member_id=self.command.member_id, earnings=earnings, claimed_at=context.now)
        with context.as_one(self._keys) if purchase.sale.takes_back else contextlib.nullcontext():
            self._earning_plan.credit(context, Cause(purchase_id=self._purchase_id), earnings)
            self._loose.take(context, purchase)
        account = self._earning_plan.view(context, earnings)
        context.record_claim(purchase)
        context.announce(announces.purchase_claimed(purchase))
        taken_back = self._loose.leave(context)
        return PurchaseAnswer(purchase, context.returns_of(self._purchase_id), account, taken_back)


def _answer(recorded: Recorded[Purchase], matched: PurchaseReturns, taken_back: tuple[Return, ...]) -> PurchaseAnswer:
    return PurchaseAnswer(recorded.record, matched, recorded.account, taken_back)


def _digests(wish: RecordPurchase | PreviewPurchase) -> dict[str, str]:
    return _sale_digests(wish.sale) | {"member_id": str(wish.member_id or "")}


def _sale_digests(sale: Sale) -> dict[str, str]:
    return field_digests(sale, without=("receipt",))
