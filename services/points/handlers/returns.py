"""Returns: goods come back, and the points they earned with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome, field_digests
from services.points import events
from services.points.commit import Committer, Desk, Looks
from services.points.domain.errors import InsufficientBalanceForReturn
from services.points.domain.ledger import AccountKey
from services.points.domain.policy import WALLET_DEFAULT, Shortfall
from services.points.domain.purchases import (
    Due,
    Purchase,
    RecordReturn,
    Return,
    ReturnAnswer,
    dues,
    expect_returnable,
)
from services.points.handlers.purchases import CLOCK_AHEAD_MAX
from services.points.handlers.receipts import expect_same_receipt, purchase_id_of, return_id_of
from services.points.handlers.taking_back import buyer_of, due_earnings, take_back
from services.points.storage import BookRequest, CounterRequest, Recorded, Storage


class ReturnHandlers:
    """What tills do with goods that come back."""

    def __init__(self, storage: Storage, committer: Committer) -> None:
        self._storage = storage
        self._committer = committer

    def record_return(self, call: Call, command: RecordReturn) -> Outcome[ReturnAnswer]:
        """Records a return and takes back what its goods earned; the same receipt again gives the first answer."""
        returning = Returning(command)
        outcome = self._committer.submit(call, returning)
        return outcome.map(
            lambda ref: self._first_answer(ref.return_id) if outcome.replayed else returning.answer,
            replayed_if=lambda ref: ref.recorded_before,
        )

    def _first_answer(self, return_id: UUID) -> ReturnAnswer:
        with self._storage.transaction() as tx:
            return _answer(tx.purchases.find_returns([return_id])[return_id])


# ---- Operation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReturnRef:
    """The stored answer of RecordReturn: the return itself keeps the rest."""

    return_id: UUID
    recorded_before: bool


class Returning:
    """Takes goods back. `answer` is what was made of it the last time it was judged.

    The purchase is locked, so that returns of it are judged one after another.
    """

    answer_type = ReturnRef
    answer: ReturnAnswer

    def __init__(self, command: RecordReturn) -> None:
        self.command = command
        original = command.original_receipt
        self._purchase_id = None if original is None else purchase_id_of(command.program_id, original)
        self._return_id = return_id_of(command.program_id, command.receipt)
        self.looks = Looks(command.program_id, changing_purchase_id=self._purchase_id, return_id=self._return_id)
        self._digests = field_digests(command, without=("program_id", "request_id", "receipt"))

    def books(self, desk: Desk) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that the goods had earned to, or the one to show, and the counters of limits."""
        self._due: tuple[Due, ...] = ()
        self._purchase = None
        if desk.recorded_return(self._return_id) is not None:
            return ()
        if self.command.occurred_at > desk.now + CLOCK_AHEAD_MAX:
            raise Invalid("occurred_at", "lies more than a day in the future")
        self._purchase = self._original(desk)
        if self._purchase is None:
            return ()
        before = desk.returns_of(self._purchase.purchase_id)
        after = expect_returnable(self._purchase.sale, before.returned, self.command.lines)
        if self._purchase.member_id is None:
            return ()
        self._due = dues(self._purchase, desk.rules(self._purchase.program_id), before, after)
        wallets = {due.wallet for due in self._due} | {self._wallet_shown()}
        buyer, bought = buyer_of(self._purchase, self._purchase.member_id), frozenset({self._purchase.purchase_id})
        books = (
            BookRequest(AccountKey(buyer.program_id, buyer.member_id, wallet), purchase_ids=bought)
            for wallet in sorted(wallets)
        )
        counters = (
            CounterRequest(key)
            for earning in due_earnings(self._purchase, self._due)
            for key in buyer.counters(earning.rule_id, earning.explanation.limits)
        )
        return [*books, *counters]

    def judge(self, desk: Desk) -> ReturnRef:
        """Records the return and takes back what is due, unless the receipt is recorded."""
        recorded = desk.recorded_return(self._return_id)
        if recorded is not None:
            expect_same_receipt(recorded.digests, self._digests)
            self.answer = _answer(recorded)
            return ReturnRef(self._return_id, recorded_before=True)
        purchase, shortfall, account = self._purchase, 0, None
        if purchase is not None and purchase.member_id is not None:
            shortfall = self._take_back(desk, purchase, purchase.member_id)
            account = desk.view(AccountKey(purchase.program_id, purchase.member_id, self._wallet_shown()))
        back = self._return(desk, purchase, shortfall)
        awaited = self._purchase_id if purchase is None else None
        desk.record_return(back, awaited, self.command.cashier_id, self.command.currency, account, self._digests)
        desk.announce(events.return_recorded(back))
        self.answer = ReturnAnswer(back, account)
        return ReturnRef(self._return_id, recorded_before=False)

    def _original(self, desk: Desk) -> Purchase | None:
        if self._purchase_id is None:
            return None
        purchase = desk.purchase(self.command.program_id, self._purchase_id)
        if purchase is not None and purchase.sale.currency != self.command.currency:
            raise Invalid("currency", f"the purchase was paid in {purchase.sale.currency}")
        return purchase

    def _take_back(self, desk: Desk, purchase: Purchase, member_id: UUID) -> int:
        policy = desk.policy(self.command.program_id).shortfall
        if policy is Shortfall.REFUSE:
            self._expect_enough(desk, purchase, member_id)
        return take_back(desk, purchase, member_id, self._return_id, self._due, policy)

    def _expect_enough(self, desk: Desk, purchase: Purchase, member_id: UUID) -> None:
        for wallet in sorted({due.wallet for due in self._due}):
            asked = [(due.rule_id, due.points) for due in self._due if due.wallet == wallet]
            book = desk.book(AccountKey(purchase.program_id, member_id, wallet))
            missing = book.shortfall_of(asked, purchase.purchase_id, desk.now)
            if missing:
                raise InsufficientBalanceForReturn(
                    f"{missing} of the points these goods earned are spent", missing=missing, wallet=wallet
                )

    def _return(self, desk: Desk, purchase: Purchase | None, shortfall: int) -> Return:
        command = self.command
        return Return(
            return_id=self._return_id,
            program_id=command.program_id,
            receipt=command.receipt,
            original_receipt=command.original_receipt,
            purchase_id=None if purchase is None else purchase.purchase_id,
            member_id=None if purchase is None else purchase.member_id,
            lines=command.lines,
            points_returned=sum(due.points for due in self._due),
            shortfall=shortfall,
            occurred_at=command.occurred_at,
            recorded_at=desk.now,
            taken={due.rule_id: due.points for due in self._due},
        )

    def _wallet_shown(self) -> str:
        return self._due[0].wallet if self._due else WALLET_DEFAULT


def _answer(recorded: Recorded[Return]) -> ReturnAnswer:
    return ReturnAnswer(recorded.record, recorded.account)
