"""What rules and their limits make of purchases, recomputed from the history of purchases at every question.

It shares no code with the service. Its rules stand in `RULES`:

everyday   a point a pound, counts towards tiers, pends a day, lapses ten days later; a member gets 14 a day and all
           together 40 a week, the rest is cut
big        five points from twelve pounds on, instead of
steady     two points for whatever is kept, that lapse after six days in which nothing was earned or spent
half more  half as many again when what was kept cost eight pounds or more
visit      four points for coming by, that lapse like those; a member gets nine a week, the rest is cut
treat      a point for three pounds, in a wallet of its own, for good; five purchases of a store in a year, or nothing
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from services.points.domain.earning.expiry import Expiry, ExpiryKind
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit
from services.points.domain.earning.terms import Effect, Factor
from services.points.domain.sales.sale import Sale
from tests.factories import points as make

MAIN, TREATS = "points", "treats"
IDLE_DAYS = 6
UNTIL_IDLE = Expiry(ExpiryKind.INACTIVITY, days=IDLE_DAYS)

DAILY = Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 14)
WEEKLY = Limit(LimitScope.PROGRAM, LimitSpan.WEEK, LimitUnit.POINTS, 40)
VISITS = Limit(LimitScope.MEMBER, LimitSpan.WEEK, LimitUnit.POINTS, 9)
YEARLY = Limit(LimitScope.STORE, LimitSpan.YEAR, LimitUnit.PURCHASES, 5)

RULES: Mapping[str, Mapping[str, object]] = {
    "everyday": {"pending_days": 1, "expiry_days": 10, "limits": (DAILY, WEEKLY), "qualifying": True},
    "big": {
        "effect": Effect.FIXED,
        "points": 5,
        "per_amount_minor": 0,
        "condition": "purchase.total_minor >= 1200",
        "stacking_group": "size",
        "priority": 1,
        "exclusive": True,
        "expiry_days": 13,
    },
    "steady": {
        "effect": Effect.FIXED,
        "points": 2,
        "per_amount_minor": 0,
        "stacking_group": "size",
        "expiry": UNTIL_IDLE,
    },
    "visit": make.activity_terms(points=4, limits=(VISITS,), expiry=UNTIL_IDLE),
    "half more": {
        "effect": Effect.MULTIPLIER,
        "factor": Factor(3, 2),
        "points": 0,
        "per_amount_minor": 0,
        "condition": "purchase.total_minor >= 800",
        "expiry_days": 12,
    },
    "treat": {
        "per_amount_minor": 300,
        "wallet": TREATS,
        "limits": (YEARLY,),
        "limit_policy": LimitPolicy.REFUSE,
    },
}
LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "everyday": (DAILY, WEEKLY),
    "visit": (VISITS,),
    "treat": (YEARLY,),
}
WALLETS: Mapping[str, str] = {name: str(terms.get("wallet", MAIN)) for name, terms in RULES.items()}

# The limit, whose it is, and the first day of its window.
Counted = tuple[Limit, uuid.UUID | str, date]


@dataclass(eq=False)
class Visit:
    """A member who came by, and what that gave."""

    at: datetime
    known_to: uuid.UUID
    left: dict[str, int] = field(default_factory=dict)
    store_id = ""


@dataclass(eq=False)
class Bought:
    """A purchase; `room` is what each rule's limits had left when it was given, `left` what is left of each earning.

    `loose` pounds were taken back on its receipt for goods of no known purchase, which cost `clawed` by rule.
    """

    sale: Sale
    member_id: uuid.UUID | None
    kept: int
    room: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    loose: int = 0
    order: Sequence[str] = ()
    clawed: dict[str, int] = field(default_factory=dict)

    @property
    def pieces(self) -> int:
        return self.sale.lines[0].quantity_milli // 1000

    @property
    def at(self) -> datetime:
        return self.sale.occurred_at

    @property
    def store_id(self) -> str:
        return self.sale.receipt.store_id

    @property
    def known_to(self) -> uuid.UUID:
        assert self.member_id is not None
        return self.member_id

    def earns(self, kept: int) -> dict[str, int]:
        """What each rule gives for so many pieces.

        With loose goods, a wallet gets no more than the receipt gives less these, and what these would give.
        """
        # A discount on the order comes back with the pieces that it was for.
        paid = sum(line.amount_minor for line in self.sale.lines if line.quantity_milli > 0)
        pounds = Fraction(paid * kept, 100 * self.pieces)
        sold = by_rule(pounds, self.room)
        if not self.loose:
            return sold
        net, most = by_rule(pounds - self.loose, self.room), Counter[str]()
        for name, points in [*net.items(), *worth(self.loose).items()]:
            most[WALLETS[name]] += points
        given = {}
        for name in (name for name in self.order if name in sold):
            given[name] = min(sold[name], most[WALLETS[name]])
            most[WALLETS[name]] -= given[name]
        return given

    def times(self, name: str) -> tuple[datetime, datetime | None]:
        """When points of the rule become available and when they lapse."""
        at = self.sale.occurred_at
        available_at = at + timedelta(days=1) if name == "everyday" else at
        days = {"everyday": 10, "half more": 12, "big": 13}.get(name)
        return available_at, available_at + timedelta(days=days) if days else None

    def idle_days(self, name: str) -> int:
        """After how many days in which nothing was earned or spent points of the rule lapse; 0 where it is others."""
        return IDLE_DAYS if name == "steady" else 0


def by_rule(pounds: Fraction | int, room: Mapping[str, int]) -> dict[str, int]:
    """What each rule gives for goods of so many pounds."""
    everyday = min(max(0, int(pounds)), room["everyday"])
    big = 5 if pounds >= 12 else 0
    steady = 2 if pounds > 0 and not big else 0
    treat = max(0, int(pounds / 3))
    return {
        "everyday": everyday,
        "big": big,
        "steady": steady,
        "half more": (everyday + big + steady) // 2 if pounds >= 8 else 0,
        "treat": treat if treat <= room["treat"] else 0,
    }


def worth(pounds: int) -> dict[str, int]:
    """The same in a sale of their own, when nothing of limits is used."""
    return by_rule(pounds, {"everyday": min(DAILY.at_most, WEEKLY.at_most), "treat": 1_000_000})


class History:
    """All purchases so far. `order` is the order in which the service goes through its rules."""

    def __init__(self, order: Sequence[str]) -> None:
        self.order = order
        self.purchases: list[Bought] = []
        self.visits: list[Visit] = []

    def give(self, bought: Bought, member_id: uuid.UUID) -> None:
        """Finds out what the pieces kept earn for the member, within what limits have left now."""
        bought.member_id = member_id
        bought.room = {name: self._room(name, bought) for name in ("everyday", "treat")}
        bought.left = bought.earns(bought.kept)

    def visit(self, at: datetime, member_id: uuid.UUID) -> Visit:
        """A visit with what it gives, within what limits have left now."""
        visit = Visit(at, member_id)
        visit.left["visit"] = min(4, self._room("visit", visit))
        self.visits.append(visit)
        return visit

    def give_instead(self, bought: Bought, of: Bought, pieces: int) -> None:
        """The same for whoever brings back pieces of another purchase, of which the limits are free then."""
        if of.member_id is None or pieces > of.kept:
            return
        before, kept = dict(of.left), of.kept
        self.bring_back(of, pieces)
        self.give(bought, of.member_id)
        of.left, of.kept = before, kept

    def bring_back(self, bought: Bought, pieces: int) -> list[tuple[str, int]]:
        """The points that each rule's earning gives back: per wallet no more than there are too many."""
        bought.kept -= pieces
        return [] if bought.member_id is None else self._shrink(bought)

    def dues(self, bought: Bought, pieces: int) -> list[tuple[str, int]]:
        """What `bring_back` would give."""
        before, kept = dict(bought.left), bought.kept
        found = self.bring_back(bought, pieces)
        bought.left, bought.kept = before, kept
        return found

    def usage(self) -> Counter[Counted]:
        """What purchases and visits have of each counter."""
        usage: Counter[Counted] = Counter()
        gains: list[Bought | Visit] = [*self.purchases, *self.visits]
        for gain in gains:
            for name, units in gain.left.items():
                for each in LIMITS.get(name, ()):
                    usage[counter(each, gain)] += min(units, 1) if each.unit is LimitUnit.PURCHASES else units
        return +usage

    def qualifying(self, member_id: uuid.UUID, start: datetime | None, end: datetime | None) -> int:
        """What the member's purchases of a window have left that counts towards tiers."""
        return sum(
            bought.left["everyday"] - bought.clawed.get("everyday", 0)
            for bought in self.purchases
            if bought.member_id == member_id
            and (start is None or start <= bought.sale.occurred_at)
            and (end is None or bought.sale.occurred_at < end)
        )

    def _shrink(self, bought: Bought) -> list[tuple[str, int]]:
        now, found = bought.earns(bought.kept), []
        for wallet in (MAIN, TREATS):
            names = [name for name in self.order if name in now and WALLETS[name] == wallet]
            excess = sum(bought.left[name] - now[name] for name in names)
            for name in names:
                points = min(excess, bought.left[name] - now[name])
                if points > 0:
                    bought.left[name] -= points
                    excess -= points
                    found.append((name, points))
        return found

    def _room(self, name: str, gain: Bought | Visit) -> int:
        usage = self.usage()
        lefts = ((each, each.at_most - usage[counter(each, gain)]) for each in LIMITS[name])
        return min(left if each.unit is LimitUnit.POINTS else left and 1_000_000 for each, left in lefts)


def counter(each: Limit, gain: Bought | Visit) -> Counted:
    """Whose counter of which window it belongs to, by the calendar."""
    day = date(gain.at.year, gain.at.month, gain.at.day)
    monday = date.fromisocalendar(*day.isocalendar()[:2], 1)
    if each is DAILY:
        return each, gain.known_to, day
    if each is VISITS:
        return each, gain.known_to, monday
    if each is WEEKLY:
        return each, make.PROGRAM, monday
    return each, gain.store_id, date(day.year, 1, 1)
