"""Exchanges: goods come back and others are taken instead, in one operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kit.call import Call
from kit.idempotency import Outcome
from services.points.batch import BatchContext, Committer
from services.points.domain.exchanges import ExchangeAnswer, RecordExchange, buyer_of_exchange, check_exchange
from services.points.domain.purchases import RecordPurchase
from services.points.handlers.goods_back import taking_back_of
from services.points.handlers.member_lookup import MemberLookup
from services.points.handlers.purchases import PurchaseRef, RecordPurchaseOperation, first_purchase_answers
from services.points.handlers.receipts import purchase_id_of
from services.points.handlers.returns import RecordReturnOperation, ReturnRef, first_return_answer
from services.points.storage import BookRequest, CounterRequest, Storage


class ExchangeHandlers:
    """What tills do when a customer takes something else instead."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def record_exchange(self, call: Call, command: RecordExchange) -> Outcome[ExchangeAnswer]:
        """Records a return and a sale, or neither; the same receipts again give the first answers."""
        check_exchange(command)
        exchanging = RecordExchangeOperation(command)
        # Who has bought before is known here; only somebody named for an anonymous purchase may be new.
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, exchanging)
        )
        return outcome.map(
            lambda ref: self._first_answer(ref) if outcome.replayed else exchanging.answer,
            replayed_if=lambda ref: ref.returned.recorded_before and ref.bought.recorded_before,
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


class RecordExchangeOperation:
    """Takes goods back and sells others. `answer` is what was made of it the last time it was judged.

    A part whose receipt is recorded already is left as it is, and the other is recorded.
    """

    answer_type = ExchangeRef
    answer: ExchangeAnswer

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

    def books(self, context: BatchContext) -> Sequence[BookRequest | CounterRequest]:
        """What either part touches."""
        command, purchase_id = self.command, self._returning.purchase_id
        purchase = None if purchase_id is None else context.purchase(command.program_id, purchase_id)
        sold = context.recorded(self._sale_id)
        member_id = buyer_of_exchange(command, purchase, None if sold is None else sold.record)
        wish = RecordPurchase(command.program_id, command.request_id, member_id, command.sale)
        self._posting = RecordPurchaseOperation(wish, None, "sale.", besides=purchase_id)
        requests = [*self._returning.books(context), *self._posting.books(context)]
        self._keys = [each.key for each in requests if isinstance(each, BookRequest)]
        return requests

    def judge(self, context: BatchContext) -> ExchangeRef:
        """Records both, or refuses both."""
        returning, posting = self._returning, self._posting
        was_returned, was_sold = returning.is_recorded(context), posting.is_recorded(context)
        with context.as_one(self._keys):
            # What the goods had used of limits is free for those taken instead, and what these give is there to be
            # taken for those that come back.
            if not was_returned:
                returning.free(context)
            if not was_sold:
                posting.free(context)
                posting.give(context)
            if not was_returned:
                returning.take(context)
            if not was_sold:
                posting.take(context)
        ref = ExchangeRef(returning.leave(context), posting.leave(context))
        self.answer = ExchangeAnswer(returning.answer, posting.answer)
        return ref
