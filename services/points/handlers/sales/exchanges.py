"""Exchanges: goods come back and others are taken instead, in one operation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kit.call import Call
from kit.idempotency import Outcome
from services.points.batch import BatchContext, Committer, Plan, ReferencedAnswer, answer_of, ref_of
from services.points.domain.sales.exchanges import ExchangeAnswer, RecordExchange, buyer_of_exchange, check_exchange
from services.points.domain.sales.purchases import RecordPurchase
from services.points.handlers.member_lookup import MemberLookup
from services.points.handlers.sales.goods_back import taking_back_of
from services.points.handlers.sales.purchases import (
    PurchasePlan,
    PurchaseRef,
    RecordPurchaseOperation,
    first_purchase_answers,
)
from services.points.handlers.sales.receipts import purchase_id_of
from services.points.handlers.sales.returns import (
    RecordReturnOperation,
    ReturnPlan,
    ReturnRef,
    ReturnTaken,
    first_return_answer,
)
from services.points.storage import Storage


class ExchangeHandlers:
    """What tills do when a customer takes something else instead."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def record_exchange(self, call: Call, command: RecordExchange) -> Outcome[ExchangeAnswer]:
        """Records a return and a sale, or neither; the same receipts again give the first answers."""
        check_exchange(command)
        operation = RecordExchangeOperation(command)
        # Who has bought before is known here; only somebody named for an anonymous purchase may be new.
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, operation)
        )
        return outcome.map(
            lambda found: answer_of(found, self._first_answer),
            replayed_if=lambda found: ref_of(found).recorded_before,
        )

    def _first_answer(self, ref: ExchangeRef) -> ExchangeAnswer:
        purchase_id = ref.bought.purchase_id
        with self._storage.transaction() as tx:
            return ExchangeAnswer(
                first_return_answer(tx, ref.returned.return_id), first_purchase_answers(tx, [purchase_id])[purchase_id]
            )


# ---- Operation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExchangeRef:
    """The stored answer of RecordExchange: return and purchase themselves keep the rest."""

    returned: ReturnRef
    bought: PurchaseRef

    @property
    def recorded_before(self) -> bool:
        """Whether nothing of it is new."""
        return self.returned.recorded_before and self.bought.recorded_before


@dataclass(frozen=True)
class ExchangePlan(Plan):
    """What either part does. Who buys, and so what is sold to whom, is known only when the purchase is."""

    returned: ReturnPlan
    selling: RecordPurchaseOperation
    bought: PurchasePlan


class RecordExchangeOperation:
    """Takes goods back and sells others.

    A part whose receipt is recorded already is left as it is, and the other is recorded.
    """

    answer_type = ExchangeRef

    def __init__(self, command: RecordExchange) -> None:
        self.command = command
        self._sale_id = purchase_id_of(command.program_id, command.sale.receipt)
        self._returning = RecordReturnOperation(command.return_, "return.")
        self.reads = replace(
            self._returning.reads,
            member_id=command.member_id,
            purchase_id=self._sale_id,
            selling_to_owner=True,
            lines=len(command.sale.lines) + len(command.return_.lines),
            taking_back=taking_back_of(command.program_id, command.sale),
        )

    def plan(self, context: BatchContext) -> ExchangePlan:
        """What either part touches."""
        command, purchase_id = self.command, self._returning.purchase_id
        purchase = None if purchase_id is None else context.purchases.present(command.program_id, purchase_id)
        sold = context.purchases.recorded(self._sale_id)
        member_id = buyer_of_exchange(command, purchase, None if sold is None else sold.record)
        asked = RecordPurchase(command.program_id, command.request_id, member_id, command.sale)
        selling = RecordPurchaseOperation(asked, None, "sale.", besides=purchase_id)
        returned, bought = self._returning.plan(context), selling.plan(context)
        return ExchangePlan([*returned.touches, *bought.touches], returned, selling, bought)

    def judge(
        self, context: BatchContext, plan: ExchangePlan
    ) -> ExchangeRef | ReferencedAnswer[ExchangeRef, ExchangeAnswer]:
        """Records both, or refuses both."""
        returning, selling = self._returning, plan.selling
        was_returned, was_sold = returning.is_recorded(context), selling.is_recorded(context)
        taken, given, taken_back = ReturnTaken(), None, None
        with context.as_one(plan.keys):
            # What the goods had used of limits is free for those taken instead, and what these give is there to be
            # taken for those that come back.
            if not was_returned:
                returning.free(context, plan.returned)
            if not was_sold:
                selling.free(context, plan.bought)
                given = selling.give(context, plan.bought)
            if not was_returned:
                taken = returning.take(context, plan.returned)
            if given is not None:
                taken_back = selling.take(context, plan.bought, given)
        back = returning.first_answer(context) if was_returned else returning.record(context, plan.returned, taken)
        sale = (
            selling.first_answer(context) if given is None else selling.record(context, plan.bought, given, taken_back)
        )
        return ReferencedAnswer(ExchangeRef(back.ref, sale.ref), ExchangeAnswer(back.answer, sale.answer))
