"""What a program owes its members in points, on any day, and what that comes to in money.

    opening + (earned − returned) − (spent − restored) − expired + (given − taken) − (sent − received) = closing

What members gave one another is `sent` when it leaves the one and `received` when it comes to the other, or back home:
the difference is on its way.

The movements are taken from the entries' contra accounts, by the clock at which they were recorded
(`domain/ledger/statement.py` says why), so that a day's closing is the next day's opening and neither changes later.

`closing` is what is written in the books. Time works on before anybody writes: points lapse at midnight and a job notes
it a minute later. What had lapsed at the instant and was not yet written is told apart, as `lapsed_unwritten`; it is
still in `closing`, and in the movements of the period in which its expiry is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.ledger.statement import Period

# Whole days since a point could first be spent, at which the next bucket begins: 0–30, 31–90, 91–180, 181–365, older.
AGE_BOUNDS_DAYS = (31, 91, 181, 366)
OUTLOOK_MONTHS = 24
BASIS_POINTS = 10_000

# How storage names, in place of a number, lots that cannot be spent yet, and lots whose time is over.
PENDING = LAPSED = -1


@dataclass(frozen=True)
class FlowSum:
    """What a program's entries of one kind came to: in the period by direction, after it, and while observed."""

    kind: EntryKind
    given: int = 0
    taken: int = 0
    after: int = 0
    observed: int = 0


@dataclass(frozen=True)
class LotSum:
    """Units of lots of one age and one time of expiry.

    `age` counts buckets from 0, or is PENDING. `month` counts calendar months in UTC from that of the instant, stops at
    OUTLOOK_MONTHS, is LAPSED where the time is over, and nothing where the units never expire.
    """

    age: int
    month: int | None
    units: int


@dataclass(frozen=True)
class Flow:
    """How what is outstanding changed; every figure but the first and the last is what the period moved, unsigned."""

    opening: int
    earned: int
    returned: int
    spent: int
    restored: int
    expired: int
    given: int
    taken: int
    sent: int = 0
    received: int = 0

    @property
    def issued(self) -> int:
        """Points that purchases brought, net of returned goods."""
        return self.earned - self.returned

    @property
    def closing(self) -> int:
        """Outstanding when the period ends, as written."""
        adjusted = self.given - self.taken
        left = (self.spent - self.restored) + self.expired + (self.sent - self.received)
        return self.opening + self.issued - left + adjusted


@dataclass(frozen=True)
class Outstanding:
    """What is outstanding by age: pending, the buckets, less what accounts are below zero, make the closing figure."""

    pending: int
    by_age: tuple[int, ...]
    below_zero: int
    lapsed_unwritten: int


@dataclass(frozen=True)
class Outlook:
    """When what lies in lots expires if nobody spends it: lapsed already, in each month from that of the instant on."""

    lapsed: int
    by_month: tuple[tuple[str, int], ...]
    later: int
    never: int


@dataclass(frozen=True)
class Breakage:
    """What left the accounts while observed, and how much of it unused.

    IFRS 15.B45 calls rights that customers do not exercise breakage. Of the points that are gone, those were exercised
    that were spent (net of what was given back) and those were not that expired:

        breakage rate = expired ÷ (expired + spent),  redemption rate = 1 − breakage rate

    Points still outstanding count for neither. There are no rates where nothing left.
    """

    observed: Period
    expired: int
    spent: int

    @property
    def breakage_bp(self) -> int | None:
        """The breakage rate in basis points, rounded half up."""
        gone = self.expired + max(0, self.spent)
        return None if gone == 0 else half_up(self.expired * BASIS_POINTS, gone)

    @property
    def redemption_bp(self) -> int | None:
        """The redemption rate in basis points; both rates together are exactly one."""
        broken = self.breakage_bp
        return None if broken is None else BASIS_POINTS - broken


@dataclass(frozen=True)
class Valuation:
    """What a point is worth on its own: `value_minor` for `per_points`; and what was sold in the period.

    `redemption_bp` is the share of issued points expected to be redeemed, or 0 to take the observed one.
    """

    value_minor: int
    per_points: int
    revenue_minor: int
    redemption_bp: int = 0


@dataclass(frozen=True)
class DeferredRevenue:
    """The period's revenue, split between goods and points, and how much of the points' part is left to recognise."""

    redemption_bp: int
    points_issued: int
    points_redeemed: int
    standalone_minor: int
    allocated_minor: int
    recognised_minor: int

    @property
    def deferred_minor(self) -> int:
        """The contract liability at the end of the period."""
        return self.allocated_minor - self.recognised_minor


@dataclass(frozen=True)
class Liability:
    """What a program owed its members in one wallet, at the end of a period. `measured_at` is that end, or now."""

    program_id: UUID
    wallet: str
    period: Period
    measured_at: datetime
    read_at: datetime
    flow: Flow
    outstanding: Outstanding
    outlook: Outlook
    breakage: Breakage
    deferred: DeferredRevenue | None = None


