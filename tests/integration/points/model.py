"""The ledger as a heap of single points: slow, obvious, and sharing no code with the real one.

Each point is a token with its own times. Operations look for the tokens they may take, in the documented order, and
take the first ones. There is no lot, no version, no arithmetic on units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(eq=False)
class Token:
    """One point. `state` is free, held, spent, lapsed, forgiven or gone; `owner` the hold that has or spent it."""

    earned_by: object
    available_at: datetime
    expires_at: datetime | None
    number: int
    # What it ends with, and after how many days in which nothing was earned or spent; 0 where that does not matter.
    lot: object = None
    idle_days: int = 0
    state: str = "free"
    owner: object = None
    # Its place among those that the hold set aside.
    place: int = 0


@dataclass
class Model:
    """One account; `below_zero` says whether returns may overdraw it."""

    below_zero: bool
    # When the account was active last; purchases and captures count.
    active_at: datetime | None = None

    def __post_init__(self) -> None:
        self.tokens: list[Token] = []
        self.holds: dict[UUID, datetime] = {}
        self.deficit = self.owed = 0

    def settle(self, now: datetime) -> None:
        for hold, ends_at in list(self.holds.items()):
            if ends_at <= now:
                self.free(hold)
                self.pay_debts(now)
        self.end_idle_ones(now)
        for token in self.having("free"):
            if token.expires_at is not None and token.expires_at <= now:
                token.state = "lapsed"

    def end_idle_ones(self, now: datetime) -> None:
        """What came together ends together, while any of it is there to end."""
        over = {
            token.lot: end
            for token in self.having("free") + self.having("held")
            if token.idle_days and (end := self.ends_at(token)) is not None and end <= now
        }
        for token in self.tokens:
            if token.idle_days and token.expires_at is None:
                token.expires_at = over.get(token.lot)

    def ends_at(self, token: Token) -> datetime | None:
        if token.expires_at is not None or not token.idle_days:
            return token.expires_at
        return max(token.available_at, self.active_at or token.available_at) + timedelta(days=token.idle_days)

    def act(self, occurred_at: datetime) -> None:
        self.active_at = max(occurred_at, self.active_at or occurred_at)

    def give(
        self,
        points: int,
        earned_by: object,
        available_at: datetime,
        expires_at: datetime | None,
        now: datetime,
        idle_days: int = 0,
    ) -> None:
        self.put(points, earned_by, available_at, expires_at, idle_days)
        self.pay_debts(now)

    def put(
        self, points: int, earned_by: object, available_at: datetime, expires_at: datetime | None, idle_days: int = 0
    ) -> None:
        """The same, while debts wait."""
        numbers = range(len(self.tokens), len(self.tokens) + points)
        self.tokens += [Token(earned_by, available_at, expires_at, number, earned_by, idle_days) for number in numbers]

    def missing(self, dues: Iterable[tuple[int, object]], now: datetime) -> int:
        """How many points would be missing if these (points, earned by) were taken back."""
        lapsed = self.having("lapsed")
        due = sum(max(0, points - sum(token.earned_by == by for token in lapsed)) for points, by in dues)
        return max(0, due - len(self.paying(now)))

    def take_back(self, points: int, earned_by: object, now: datetime) -> None:
        lapsed = [token for token in self.having("lapsed") if token.earned_by == earned_by][:points]
        for token in lapsed:
            token.state = "forgiven"
        due = points - len(lapsed)
        taken = sorted(self.paying(now), key=lambda token: token.earned_by != earned_by)[:due]
        for token in taken:
            token.state = "gone"
        if self.below_zero:
            self.deficit += due - len(taken)
        else:
            self.owed += due - len(taken)

    def hold(self, hold: UUID, points: int, ends_at: datetime, now: datetime) -> None:
        for place, token in enumerate(self.spendable(now)[:points]):
            token.state, token.owner, token.place = "held", hold, place
        self.holds[hold] = ends_at

    def capture(self, hold: UUID, points: int, now: datetime) -> None:
        held = sorted((token for token in self.having("held") if token.owner == hold), key=in_place)
        for token in held[:points]:
            token.state = "spent"
        self.free(hold)
        self.pay_debts(now)

    def spent_by(self, hold: UUID) -> list[Token]:
        """What a hold spent and has not given back, in the order in which it was spent."""
        return sorted((token for token in self.having("spent") if token.owner == hold), key=in_place)

    def reverse(self, hold: UUID, points: int, now: datetime) -> None:
        """The last to be spent come back first; 0 means all."""
        self.restore(hold, points)
        self.settle_debts(now)

    def restore(self, hold: UUID, points: int) -> list[Token]:
        """The same, while debts wait; those that came back."""
        restored = self.spent_by(hold)[::-1][: points or None]
        for token in restored:
            token.state, token.owner = "free", None
        return restored

    def settle_debts(self, now: datetime) -> None:
        self.give(0, None, now, None, now)
        self.settle(now)

    def spend(self, points: int, now: datetime) -> list[Token]:
        """Those that went."""
        spent = self.spendable(now)[:points]
        for token in spent:
            token.state = "gone"
        return spent

    def receive(self, tokens: Iterable[Token], active_at: datetime | None, now: datetime) -> None:
        """Points from another heap that was active then, with their times."""
        for token in tokens:
            since = max(token.available_at, active_at or token.available_at) if token.idle_days else token.available_at
            number, lot = len(self.tokens), (now, token.lot)
            self.tokens.append(Token(None, since, token.expires_at, number, lot, token.idle_days))
        self.settle_debts(now)

    def free(self, hold: UUID) -> None:
        del self.holds[hold]
        for token in self.having("held"):
            if token.owner == hold:
                token.state, token.owner = "free", None

    def pay_debts(self, now: datetime) -> None:
        paying = self.paying(now)[: self.deficit + self.owed]
        for token in paying:
            token.state = "gone"
        absorbed = min(self.deficit, len(paying))
        self.deficit -= absorbed
        self.owed -= len(paying) - absorbed

    def having(self, state: str) -> list[Token]:
        return [token for token in self.tokens if token.state == state]

    def spendable(self, now: datetime) -> list[Token]:
        return [token for token in self.paying(now) if token.available_at <= now]

    def paying(self, now: datetime) -> list[Token]:
        return sorted(self.having("free"), key=lambda token: (token.available_at > now, self.in_order(token)))

    def available(self, now: datetime) -> int:
        return len(self.spendable(now)) - self.deficit

    def pending(self, now: datetime) -> int:
        return len(self.having("free")) - len(self.spendable(now))

    def in_order(self, token: Token) -> tuple[bool, datetime, datetime, int]:
        """The one that expires first, never-expiring ones last, then the older one."""
        ends_at = self.ends_at(token)
        far = ends_at or token.available_at + timedelta(days=36_500)
        return (ends_at is None, far, token.available_at, token.number)


def in_place(token: Token) -> int:
    """As the hold set them aside, whatever has changed their ends since."""
    return token.place
