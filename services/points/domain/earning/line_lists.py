"""How much explanations list: every line for every rule, as long as that is not too much to keep and to answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.points.domain.earning.earnings import Earning

# Lines that the explanations of one purchase list in all: those of 5,000 lines for five rules, of 500 for fifty. They
# are about 60 bytes each, and are written in the one transaction that everybody waits for.
LINES_LISTED_MAX = 25_000


def within_bounds(earnings: tuple[Earning, ...]) -> tuple[Earning, ...]:
    """The earnings, of which those list their lines, in their order, for which there is room; others count them."""
    if sum(len(earning.explanation.lines) for earning in earnings) <= LINES_LISTED_MAX:
        return earnings
    return tuple(_bounded(earnings))


def _bounded(earnings: Iterable[Earning]) -> Iterable[Earning]:
    room = LINES_LISTED_MAX
    for earning in earnings:
        why = earning.explanation
        if len(why.lines) <= room:
            room -= len(why.lines)
            yield earning
        else:
            yield replace(earning, explanation=replace(why, lines=(), unlisted=why.line_counts))
