"""Numbers and money as people read them."""

from __future__ import annotations

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


def amount(minor: int, currency: str) -> str:
    """The amount without its currency."""
    digits = _MINOR_DIGITS.get(currency, 2)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}.{fraction:0{digits}d}" if digits else f"{sign}{whole:,}"


def decimal(numerator: int, denominator: int) -> str:
    """The fraction as a decimal number of at most four places."""
    return f"{round(numerator / denominator, 4):,.4f}".rstrip("0").rstrip(".")
