"""The ledger as a heap of single points: slow, obvious, and sharing no code with the real one.

Each point is a token with its own times. Operations look for the tokens they may take, in the documented order, and
take the first ones. There is no lot, no version, no arithmetic on units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID


@dataclass(eq=False)
class Token:
    """One point. `state` is free, held, spent, lapsed, forgiven or gone; `owner` the hold that has or spent it."""

    earned_by: object
    available_at: datetime
    expires_at: datetime | None
    number: int
    state: str = "free"
    owner: object = None


@dataclass
class Model:
    """One account; `below_zero` says whether returns may overdraw it, `idle` after what time without activity its
    points lapse that have no end of their own."""

    below_zero: bool
    idle: timedelta | None = None

    def __post_init__(self) -> None:
        self.tokens: list[Token] = []
        self.holds: dict[UUID, datetime] = {}
        self.deficit = self.owed = 0
        self.active_at = datetime.min.replace(tzinfo=UTC)

    def settle(self, now: datetime) -> None:
        for hold, ends_at in list(self.holds.items()):
            if ends_at <= now:
                self.free(hold)
                self.pay_debts(now)
        for token in self.having("free"):
            if self.ended(token, now):
                token.state = "lapsed"

    def ended(self, token: Token, now: datetime) -> bool:
        if token.expires_at is None and self.idle is not None:
            return max(token.available_at, self.active_at) + self.idle <= now
        return token.expires_at is not None and token.expires_at <= now

    def be_active(self, at: datetime) -> None:
        self.active_at = max(self.active_at, at)

    def give(
        self, points: int, earned_by: object, available_at: datetime, expires_at: datetime | None, now: datetime
    ) -> None:
        self.put(points, earned_by, available_at, expires_at)
        self.pay_debts(now)

    def put(self, points: int, earned_by: object, available_at: datetime, expires_at: datetime | None) -> None:
        """The same, while debts wait."""
        numbers = range(len(self.tokens), len(self.tokens) + points)
        self.tokens += [Token(earned_by, available_at, expires_at, number) for number in numbers]

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
        for token in self.spendable(now)[:points]:
            token.state, token.owner = "held", hold
        self.holds[hold] = ends_at

    def capture(self, hold: UUID, points: int, now: datetime) -> None:
        held = [token for token in sorted(self.having("held"), key=in_order) if token.owner == hold]
        for token in held[:points]:
            token.state = "spent"
        self.free(hold)
        self.pay_debts(now)

    def spent_by(self, hold: UUID) -> list[Token]:
        """What a hold spent and has not given back, in the order in which it was spent."""
        return sorted((token for token in self.having("spent") if token.owner == hold), key=in_order)

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

    def receive(self, tokens: Iterable[Token], now: datetime) -> None:
        """Points from another heap, with their times."""
        first = len(self.tokens)
        self.tokens += [
            Token(None, token.available_at, token.expires_at, first + number) for number, token in enumerate(tokens)
        ]
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
        return sorted(self.having("free"), key=lambda token: (token.available_at > now, in_order(token)))

    def available(self, now: datetime) -> int:
        return len(self.spendable(now)) - self.deficit

    def pending(self, now: datetime) -> int:
        return len(self.having("free")) - len(self.spendable(now))


def in_order(token: Token) -> tuple[bool, datetime, datetime, int]:
    """The one that expires first, never-expiring ones last, then the older one."""
    far = token.expires_at or token.available_at + timedelta(days=36_500)
    return (token.expires_at is None, far, token.available_at, token.number)
