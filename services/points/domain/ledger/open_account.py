"""An account that is open: what was loaded of it, what operations have added, and how they write to it.

`domain/ledger/book.py` says what operations do; here is what all of them do it with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.points.domain.earning.earnings import Earning
from services.points.domain.errors import HoldNotFound, HoldNotOpen
from services.points.domain.ledger.accounts import (
    NONE_CLOSED,
    Account,
    AccountKey,
    Cause,
    ClosedLots,
    Entry,
    EntryKind,
    Hold,
    HoldState,
    Lot,
    LotMovement,
    spending_order,
)
from services.points.domain.ledger.inactivity import COUNTED_DEFAULT
from services.points.domain.ledger.portions import portions

NewId = Callable[[], UUID]


@dataclass(frozen=True)
class Changes:
    """What operations added to a book: rows to append, and rows as they now stand."""

    account: Account
    entries: tuple[Entry, ...]
    movements: tuple[LotMovement, ...]
    lots: tuple[Lot, ...]
    holds: tuple[Hold, ...]


class OpenAccount:
    """One account with its lots and holds, and what the present operations change of them.

    Lots may be left out, as `closed`, of an account that is only credited or looked at: those that nothing can happen
    to then. They are not due to lapse, no open hold has units in them, and nothing is owed or below zero. Whatever
    takes points wants every lot.
    """

    def __init__(
        self,
        account: Account,
        lots: Iterable[Lot],
        holds: Iterable[Hold],
        new_id: NewId,
        closed: ClosedLots = NONE_CLOSED,
    ) -> None:
        self.account = account
        self._closed = closed
        self._opened = account
        self._lots = {lot.lot_id: lot for lot in lots}
        self._holds = {hold.hold_id: hold for hold in holds}
        self._new_id = new_id
        self._entries: list[Entry] = []
        self._movements: list[LotMovement] = []
        self._touched_lots: dict[UUID, None] = {}
        self._touched_holds: dict[UUID, None] = {}
        # The movements that count as activity.
        self.counted_kinds = COUNTED_DEFAULT

    @property
    def key(self) -> AccountKey:
        """Whose account it is."""
        return self.account.key

    @property
    def account_changed(self) -> bool:
        """Whether the account's head is another than when the book was opened; what is owed changes without entries."""
        return self.account != self._opened

    @property
    def new_entries(self) -> Sequence[Entry]:
        """The entries made since the book was opened."""
        return self._entries

    def changes(self) -> Changes:
        """What has changed since the book was opened."""
        return Changes(
            self.account,
            tuple(self._entries),
            tuple(self._movements),
            tuple(self._lots[lot_id] for lot_id in self._touched_lots),
            tuple(self._holds[hold_id] for hold_id in self._touched_holds),
        )

    # -- What is there -------------------------------------------------------------------------------------------------

    def _overdue_holds(self, now: datetime) -> list[Hold]:
        """In the order they ended: what each frees makes up for a deficit before the next one's units do."""
        overdue = (hold for hold in self._holds.values() if hold.state is HoldState.OPEN and hold.expires_at <= now)
        return sorted(overdue, key=lambda hold: hold.expires_at)

    def _lapsing_lots(self, now: datetime) -> list[Lot]:
        lapsing = [lot for lot in self._lots.values() if lot.free > 0 and lot.has_lapsed(now, self.account.active_at)]
        return sorted(lapsing, key=self._order)

    def _every_lot(self) -> Collection[Lot]:
        if self._closed != NONE_CLOSED:
            raise RuntimeError("the book was opened to be credited or looked at, not to have points taken")
        return self._lots.values()

    def _spendable(self, now: datetime) -> list[Lot]:
        active_at = self.account.active_at
        return sorted((lot for lot in self._every_lot() if lot.is_spendable(now, active_at)), key=self._order)

    def _paying_order(self, own: Iterable[Lot], now: datetime) -> list[Lot]:
        """The lots a return is paid from: its own first, then as spending goes, then what is pending."""
        first = {lot.lot_id for lot in own}
        return sorted(
            self._every_lot(),
            key=lambda lot: (lot.lot_id not in first, lot.available_at > now, self._order(lot)),
        )

    def _order(self, lot: Lot) -> tuple[bool, float, datetime, UUID]:
        return spending_order(lot, self.account.active_at)

    def _free_in_all_lots(self) -> int:
        return sum(lot.free for lot in self._every_lot())

    # -- How it is written to ------------------------------------------------------------------------------------------

    def _append(
        self,
        kind: EntryKind,
        amount: int,
        cause: Cause,
        occurred_at: datetime,
        now: datetime,
        earning: Earning | None = None,
        inactivity_days: int | None = None,
    ) -> Entry:
        counted = kind in self.counted_kinds
        if counted:
            self._note_activity(occurred_at, now)
        version, balance = self.account.version + 1, self.account.posted + amount
        entry = Entry(
            self.key, version, kind, amount, balance, cause, earning, occurred_at, now, counted, inactivity_days
        )
        self._entries.append(entry)
        self.account = replace(self.account, posted=balance, version=version)
        return entry

    def _note_activity(self, occurred_at: datetime, now: datetime) -> None:
        self._fix_ends(now)
        before = self.account.active_at
        self.account = replace(self.account, active_at=occurred_at if before is None else max(before, occurred_at))

    def _fix_ends(self, now: datetime) -> None:
        """Writes down when lots have ended for inactivity, so that no activity afterwards revives them.

        Where every lot is known, so is when to look again.
        """
        due_at, active_at = self.account.inactivity_due_at, self.account.active_at
        if due_at is None or due_at > now:
            return
        for lot in [lot for lot in self._lots.values() if lot.awaits_activity and lot.has_lapsed(now, active_at)]:
            self._put_lot(replace(lot, expires_at=lot.ends_at(active_at)))
        if self._closed == NONE_CLOSED:
            ends = [end for lot in self._lots.values() if lot.awaits_activity and (end := lot.ends_at(active_at))]
            self.account = replace(self.account, inactivity_due_at=min(ends, default=None))

    def _take(self, entry: Entry, lots: Iterable[Lot], amount: int) -> None:
        for lot, units in portions(lots, amount):
            self._move(entry, lot.lot_id, -units)

    def _move(self, entry: Entry, lot_id: UUID, units: int) -> None:
        self._shift(entry.version, lot_id, units)

    def _shift(self, entry_version: int, lot_id: UUID, units: int) -> None:
        self._movements.append(LotMovement(self._new_id(), entry_version, lot_id, units))
        lot = self._lots[lot_id]
        self._put_lot(replace(lot, remaining=lot.remaining + units))

    def _put_lot(self, lot: Lot) -> None:
        self._lots[lot.lot_id] = lot
        self._touched_lots[lot.lot_id] = None
        ends_at, due_at = lot.ends_at(self.account.active_at), self.account.inactivity_due_at
        if lot.awaits_activity and ends_at is not None and (due_at is None or ends_at < due_at):
            self.account = replace(self.account, inactivity_due_at=ends_at)

    def _put_hold(self, hold: Hold) -> None:
        self._holds[hold.hold_id] = hold
        self._touched_holds[hold.hold_id] = None

    def _free_parts(self, hold: Hold) -> None:
        for part in hold.parts:
            lot = self._lots[part.lot_id]
            self._put_lot(replace(lot, held=lot.held - part.units))

    def _hold(self, hold_id: UUID) -> Hold:
        hold = self._holds.get(hold_id)
        if hold is None:
            raise HoldNotFound("the member has no such hold", hold_id=str(hold_id))
        return hold

    def _open_hold(self, hold_id: UUID) -> Hold:
        hold = self._hold(hold_id)
        if hold.state is not HoldState.OPEN:
            raise HoldNotOpen(f"the hold is {hold.state.value}", state=hold.state.value)
        return hold
