"""Purchases: recorded, previewed, read, claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome, field_digests
from services.points import events
from services.points.domain.book import Book
from services.points.domain.errors import PurchaseNotFound
from services.points.domain.ledger import AccountKey, AccountView
from services.points.domain.policy import WALLET_DEFAULT, expect_may_earn
from services.points.domain.purchases import (
    ClaimPurchase,
    GetPurchase,
    PreviewPurchase,
    Purchase,
    PurchaseAnswer,
    PurchaseReturns,
    RecordPurchase,
    expect_claimable,
)
from services.points.domain.rules import Earning, evaluate
from services.points.domain.sales import check_sale
from services.points.handlers.known_members import KnownMembers, standing_of
from services.points.handlers.receipts import expect_same_receipt, purchase_id_of
from services.points.handlers.rulebook import Rulebook
from services.points.storage import BookRequest, Storage, Transaction

# How far a till's clock may run ahead of ours.
CLOCK_AHEAD_MAX = timedelta(days=1)

NOTHING_RETURNED = PurchaseReturns({}, 0)


@dataclass(frozen=True)
class PurchaseRef:
    """The stored answer of RecordPurchase: the purchase itself keeps the rest, for longer than answers are kept."""

    purchase_id: UUID
    recorded_before: bool


class PurchaseHandlers:
    """What tills do with sales."""

    def __init__(self, storage: Storage, known_members: KnownMembers, rulebook: Rulebook) -> None:
        self._storage = storage
        self._known_members = known_members
        self._rulebook = rulebook

    def record_purchase(self, call: Call, command: RecordPurchase) -> Outcome[PurchaseAnswer]:
        """Records a sale and posts what it earns; the same receipt again gives the first answer."""
        check_sale(command.sale)

        def attempt() -> Outcome[PurchaseAnswer]:
            with self._storage.transaction() as tx:
                outcome = tx.once(call, command, PurchaseRef, lambda: self._post(tx, command))
                return outcome.map(
                    lambda ref: self._first_answer(tx, ref.purchase_id), replayed_if=lambda ref: ref.recorded_before
                )

        if command.member_id is None:
            return attempt()
        return self._known_members.run(call, command.program_id, command.member_id, attempt)

    def preview_purchase(self, call: Call, command: PreviewPurchase) -> PurchaseAnswer:
        """What record_purchase would answer now; for a receipt that is recorded, what it answered."""
        check_sale(command.sale)
        purchase_id = purchase_id_of(command.program_id, command.sale.receipt)

        def attempt() -> PurchaseAnswer:
            with self._storage.transaction() as tx:
                if tx.purchases.find_recorded(purchase_id) is not None:
                    return self._first_answer(tx, purchase_id)
                purchase, account, _ = self._judge(tx, command, lock=False)
                return PurchaseAnswer(purchase, NOTHING_RETURNED, account)

        if command.member_id is None:
            return attempt()
        return self._known_members.run(call, command.program_id, command.member_id, attempt)

    def get_purchase(self, command: GetPurchase) -> PurchaseAnswer:
        """A purchase as it stands, with what has come back of it."""
        purchase_id = command.purchase_id
        if purchase_id is None:
            if command.receipt is None:
                raise Invalid("purchase_id", "is missing, and so is receipt")
            purchase_id = purchase_id_of(command.program_id, command.receipt)
        with self._storage.transaction() as tx:
            purchase = tx.purchases.find(command.program_id, purchase_id)
            if purchase is None:
                raise PurchaseNotFound("no such purchase is recorded")
            return PurchaseAnswer(purchase, tx.purchases.returns_of(purchase_id), None)

    def claim_purchase(self, call: Call, command: ClaimPurchase) -> Outcome[PurchaseAnswer]:
        """Gives an anonymous purchase to a member, who earns for the goods kept; once."""

        def attempt() -> Outcome[PurchaseAnswer]:
            with self._storage.transaction() as tx:
                return tx.once(call, command, PurchaseAnswer, lambda: self._claim(tx, command))

        return self._known_members.run(call, command.program_id, command.member_id, attempt)

    # -- Steps -------------------------------------------------------------------------------------------------------

    def _post(self, tx: Transaction, command: RecordPurchase) -> PurchaseRef:
        purchase_id = purchase_id_of(command.program_id, command.sale.receipt)
        digests = _digests(command)
        recorded = tx.purchases.find_recorded(purchase_id)
        if recorded is not None:
            expect_same_receipt(recorded.digests, digests)
            return PurchaseRef(purchase_id, recorded_before=True)
        purchase, account, books = self._judge(tx, command, lock=True)
        tx.purchases.append(tx.writer, purchase, account, digests)
        tx.save(books, [events.purchase_recorded(purchase), *events.entries_made(books)])
        return PurchaseRef(purchase_id, recorded_before=False)

    def _judge(
        self, tx: Transaction, command: RecordPurchase | PreviewPurchase, *, lock: bool
    ) -> tuple[Purchase, AccountView | None, Sequence[Book]]:
        """What the sale comes to: the one way that posting and preview share."""
        sale, member_id = command.sale, command.member_id
        if sale.occurred_at > tx.now + CLOCK_AHEAD_MAX:
            raise Invalid("sale.occurred_at", "lies more than a day in the future")
        purchase = Purchase(
            purchase_id_of(command.program_id, sale.receipt), command.program_id, member_id, sale, (), tx.now
        )
        if member_id is None:
            return purchase, None, ()
        setting = tx.standings.setting(command.program_id, member_id)
        expect_may_earn(standing_of(setting))
        rules = self._rulebook.effective(tx, command.program_id, setting.rules_revision)
        purchase = replace(purchase, earnings=evaluate(rules, sale, {}))
        account, books = _credit(tx, purchase, member_id, lock=lock)
        return purchase, account, books

    def _claim(self, tx: Transaction, command: ClaimPurchase) -> PurchaseAnswer:
        setting = tx.standings.setting(command.program_id, command.member_id)
        expect_may_earn(standing_of(setting))
        purchase_id = purchase_id_of(command.program_id, command.receipt)
        found = tx.purchases.find(command.program_id, purchase_id, lock=True)
        if found is None:
            raise PurchaseNotFound("no purchase with this receipt is recorded")
        expect_claimable(found)
        returns = tx.purchases.returns_of(purchase_id)
        rules = self._rulebook.effective(tx, command.program_id, setting.rules_revision)
        earnings = evaluate(rules, found.sale, returns.returned)
        purchase = replace(found, member_id=command.member_id, earnings=earnings, claimed_at=tx.now)
        account, books = _credit(tx, purchase, command.member_id, lock=True)
        tx.purchases.append_claim(tx.writer, purchase)
        tx.save(books, [events.purchase_claimed(purchase), *events.entries_made(books)])
        return PurchaseAnswer(purchase, returns, account)

    def _first_answer(self, tx: Transaction, purchase_id: UUID) -> PurchaseAnswer:
        recorded = tx.purchases.find_recorded(purchase_id)
        if recorded is None:
            raise PurchaseNotFound("no such purchase is recorded")
        return PurchaseAnswer(recorded.record, NOTHING_RETURNED, recorded.account)


def _credit(tx: Transaction, purchase: Purchase, member_id: UUID, *, lock: bool) -> tuple[AccountView, Sequence[Book]]:
    """Posts the earnings to the member's books and gives the account to show; looks only, unless `lock`."""
    giving = [earning for earning in purchase.earnings if earning.points]
    wallets = sorted({earning.wallet for earning in giving})
    requests = [BookRequest(AccountKey(purchase.program_id, member_id, wallet)) for wallet in wallets]
    if lock and requests:
        books = tx.accounts.lock(requests)
    else:
        books = {request.key: tx.accounts.read(request) for request in requests}
    for earning in giving:
        key = AccountKey(purchase.program_id, member_id, earning.wallet)
        books[key].earn(earning, purchase.purchase_id, purchase.sale.occurred_at, tx.now)
    shown = AccountKey(purchase.program_id, member_id, _wallet_shown(giving))
    book = books.get(shown) or tx.accounts.read(BookRequest(shown))
    return book.view(tx.now), tuple(books.values())


def _wallet_shown(giving: Sequence[Earning]) -> str:
    return giving[0].wallet if giving else WALLET_DEFAULT


def _digests(command: RecordPurchase) -> dict[str, str]:
    return field_digests(command.sale, without=("receipt",)) | field_digests(
        command, without=("program_id", "request_id", "sale")
    )
