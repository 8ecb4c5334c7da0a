"""Returns: goods come back, and the points they earned with them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from kit.call import Call
from kit.digests import digests_in_order, field_digests
from kit.errors import Invalid
from kit.idempotency import Outcome
from services.points import announces
from services.points.batch import BatchContext, Committer, Reads
from services.points.domain.counters import LimitContext
from services.points.domain.ledger import AccountKey
from services.points.domain.matching import expect_room_to_wait
from services.points.domain.policy import WALLET_DEFAULT
from services.points.domain.purchases import (
    Clawback,
    Purchase,
    RecordReturn,
    Return,
    ReturnAnswer,
    clawbacks_of,
    expect_returnable,
)
from services.points.domain.refunds import Refunded
from services.points.domain.returned_goods import ReturnedGoods, returned_goods
from services.points.handlers.clawbacks import (
    claw_back_points,
    clawed_back_earnings,
    expect_enough,
    free_limits,
    limit_context_by,
)
from services.points.handlers.receipts import (
    CLOCK_AHEAD_MAX,
    expect_same_receipt,
    purchase_id_of,
    return_id_of,
)
from services.points.handlers.refunding import Refunding
from services.points.storage import BookRequest, CounterRequest, Recorded, Storage, Transaction


class ReturnHandlers:
    """What tills do with goods that come back."""

    def __init__(self, storage: Storage, committer: Committer) -> None:
        self._storage = storage
        self._committer = committer

    def record_return(self, call: Call, command: RecordReturn) -> Outcome[ReturnAnswer]:
        """Records a return and takes back what its goods earned; the same receipt again gives the first answer."""
        returning = RecordReturnOperation(command)
        outcome = self._committer.submit(call, returning)
        return outcome.map(
            lambda ref: self._first_answer(ref.return_id) if outcome.replayed else returning.answer,
            replayed_if=lambda ref: ref.recorded_before,
        )

    def _first_answer(self, return_id: UUID) -> ReturnAnswer:
        with self._storage.transaction() as tx:
            return first_return_answer(tx, return_id)


def first_return_answer(tx: Transaction, return_id: UUID) -> ReturnAnswer:
    """What was answered when the return was recorded."""
    return _answer(tx.purchases.find_returns([return_id])[return_id])


# ---- Operation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReturnRef:
    """The stored answer of RecordReturn: the return itself keeps the rest."""

    return_id: UUID
    recorded_before: bool


# What names a return and is no part of what it says.
_NAMED = ("program_id", "request_id", "receipt", "voucher_codes")


class RecordReturnOperation:
    """Takes goods back. `answer` is what was made of it the last time it was judged.

    The purchase is locked, so that returns of it are judged one after another. Refusals name fields by their path,
    which begins with `path` where the return is a part of something. One that is made `within` a sale, on its receipt,
    has an id of its own and that of the sale.
    """

    answer_type = ReturnRef
    answer: ReturnAnswer

    def __init__(self, command: RecordReturn, path: str = "", within: tuple[UUID, UUID] | None = None) -> None:
        self.command = command
        self._path = path
        original = command.original_receipt
        self._purchase_id = None if original is None else purchase_id_of(command.program_id, original)
        self._return_id = return_id_of(command.program_id, command.receipt) if within is None else within[0]
        self._within_purchase_id = None if within is None else within[1]
        self._refunding = Refunding(command, path)
        self.reads = Reads(
            command.program_id,
            changing_purchase_id=self._purchase_id,
            return_id=self._return_id,
            lines=len(command.lines),
            refunded_hold_ids=frozenset(refund.hold_id for refund in command.refunds),
        )
        self._digests = field_digests(command, without=_NAMED)

    def books(self, context: BatchContext) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that the goods earned to or were paid from, or the one to show, and the counters of limits."""
        self._clawbacks: tuple[Clawback, ...] = ()
        self._purchase: Purchase | None = None
        self._shortfall, self._refunded = 0, tuple[Refunded, ...]()
        if context.recorded_return(self._return_id) is not None:
            return ()
        if self.command.occurred_at > context.now + CLOCK_AHEAD_MAX:
            raise Invalid(f"{self._path}occurred_at", "lies more than a day in the future")
        self._purchase = self._original(context)
        buyer_id = None if self._purchase is None else self._purchase.member_id
        refunds = self._refunding.books(context, buyer_id)
        if self._purchase is None:
            if self._purchase_id is not None:
                expect_room_to_wait(context.waiting(self._purchase_id))
            return refunds
        before = context.returns_of(self._purchase.purchase_id)
        after = expect_returnable(self._purchase.sale, before.returned, self.command.lines)
        if buyer_id is None:
            return refunds
        self._clawbacks = clawbacks_of(self._purchase, context.rules(self._purchase.program_id), before, after)
        return [*refunds, *self._touched(limit_context_by(self._purchase, buyer_id), self._purchase)]

    def judge(self, context: BatchContext) -> ReturnRef:
        """Records the return and takes back what is due, unless the receipt is recorded."""
        if self.is_recorded(context):
            return self.leave(context)
        # Points that come back are there to be taken; without any, nothing has happened when the taking is refused.
        with context.as_one(self.keys) if self.command.refunds else contextlib.nullcontext():
            self.take(context)
            self.free(context)
        return self.leave(context)

    # -- The steps, for whatever a return is a part of ---------------------------------------------------------------

    @property
    def purchase_id(self) -> UUID | None:
        """The id that the purchase has, if the return says which it was."""
        return self._purchase_id

    @property
    def keys(self) -> list[AccountKey]:
        """The accounts that it changes."""
        return [*self._refunding.keys, *(self._key(each.wallet) for each in self._clawbacks)]

    def is_recorded(self, context: BatchContext) -> bool:
        """Whether the receipt is recorded, with this content."""
        recorded = context.recorded_return(self._return_id)
        if recorded is not None:
            expect_same_receipt(recorded.digests, self._digests, lambda: self._rebuilt(recorded), self._path)
        return recorded is not None

    def free(self, context: BatchContext) -> None:
        """Gives back what the goods had used of limits."""
        if self._purchase is not None:
            free_limits(context, self._purchase, self._return_id, self._clawbacks)

    def take(self, context: BatchContext) -> None:
        """Gives back what was spent on the goods, and then takes what they had earned."""
        self._refunded = self._refunding.carry_out(context)
        if self._purchase is not None and self._clawbacks:
            self._shortfall = self._take_back(context, self._purchase)

    def leave(self, context: BatchContext) -> ReturnRef:
        """Records the return with the account as it is now, or gives the first answer of the receipt again."""
        recorded = context.recorded_return(self._return_id)
        if recorded is not None:
            self.answer = _answer(recorded)
            return ReturnRef(self._return_id, recorded_before=True)
        self._refunded = self._refunding.lapsed(context, self._refunded)
        back = self._return(context)
        account = None if back.member_id is None else context.view(self._key(self._wallet_shown()))
        awaited = self._purchase_id if self._purchase is None else None
        context.record_return(back, awaited, self.command.cashier_id, self.command.currency, account, self._digests)
        context.announce(announces.return_recorded(back, self._goods(context), self.command.currency))
        self.answer = ReturnAnswer(back, account)
        return ReturnRef(self._return_id, recorded_before=False)

    # -- Pieces ------------------------------------------------------------------------------------------------------

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

    @property
    def _member_id(self) -> UUID | None:
        """Whose account it changes: the buyer's, or that of whoever gets points back."""
        buyer_id = None if self._purchase is None else self._purchase.member_id
        return buyer_id or self._refunding.member_id

    def _key(self, wallet: str) -> AccountKey:
        assert self._member_id is not None  # noqa: S101 - asked only where somebody's account is touched
        return AccountKey(self.command.program_id, self._member_id, wallet)

    def _touched(self, limit_context: LimitContext, purchase: Purchase) -> list[BookRequest | CounterRequest]:
        bought = frozenset({purchase.purchase_id})
        wallets = {each.wallet for each in self._clawbacks} | {self._wallet_shown()}
        books = (BookRequest(self._key(wallet), purchase_ids=bought) for wallet in sorted(wallets))
        counters = (
            CounterRequest(key)
            for earning in clawed_back_earnings(purchase, self._clawbacks)
            for key in limit_context.counters(earning.rule_id, earning.explanation.limits)
        )
        return [*books, *counters]

    def _original(self, context: BatchContext) -> Purchase | None:
        if self._purchase_id is None:
            return None
        purchase = context.purchase(self.command.program_id, self._purchase_id)
        if purchase is not None and purchase.sale.currency != self.command.currency:
            raise Invalid(f"{self._path}currency", f"the purchase was paid in {purchase.sale.currency}")
        return purchase

    def _take_back(self, context: BatchContext, purchase: Purchase) -> int:
        policy = context.policy(self.command.program_id).shortfall
        expect_enough(context, purchase, self._clawbacks, policy)
        return claw_back_points(context, purchase, self._return_id, self._clawbacks, policy)

    def _return(self, context: BatchContext) -> Return:
        command = self.command
        return Return(
            return_id=self._return_id,
            program_id=command.program_id,
            receipt=command.receipt,
            original_receipt=command.original_receipt,
            purchase_id=None if self._purchase is None else self._purchase.purchase_id,
            member_id=self._member_id,
            lines=command.lines,
            points_returned=sum(each.points for each in self._clawbacks),
            shortfall=self._shortfall,
            occurred_at=command.occurred_at,
            recorded_at=context.now,
            taken={each.rule_id: each.points for each in self._clawbacks},
            refunds=self._refunded,
            within_purchase_id=self._within_purchase_id,
        )

    def _goods(self, context: BatchContext) -> tuple[ReturnedGoods, ...]:
        """What the lines are; nothing while their purchase is not known."""
        if self._purchase is None:
            return ()
        before = context.returns_of(self._purchase.purchase_id).returned
        return returned_goods(self._purchase.sale, before, self.command.lines)

    def _wallet_shown(self) -> str:
        wallets = [*(each.wallet for each in self._clawbacks), *(key.wallet for key in self._refunding.keys)]
        return wallets[0] if wallets else WALLET_DEFAULT


def _answer(recorded: Recorded[Return]) -> ReturnAnswer:
    return ReturnAnswer(recorded.record, recorded.account)
