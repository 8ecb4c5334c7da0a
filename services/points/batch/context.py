"""Everything that a batch has loaded, and what its operations have decided so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from kit.errors import Refusal
from kit.outbox import Event
from services.points import announces
from services.points.batch.activities import BatchActivities
from services.points.batch.operation import Reads
from services.points.batch.rulebook import Rulebook
from services.points.batch.transfers import BatchTransfers
from services.points.batch.undo import undo
from services.points.domain.adjustments import Adjustment
from services.points.domain.counters import LimitCounters
from services.points.domain.errors import AdjustmentNotFound, HoldNotFound, MemberUnknownForNow
from services.points.domain.ledger import AccountKey, AccountView
from services.points.domain.matching import Match, WaitingReturn
from services.points.domain.policy import KnownMember, ProgramPolicy
from services.points.domain.purchases import NOTHING_RETURNED, Purchase, PurchaseReturns, Return
from services.points.domain.qualifying import QualifyingMovement
from services.points.domain.refunds import PlacedHold
from services.points.domain.rule_sets import RuleSet
from services.points.domain.transferring import TransferringBook
from services.points.storage import (
    BookRequest,
    CounterRequest,
    PurchaseHistory,
    Recorded,
    Setting,
    Transaction,
    Whose,
)


class MemberNotYetKnown(MemberUnknownForNow):
    """The projection does not hold this member yet; whoever submitted the operation asks `members` and tries again."""


class BatchContext:
    """What operations of one batch see and leave. `lock` is False for those who only look."""

    def __init__(self, tx: Transaction, rulebook: Rulebook, *, lock: bool) -> None:
        self._tx = tx
        self._rulebook = rulebook
        self._lock = lock
        self._settings: dict[Whose, Setting] = {}
        self._purchases: dict[UUID, PurchaseHistory] = {}
        self._awaited: frozenset[UUID] = frozenset()
        self._waiting: dict[UUID, list[WaitingReturn]] = {}
        self._matched: dict[UUID, PurchaseReturns] = {}
        self._returned: dict[UUID, PurchaseReturns] = {}
        self._returns: dict[UUID, Recorded[Return]] = {}
        self._taken_within: dict[UUID, tuple[Return, ...]] = {}
        # Purchases that goods may be of which a sale takes back, the newest first: it goes alone, see `Reads`.
        self._sought: list[UUID] = []
        self._wallets: dict[tuple[UUID, UUID], tuple[UUID, str]] = {}
        self._placed_holds: dict[UUID, PlacedHold] = {}
        self._adjustments: dict[UUID, Adjustment] = {}
        self._transfers = BatchTransfers(tx, lock=lock)
        self._activities = BatchActivities(tx)
        self._books: dict[AccountKey, TransferringBook] = {}
        self._limits = LimitCounters({})
        self._events: list[Event] = []

    # -- For the batch -----------------------------------------------------------------------------------------------

    def load(self, wishes: Iterable[Reads]) -> None:
        """Loads what the operations must see, one query a kind."""
        reads = list(wishes)
        whose = {(each.program_id, each.member_id) for each in reads}
        whose |= {(each.program_id, each.counterpart_id) for each in reads if each.counterpart_id}
        # A return is nobody's by itself, also as a part of what is somebody's.
        whose |= {(each.program_id, None) for each in reads if each.return_id or each.taking_back}
        changing = {each.changing_purchase_id for each in reads if each.changing_purchase_id}
        changing |= self._taken_back_of(reads)
        recording = {each.purchase_id for each in reads if each.purchase_id}
        self._seek(recording, changing)
        # After purchases are locked: whatever rules they were earned by are known from now on.
        self._settings = self._tx.known_members.settings(whose)
        owners = {owner for each in reads if each.selling_to_owner and (owner := self._owner(each))}
        if owners - self._settings.keys():
            self._settings |= self._tx.known_members.settings(owners - self._settings.keys())
        if changing:
            self._returned = self._tx.purchases.returns_of(changing)
        returns = {each.return_id for each in reads if each.return_id}
        if returns:
            self._returns = self._tx.purchases.find_returns(returns)
        holds = {(each.member_id, each.hold_id) for each in reads if each.member_id and each.hold_id}
        if holds:
            self._wallets = self._tx.accounts.wallets_of_holds(holds)
        refunded = {(each.program_id, hold_id) for each in reads for hold_id in each.refunded_hold_ids}
        if refunded:
            self._placed_holds = self._tx.accounts.placed_holds(refunded)
        adjustments = {(each.member_id, each.adjustment_id) for each in reads if each.member_id and each.adjustment_id}
        if adjustments:
            self._adjustments = self._tx.adjustments.load(adjustments, lock=self._lock)
        self._transfers.load(reads)
        self._activities.load(reads)

    def open_books(self, requests: Iterable[BookRequest | CounterRequest]) -> None:
        """Loads the accounts that the operations touch, and then the counters, locked if anything is to be written."""
        wanted = list(requests)
        books = [each for each in wanted if isinstance(each, BookRequest)]
        self._books = self._tx.accounts.open(books, self._tx.now, lock=self._lock)
        policies = {program_id: setting.policy for (program_id, _), setting in self._settings.items()}
        for key, book in self._books.items():
            book.counted_kinds = policies[key.program_id].counted_kinds
        self._transfers.count(each.key for each in books if each.counting_sent)
        counters = [each for each in wanted if isinstance(each, CounterRequest)]
        if counters:
            self._limits = self._tx.counters.open(counters, lock=self._lock)

    def _seek(self, recording: set[UUID], changing: set[UUID]) -> None:
        """Finds purchases, those that change locked; and the returns that wait for those that are not there yet."""
        self._find(recording | changing, changing)
        if self._awaited and self._lock:
            # Whoever holds a slot may be recording the purchase, or another return of it: only now is that to be seen.
            self._tx.pending_returns.lock(self._awaited)
            self._find(recording | changing, changing)
        if self._awaited:
            self._waiting = self._tx.pending_returns.waiting(self._awaited)
        recorded = recording & self._purchases.keys()
        if recorded:
            self._matched = self._tx.purchases.matched_returns(recorded)
            self._taken_within = self._tx.purchases.taken_within(
                self._purchases[purchase_id].recorded.record for purchase_id in recorded
            )

    def _taken_back_of(self, reads: Iterable[Reads]) -> set[UUID]:
        """The purchases that goods may be of which sales take back."""
        changing: set[UUID] = set()
        for each in reads:
            if each.taking_back is None:
                continue
            changing |= each.taking_back.purchase_ids
            if each.member_id is not None and each.taking_back.skus:
                self._sought = self._tx.purchases.bought_by(
                    each.program_id, each.member_id, each.taking_back.skus, each.taking_back.bought_until
                )
                changing |= set(self._sought)
        return changing

    def _owner(self, reads: Reads) -> Whose | None:
        """The member of the purchase that changes."""
        changing = reads.changing_purchase_id
        found = None if changing is None else self.purchase(reads.program_id, changing)
        return None if found is None or found.member_id is None else (reads.program_id, found.member_id)

    def _find(self, purchases: set[UUID], changing: set[UUID]) -> None:
        if changing and self._lock:
            self._tx.purchases.lock(changing)
        if purchases:
            found = self._tx.purchases.seek(purchases)
            self._purchases, self._awaited = found.histories, found.awaited

    def save(self, answers: Iterable[dict[str, object]]) -> None:
        """Writes everything that was decided."""
        books = self._books.values()
        self._tx.save(books, self._limits, [*self._events, *announces.entries_made(books, self._events)], answers)

    # -- For operations: what is there -------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The instant at which the batch judges."""
        return self._tx.now

    def policy(self, program_id: UUID, member_id: UUID | None = None) -> ProgramPolicy:
        """How the program treats its accounts; asked of whom the operation is about."""
        return self._settings[program_id, member_id].policy

    def member(self, program_id: UUID, member_id: UUID) -> KnownMember:
        """What the member may do, or MemberNotYetKnown."""
        member = self._settings[program_id, member_id].member
        if member is None:
            raise MemberNotYetKnown("the member is new here and has to be looked up, try again")
        return member

    def rules(self, program_id: UUID, member_id: UUID | None = None) -> RuleSet:
        """Every rule that is or was in force."""
        return self._rulebook.effective(self._tx, program_id, self._settings[program_id, member_id].rules_revision)

    def recorded(self, purchase_id: UUID) -> Recorded[Purchase] | None:
        """The purchase as it was first answered."""
        history = self._purchases.get(purchase_id)
        return None if history is None else history.recorded

    def purchase(self, program_id: UUID, purchase_id: UUID) -> Purchase | None:
        """The purchase as it stands, unless it is another program's."""
        history = self._purchases.get(purchase_id)
        return history.present if history is not None and history.present.program_id == program_id else None

    def returns_of(self, purchase_id: UUID) -> PurchaseReturns:
        """What has come back of a changing purchase so far."""
        return self._returned.get(purchase_id, NOTHING_RETURNED)

    def sought(self, program_id: UUID) -> list[Purchase]:
        """The purchases that goods may be of which a sale takes back, the newest first."""
        found = (self.purchase(program_id, purchase_id) for purchase_id in self._sought)
        return [purchase for purchase in found if purchase is not None]

    def taken_within(self, purchase_id: UUID) -> tuple[Return, ...]:
        """What a recorded sale took back when it was recorded."""
        return self._taken_within.get(purchase_id, ())

    def matched_returns(self, purchase_id: UUID) -> PurchaseReturns:
        """What had come back of a recorded purchase when it was recorded."""
        return self._matched.get(purchase_id, NOTHING_RETURNED)

    def waiting(self, purchase_id: UUID) -> Sequence[WaitingReturn]:
        """The returns that wait for a purchase, in the order in which they were recorded."""
        return self._waiting.get(purchase_id, ())

    def recorded_return(self, return_id: UUID) -> Recorded[Return] | None:
        """The return as it was first answered."""
        return self._returns.get(return_id)

    def wallet_of_hold(self, program_id: UUID, member_id: UUID, hold_id: UUID) -> str:
        """The wallet that the hold is on, or HOLD_NOT_FOUND."""
        found = self._wallets.get((member_id, hold_id))
        if found is None or found[0] != program_id:
            raise HoldNotFound("the member has no such hold", hold_id=str(hold_id))
        return found[1]

    def has_hold(self, member_id: UUID, hold_id: UUID) -> bool:
        """Whether the member has a hold with this id, in any program."""
        return (member_id, hold_id) in self._wallets

    def placed_hold(self, program_id: UUID, hold_id: UUID) -> PlacedHold | None:
        """A hold that is about to give back, whosever it is, unless it is another program's."""
        found = self._placed_holds.get(hold_id)
        return found if found is not None and found.key.program_id == program_id else None

    def adjustment(self, program_id: UUID, adjustment_id: UUID) -> Adjustment:
        """An adjustment that is about to end, as it stands, or ADJUSTMENT_NOT_FOUND."""
        found = self._adjustments.get(adjustment_id)
        if found is None or found.key.program_id != program_id:
            raise AdjustmentNotFound("nobody asked for such an adjustment", adjustment_id=str(adjustment_id))
        return found

    @contextlib.contextmanager
    def as_one(self, keys: Iterable[AccountKey]) -> Iterator[None]:
        """Takes what is done within to these accounts as one movement of each; a refusal undoes all of it."""
        books = [self._books[key] for key in dict.fromkeys(keys)]
        # Whatever an operation changes: what a context gets to hold besides belongs here, too.
        undoing = [undo(part) for part in (self, self._limits, self._transfers, self._tx.writer, *books)]
        try:
            with contextlib.ExitStack() as combined:
                for book in books:
                    combined.enter_context(book.as_one(self.now))
                yield
        except Refusal:
            for each in undoing:
                each()
            raise

    @property
    def transfers(self) -> BatchTransfers:
        """Transfers, and what was sent today."""
        return self._transfers

    @property
    def activities(self) -> BatchActivities:
        """Activities that are recorded already."""
        return self._activities

    def book(self, key: AccountKey) -> TransferringBook:
        """The account, as the operations before this one have left it."""
        return self._books[key]

    @property
    def limits(self) -> LimitCounters:
        """The counters of limits, as the operations before this one have left them."""
        return self._limits

    def view(self, key: AccountKey) -> AccountView:
        """The account to show."""
        return self._books[key].view(self.now)

    # -- For operations: what they leave -----------------------------------------------------------------------------

    def record_purchase(self, purchase: Purchase, account: AccountView | None, digests: dict[str, str]) -> None:
        """Leaves a new purchase."""
        self._tx.purchases.append(self._tx.writer, purchase, account, digests)
        self._take_slot(purchase.purchase_id)
        self._purchases[purchase.purchase_id] = PurchaseHistory(Recorded(purchase, account, digests), purchase)

    def record_claim(self, purchase: Purchase) -> None:
        """Leaves the claim of a purchase, given as it stands after it."""
        self._tx.purchases.append_claim(self._tx.writer, purchase)

    def record_return(
        self,
        back: Return,
        awaited_purchase_id: UUID | None,
        cashier_id: str,
        currency: str,
        account: AccountView | None,
        digests: dict[str, str],
    ) -> None:
        """Leaves a new return; one whose purchase is not known waits for it."""
        self._tx.purchases.append_return(
            self._tx.writer, back, awaited_purchase_id, cashier_id, currency, account, digests
        )
        if awaited_purchase_id is not None:
            self._take_slot(awaited_purchase_id)
        self._returns[back.return_id] = Recorded(back, account, digests)

    def put_adjustment(self, adjustment: Adjustment) -> None:
        """Leaves an adjustment that was asked for, new or as it ended."""
        self._tx.adjustments.put(self._tx.writer, adjustment)

    def record_match(self, purchase: Purchase, match: Match, shortfall: int) -> None:
        """Leaves what became of a return that had waited for the purchase."""
        self._tx.pending_returns.append(self._tx.writer, purchase, match, shortfall, self.now)

    def qualify(self, movements: Iterable[QualifyingMovement]) -> None:
        """Leaves what counts towards tiers, and what no longer does."""
        self._tx.qualifying.append(self._tx.writer, movements, self.now)

    def _take_slot(self, purchase_id: UUID) -> None:
        """A slot that returns hold already is locked by us."""
        if purchase_id not in self._awaited:
            self._tx.pending_returns.take_slot(self._tx.writer, purchase_id)

    def announce(self, *events: Event) -> None:
        """Leaves events; those of entries are added by themselves."""
        self._events.extend(events)
