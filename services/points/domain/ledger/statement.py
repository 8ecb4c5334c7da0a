"""What an account held when a period began, what moved it, and what it held when the period ended.

An entry belongs to the period in which it was *recorded*, not to that in which it occurred. Tills send receipts when
they can, some of them days late, and expiries are dated at the moment the points lapsed. By those dates a statement
would change after it had been given out; `recorded_at` only ever grows, so what is told of the past stays told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.points.domain.ledger.accounts import AccountKey, EntryKind


@dataclass(frozen=True)
class Period:
    """From an instant on, until just before another: periods that touch share no entry."""

    start: datetime
    end: datetime

    def holds(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.start <= instant < self.end


@dataclass(frozen=True)
class KindSum:
    """What the entries of one kind came to: before a period all together, and within it by direction."""

    kind: EntryKind
    before: int
    entries: int
    given: int
    taken: int


@dataclass(frozen=True)
class KindTotal:
    """How many entries of a kind the period has, what they gave and what they took; neither is negative."""

    kind: EntryKind
    entries: int
    given: int
    taken: int


@dataclass(frozen=True)
class Statement:
    """An account over a period; opening + given − taken = closing."""

    key: AccountKey
    period: Period
    opening: int
    totals: tuple[KindTotal, ...]
    read_at: datetime

    @property
    def closing(self) -> int:
        """The balance when the period ended."""
        return self.opening + sum(total.given - total.taken for total in self.totals)


def statement_of(key: AccountKey, period: Period, sums: tuple[KindSum, ...], read_at: datetime) -> Statement:
    """The statement that the sums by kind make; kinds without an entry in the period are left out."""
    by_kind = {each.kind: each for each in sums}
    within = (by_kind[kind] for kind in EntryKind if kind in by_kind and by_kind[kind].entries)
    totals = tuple(KindTotal(each.kind, each.entries, each.given, each.taken) for each in within)
    return Statement(key, period, sum(each.before for each in sums), totals, read_at)
