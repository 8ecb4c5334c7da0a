"""Returns: goods come back, and the points they earned with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome, field_digests
from services.points import events
from services.points.domain.book import Book
from services.points.domain.errors import InsufficientBalanceForReturn
from services.points.domain.ledger import AccountKey, AccountView, Cause
from services.points.domain.policy import WALLET_DEFAULT, Shortfall
from services.points.domain.purchases import Due, Purchase, RecordReturn, Return, ReturnAnswer, dues, expect_returnable
from services.points.handlers.purchases import CLOCK_AHEAD_MAX
from services.points.handlers.receipts import expect_same_receipt, purchase_id_of, return_id_of
from services.points.storage import BookRequest, Storage, Transaction


@dataclass(frozen=True)
class ReturnRef:
    """The stored answer of RecordReturn: the return itself keeps the rest."""

    return_id: UUID
    recorded_before: bool


@dataclass(frozen=True)
class _Settled:
    """What a return came to on the member's accounts."""

    points: int = 0
    shortfall: int = 0
    account: AccountView | None = None
    books: Sequence[Book] = ()


class ReturnHandlers:
    """What tills do with goods that come back."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def record_return(self, call: Call, command: RecordReturn) -> Outcome[ReturnAnswer]:
        """Records a return and takes back what its goods earned; the same receipt again gives the first answer."""
        with self._storage.transaction() as tx:
            outcome = tx.once(call, command, ReturnRef, lambda: self._post(tx, command))
            return outcome.map(lambda ref: _first_answer(tx, ref), replayed_if=lambda ref: ref.recorded_before)

    # -- Steps -------------------------------------------------------------------------------------------------------

    def _post(self, tx: Transaction, command: RecordReturn) -> ReturnRef:
        return_id = return_id_of(command.program_id, command.receipt)
        digests = field_digests(command, without=("program_id", "request_id", "receipt"))
        recorded = tx.purchases.find_recorded_return(return_id)
        if recorded is not None:
            expect_same_receipt(recorded.digests, digests)
            return ReturnRef(return_id, recorded_before=True)
        if command.occurred_at > tx.now + CLOCK_AHEAD_MAX:
            raise Invalid("occurred_at", "lies more than a day in the future")
        purchase = self._original(tx, command)
        settled = _Settled() if purchase is None else self._settle(tx, command, return_id, purchase)
        back = _return(tx, command, return_id, purchase, settled)
        tx.purchases.append_return(tx.writer, back, command.cashier_id, command.currency, settled.account, digests)
        tx.save(settled.books, [events.return_recorded(back), *events.entries_made(settled.books)])
        return ReturnRef(return_id, recorded_before=False)

    def _original(self, tx: Transaction, command: RecordReturn) -> Purchase | None:
        """The purchase, locked, so that returns of it are judged one after another; None when it is not known."""
        if command.original_receipt is None:
            return None
        purchase_id = purchase_id_of(command.program_id, command.original_receipt)
        purchase = tx.purchases.find(command.program_id, purchase_id, lock=True)
        if purchase is not None and purchase.sale.currency != command.currency:
            raise Invalid("currency", f"the purchase was paid in {purchase.sale.currency}")
        return purchase

    def _settle(self, tx: Transaction, command: RecordReturn, return_id: UUID, purchase: Purchase) -> _Settled:
        before = tx.purchases.returns_of(purchase.purchase_id).returned
        after = expect_returnable(purchase.sale, before, command.lines)
        if purchase.member_id is None:
            return _Settled()
        due = dues(purchase, before, after)
        policy = tx.rules.policy(command.program_id).shortfall
        books = _open_books(tx, purchase, purchase.member_id, due)
        if policy is Shortfall.REFUSE:
            _expect_enough(tx, books, purchase, due)
        shortfall = 0
        for each in due:
            book = books[AccountKey(purchase.program_id, purchase.member_id, each.wallet)]
            cause = Cause(return_id=return_id)
            taken = book.take_back(each.points, purchase.purchase_id, each.rule_id, cause, policy, tx.now)
            shortfall += taken.shortfall
        shown = AccountKey(purchase.program_id, purchase.member_id, due[0].wallet if due else WALLET_DEFAULT)
        book = books.get(shown) or tx.accounts.read(BookRequest(shown))
        points = sum(each.points for each in due)
        return _Settled(points, shortfall, book.view(tx.now), tuple(books.values()))


def _open_books(tx: Transaction, purchase: Purchase, member_id: UUID, due: Sequence[Due]) -> dict[AccountKey, Book]:
    wallets = sorted({each.wallet for each in due})
    requests = [
        BookRequest(AccountKey(purchase.program_id, member_id, wallet), purchase_id=purchase.purchase_id)
        for wallet in wallets
    ]
    return tx.accounts.lock(requests) if requests else {}


def _expect_enough(tx: Transaction, books: dict[AccountKey, Book], purchase: Purchase, due: Sequence[Due]) -> None:
    for key, book in books.items():
        asked = [(each.rule_id, each.points) for each in due if each.wallet == key.wallet]
        missing = book.shortfall_of(asked, purchase.purchase_id, tx.now)
        if missing:
            raise InsufficientBalanceForReturn(
                f"{missing} of the points these goods earned are spent", missing=missing, wallet=key.wallet
            )


def _return(
    tx: Transaction, command: RecordReturn, return_id: UUID, purchase: Purchase | None, settled: _Settled
) -> Return:
    return Return(
        return_id=return_id,
        program_id=command.program_id,
        receipt=command.receipt,
        original_receipt=command.original_receipt,
        purchase_id=None if purchase is None else purchase.purchase_id,
        member_id=None if purchase is None else purchase.member_id,
        lines=command.lines,
        points_returned=settled.points,
        shortfall=settled.shortfall,
        occurred_at=command.occurred_at,
        recorded_at=tx.now,
    )


def _first_answer(tx: Transaction, ref: ReturnRef) -> ReturnAnswer:
    recorded = tx.purchases.find_recorded_return(ref.return_id)
    if recorded is None:
        raise LookupError(f"the stored answer names a return that is not there: {ref.return_id}")
    return ReturnAnswer(recorded.record, recorded.account)
