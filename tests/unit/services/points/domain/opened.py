"""A book opened by a test, which remembers what it began with, and what holds of it after anything."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.points.domain.earning.earnings import Earning
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.expiry import Expiry
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.ledger.accounts import Account, AccountKey, Hold, HoldPart, HoldState, Lot
from services.points.domain.ledger.book import Book
from services.points.domain.ledger.open_account import Changes
from tests.factories import points as make

KEY = AccountKey(make.PROGRAM, uuid.UUID("22222222-2222-4222-8222-222222222222"), "points")
NOW = make.NOON
DAY = timedelta(days=1)


def counted() -> Callable[[], uuid.UUID]:
    """Gives one id after another, later ones larger."""
    numbers = itertools.count(1_000_000)
    return lambda: uuid.UUID(int=next(numbers))


def a_lot(units: int, *, expires_in: int = 0, pends: int = 0, **changes: Any) -> Lot:
    """A credit of yesterday, spendable after `pends` days from now, expiring `expires_in` days from now if ever."""
    available_at = NOW + pends * DAY if pends else NOW - DAY
    expires_at = NOW + expires_in * DAY if expires_in else None
    return replace(Lot(uuid.UUID(int=make.a_number()), units, units, available_at, expires_at), **changes)


def a_hold(*parts: tuple[Lot, int], ends_in: int = 30, **changes: Any) -> Hold:
    """An open hold of (lot, units), placed yesterday, that ends `ends_in` days from now."""
    held = tuple(HoldPart(lot.lot_id, units) for lot, units in parts)
    amount = sum(units for _, units in parts)
    hold = Hold(uuid.uuid4(), KEY, amount, held, "", NOW - DAY, NOW + ends_in * DAY)
    return replace(hold, **changes)


def an_earning(
    points: int,
    *,
    occurred_at: datetime = NOW,
    pending_days: int = 0,
    expiry_days: int = 0,
    expiry: Expiry | None = None,
) -> Earning:
    """What a rule made of a sale; `points` may be 0."""
    rule = make.a_rule(pending_days=pending_days, expiry_days=expiry_days, expiry=expiry)
    (earning,) = evaluate(rule_set(rule), make.a_sale(make.a_line(points * 100), occurred_at=occurred_at), {})
    return earning


class Opened:
    """A book over these lots and holds. What open holds set aside is held of the lots; versions begin at 1."""

    def __init__(
        self,
        *lots: Lot,
        holds: Iterable[Hold] = (),
        deficit: int = 0,
        owed: int = 0,
        active_at: datetime | None = None,
    ) -> None:
        self.holds = {hold.hold_id: hold for hold in holds}
        held = held_by(self.holds.values())
        self.lots = {lot.lot_id: replace(lot, held=held[lot.lot_id]) for lot in lots}
        posted = sum(lot.remaining for lot in lots) - deficit
        due_at = min((lot.ends_at(active_at) or NOW for lot in lots if lot.awaits_activity), default=None)
        self.account = Account(KEY, posted, deficit, owed, version=1, active_at=active_at, inactivity_due_at=due_at)
        self.book = Book(self.account, self.lots.values(), self.holds.values(), counted())

    @property
    def changes(self) -> Changes:
        return self.book.changes()

    def lot(self, lot: Lot) -> Lot:
        """The lot as it stands."""
        return self.lots_now()[lot.lot_id]

    def lots_now(self) -> dict[uuid.UUID, Lot]:
        return self.lots | {lot.lot_id: lot for lot in self.changes.lots}

    def holds_now(self) -> dict[uuid.UUID, Hold]:
        return self.holds | {hold.hold_id: hold for hold in self.changes.holds}

    def entries(self) -> list[tuple[str, int]]:
        """What was added, by kind and amount."""
        return [(entry.kind.value, entry.amount) for entry in self.changes.entries]

    def available(self, now: datetime = NOW) -> int:
        return self.book.view(now).available

    def expect_whole(self) -> None:
        """What `domain/ledger/book.py` says holds before and after each operation, and what the tables say."""
        account, lots, holds = self.changes.account, self.lots_now(), self.holds_now()
        assert account.posted == self.account.posted + sum(entry.amount for entry in self.changes.entries)
        assert account.posted == sum(lot.remaining for lot in lots.values()) - account.deficit
        assert account.deficit == 0 or not any(lot.free for lot in lots.values())
        assert account.deficit >= 0
        assert account.owed >= 0
        self._expect_entries_in_a_row()
        ends = [lot.ends_at(account.active_at) for lot in lots.values() if lot.awaits_activity]
        assert all(account.inactivity_due_at and end and account.inactivity_due_at <= end for end in ends)
        held = held_by(holds.values())
        for lot in lots.values():
            assert lot.held == held[lot.lot_id]
            assert 0 <= lot.held <= lot.remaining <= lot.units
            assert 0 <= lot.forgiven <= lot.lapsed <= lot.units
            assert lot.lapsed == 0 or lot.expires_at is not None
            assert lot.remaining == self._remained(lot) + self._moved()[lot.lot_id]
        for hold in holds.values():
            assert hold.amount == sum(part.units for part in hold.parts)
            assert hold.captured == sum(part.captured for part in hold.parts)

    def _expect_entries_in_a_row(self) -> None:
        version, balance = self.account.version, self.account.posted
        for entry in self.changes.entries:
            version, balance = version + 1, balance + entry.amount
            assert (entry.version, entry.balance_after) == (version, balance)
            assert entry.amount != 0
        assert (self.changes.account.version, self.changes.account.posted) == (version, balance)

    def _remained(self, lot: Lot) -> int:
        return self.lots[lot.lot_id].remaining if lot.lot_id in self.lots else 0

    def _moved(self) -> Counter[uuid.UUID]:
        moved: Counter[uuid.UUID] = Counter()
        for movement in self.changes.movements:
            assert movement.units != 0
            moved[movement.lot_id] += movement.units
        return moved


def held_by(holds: Iterable[Hold]) -> Counter[uuid.UUID]:
    """Units of each lot that open holds set aside."""
    held: Counter[uuid.UUID] = Counter()
    for hold in holds:
        if hold.state is HoldState.OPEN:
            for part in hold.parts:
                held[part.lot_id] += part.units
    return held
