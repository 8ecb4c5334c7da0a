"""How an amount is shared out among lots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.points.domain.ledger.accounts import Hold, HoldPart, Lot


@dataclass(frozen=True)
class Taken:
    """What taking points back came to: taken from lots, owed or below zero, and lapsed before."""

    from_lots: int = 0
    shortfall: int = 0
    forgiven: int = 0


def portions(lots: Iterable[Lot], amount: int) -> list[tuple[Lot, int]]:
    """Takes `amount` from the free units of the lots, in their order; fewer if there are fewer."""
    portions: list[tuple[Lot, int]] = []
    for lot in lots:
        if amount == 0:
            break
        units = min(lot.free, amount)
        if units > 0:
            portions.append((lot, units))
            amount -= units
    return portions


def captured_parts(hold: Hold, captured: int) -> tuple[HoldPart, ...]:
    """The parts of the hold once `captured` of its units are spent, in their order."""
    parts: list[HoldPart] = []
    for part in hold.parts:
        units = min(part.units, captured)
        parts.append(replace(part, captured=units))
        captured -= units
    return tuple(parts)
