"""Why, in one sentence that a cashier can read out."""

from __future__ import annotations

from services.points.domain.ledger import Entry, EntryKind
from services.points.domain.rules import Earning, LineVerdict, Rounding

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "BHD": 3,
    "IQD": 3,
    "JOD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
}

_ROUNDED = {Rounding.DOWN: "rounded down", Rounding.HALF_UP: "rounded", Rounding.UP: "rounded up"}


def earning_sentence(earning: Earning) -> str:
    """Why a rule gave what it gave for a purchase."""
    why = earning.explanation
    counted = sum(line.verdict is LineVerdict.COUNTED for line in why.lines)
    left_out = len(why.lines) - counted
    exceptions = f", {_lines(left_out)} left out" if left_out else ""
    return (
        f"{earning.rule_name}: {_points(why.points)} for every {_money(why.per_amount_minor, why.currency)}; "
        f"{_money(why.eligible_amount_minor, why.currency)} counted ({_lines(counted)}{exceptions}), "
        f"{_ROUNDED[why.rounding]} to {_points(earning.points)}."
    )


def entry_sentence(entry: Entry) -> str:
    """Why an entry was made."""
    if entry.earning is not None:
        return earning_sentence(entry.earning)
    points = _points(abs(entry.amount))
    return {
        EntryKind.EARN: f"{points} earned.",
        EntryKind.RETURN: f"{points} taken back for returned goods.",
        EntryKind.SPEND: f"{points} spent.",
        EntryKind.REVERSAL: f"{points} given back: {entry.cause.reason}.",
        EntryKind.EXPIRY: f"{points} expired.",
        EntryKind.ADJUSTMENT: f"{points} {'given' if entry.amount > 0 else 'taken'} by hand: {entry.cause.reason}.",
        EntryKind.RECOVERY: f"{points} taken for goods returned earlier.",
    }[entry.kind]


def _points(number: int) -> str:
    return f"{number:,} {'point' if number == 1 else 'points'}"


def _lines(number: int) -> str:
    return f"{number} {'line' if number == 1 else 'lines'}"


def _money(minor: int, currency: str) -> str:
    digits = _MINOR_DIGITS.get(currency, 2)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{currency} {sign}{whole:,}.{fraction:0{digits}d}" if digits else f"{currency} {sign}{whole:,}"
