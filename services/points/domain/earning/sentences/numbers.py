"""Numbers and money as people read them."""

from __future__ import annotations

from kit.currencies import decimals_of


def amount(minor: int, currency: str) -> str:
    """The amount without its currency."""
    digits = decimals_of(currency)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}.{fraction:0{digits}d}" if digits else f"{sign}{whole:,}"


def decimal(numerator: int, denominator: int) -> str:
    """The fraction as a decimal number of at most four places."""
    return f"{round(numerator / denominator, 4):,.4f}".rstrip("0").rstrip(".")
