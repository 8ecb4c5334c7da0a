"""Accounts for every receipt of a replay: posted or refused, and nothing in between."""

from __future__ import annotations

import collections
import dataclasses
import statistics
from collections.abc import Iterable, Sequence


@dataclasses.dataclass(frozen=True)
class Refused:
    """A receipt that the suite did not take, and why."""

    receipt: str
    reason: str
    detail: str


@dataclasses.dataclass
class Tally:
    """What a replay, or one lane of it, came to. One thread writes it; `add` brings several together."""

    receipts: int = 0
    lines: int = 0
    members: int = 0
    sales: int = 0
    anonymous_sales: int = 0
    returns_matched: int = 0
    returns_partly_matched: int = 0
    returns_unmatched: int = 0
    refused: list[Refused] = dataclasses.field(default_factory=list)
    points_earned: int = 0
    points_clawed_back: int = 0
    points_owed: int = 0
    points_spent: int = 0
    points_given_back: int = 0
    redemptions: int = 0
    vouchers_used: int = 0
    redemptions_cancelled: int = 0
    redemptions_refused: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    writes: int = 0
    replays: int = 0
    repeats: int = 0
    durations_s: list[float] = dataclasses.field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds everything that the other counted."""
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, mine + theirs)

    @property
    def returns(self) -> int:
        """Returns that were taken."""
        return self.returns_matched + self.returns_partly_matched + self.returns_unmatched

    @property
    def posted(self) -> int:
        """Receipts that were taken."""
        return self.sales + self.anonymous_sales + self.returns

    @property
    def adds_up(self) -> bool:
        """Whether each receipt was either posted or refused."""
        return self.receipts == self.posted + len(self.refused)

    @property
    def changed_nothing(self) -> bool:
        """Whether all that was sent had been sent before."""
        return self.writes > 0 and self.replays == self.writes

    def refusals(self) -> list[tuple[str, int, Refused]]:
        """Reasons with how many receipts each refused and the first of them, most frequent first."""
        counts = collections.Counter(each.reason for each in self.refused)
        first = {each.reason: each for each in reversed(self.refused)}
        return [(reason, count, first[reason]) for reason, count in counts.most_common()]


def together(tallies: Iterable[Tally]) -> Tally:
    """One tally of many."""
    whole = Tally()
    for each in tallies:
        whole.add(each)
    return whole


def percentiles_ms(durations_s: Sequence[float], *wanted: int) -> tuple[float, ...]:
    """The wanted percentiles in milliseconds; zeros where nothing was measured."""
    if not durations_s:
        return (0.0,) * len(wanted)
    if len(durations_s) == 1:
        return (durations_s[0] * 1_000,) * len(wanted)
    cuts = statistics.quantiles(durations_s, n=100, method="inclusive")
    return tuple(cuts[each - 1] * 1_000 for each in wanted)