# ---- Points ----------------------------------------------------------------------------------------------------------


def flow_of(held_now: int, sums: Iterable[FlowSum]) -> Flow:
    """How a period changed what accounts hold, reckoned back from what they hold now."""
    by_kind = {each.kind: each for each in sums}
    none = FlowSum(EntryKind.EARN)

    def of(kind: EntryKind) -> FlowSum:
        return by_kind.get(kind, none)

    since = sum(each.after + each.given - each.taken for each in by_kind.values())
    return Flow(
        opening=held_now - since,
        earned=of(EntryKind.EARN).given,
        returned=of(EntryKind.RETURN).taken + of(EntryKind.RECOVERY).taken,
        spent=of(EntryKind.SPEND).taken,
        restored=of(EntryKind.REVERSAL).given,
        expired=of(EntryKind.EXPIRY).taken,
        given=of(EntryKind.ADJUSTMENT).given,
        taken=of(EntryKind.ADJUSTMENT).taken,
        sent=of(EntryKind.TRANSFER_OUT).taken,
        received=of(EntryKind.TRANSFER_IN).given + of(EntryKind.TRANSFER_BACK).given,
    )


def breakage_of(observed: Period, sums: Iterable[FlowSum]) -> Breakage:
    """What expired and what was spent while observed."""
    moved = {each.kind: each.observed for each in sums}
    spent = -moved.get(EntryKind.SPEND, 0) - moved.get(EntryKind.REVERSAL, 0)
    return Breakage(observed, -moved.get(EntryKind.EXPIRY, 0), spent)


def outstanding_of(lots: Iterable[LotSum], closing: int, lapsed_unwritten: int) -> Outstanding:
    """The lots by age; what they hold beyond the balances is what accounts are below zero."""
    lots = tuple(lots)
    by_age = tuple(sum(lot.units for lot in lots if lot.age == age) for age in range(len(AGE_BOUNDS_DAYS) + 1))
    pending = sum(lot.units for lot in lots if lot.age == PENDING)
    return Outstanding(pending, by_age, pending + sum(by_age) - closing, lapsed_unwritten)


def outlook_of(lots: Iterable[LotSum], measured_at: datetime) -> Outlook:
    """The lots by the month in which they lapse."""
    lots = tuple(lots)

    def in_month(month: int | None) -> int:
        return sum(lot.units for lot in lots if lot.month == month)

    first = measured_at.year * 12 + measured_at.month - 1
    months = tuple((_month(first + number), in_month(number)) for number in range(OUTLOOK_MONTHS))
    return Outlook(in_month(LAPSED), months, in_month(OUTLOOK_MONTHS), in_month(None))


# ---- Money -----------------------------------------------------------------------------------------------------------


def deferred_revenue(valuation: Valuation, redemption_bp: int, issued: int, redeemed: int) -> DeferredRevenue:
    """Splits the period's revenue by relative stand-alone selling prices, as IFRS 15 asks for points.

    Points that customers would not have without buying are a material right and so a performance obligation of their
    own (IFRS 15.B39–B41). Its stand-alone selling price is estimated from the value of a point and from how likely it
    is to be redeemed (B42); the price of the sale is allocated in proportion to stand-alone prices (73–80):

        standalone = issued × value_minor ÷ per_points × redemption rate
        allocated  = revenue × standalone ÷ (revenue + standalone)

    where revenue stands for the goods' own stand-alone price as well: they were sold at their price. The points' part
    is recognised as they are redeemed, so that expected breakage is recognised in proportion (B44–B47):

        recognised = allocated × redeemed ÷ (issued × redemption rate), at most all of it

    `issued` are the period's points net of returned goods, `redeemed` those of them that were spent before its end.
    Each figure is reckoned in whole numbers from the inputs, `recognised` from `allocated` before its rounding, and
    rounded once, half up, to a minor unit. IFRS 15's Illustrative Example 52 is a test of this function.
    """
    issued = max(0, issued)
    worth, per = issued * valuation.value_minor * redemption_bp, valuation.per_points * BASIS_POINTS
    whole = valuation.revenue_minor * per + worth
    expected = issued * redemption_bp
    done = min(max(0, redeemed) * BASIS_POINTS, expected)
    return DeferredRevenue(
        redemption_bp=redemption_bp,
        points_issued=issued,
        points_redeemed=max(0, redeemed),
        standalone_minor=half_up(worth, per),
        allocated_minor=half_up(valuation.revenue_minor * worth, whole) if worth else 0,
        recognised_minor=half_up(valuation.revenue_minor * worth * done, whole * expected) if worth else 0,
    )


def half_up(dividend: int, divisor: int) -> int:
    """The quotient of two numbers that are not negative, rounded to the nearest integer, halves up."""
    return (2 * dividend + divisor) // (2 * divisor)


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
