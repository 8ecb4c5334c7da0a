"""Voucher codes: eleven random characters and one that checks them, in an alphabet that people can read aloud.

The alphabet is Crockford's base 32, which leaves out I, L, O and U. The check character stays within it: the twelve
characters, read as elements of GF(32) and weighted with rising powers of a generator, add up to zero. The weights
differ, so every single wrong character and every swap of two characters is noticed. A modulus of 32 would miss some,
and Crockford's own modulus of 37 needs five signs more than the alphabet has.
"""

from __future__ import annotations

from kit import texts
from kit.errors import Invalid

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
RANDOM_BYTES = LENGTH - 1

# What is taken for what when a code is typed in: Crockford's look-alikes, and the signs that only structure it.
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", " ": "", "-": ""})
# More than any way of writing a code needs; nothing longer is looked at.
_TYPED_LENGTH_MAX = 40

# x⁵ + x² + 1, whose root generates all 31 elements but zero.
_MODULUS = 0b100101


def code_from(random: bytes) -> str:
    """A code from eleven random bytes; 256 is a multiple of 32, so the characters are evenly spread."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a code takes {RANDOM_BYTES} random bytes")
    values = [byte % 32 for byte in random]
    return "".join(ALPHABET[value] for value in (*values, _check(values)))


def parse_code(typed: str) -> str:
    """The code a person meant, or Invalid when it cannot be one."""
    code = texts.bare(typed).upper().translate(_READ_AS) if len(typed) <= _TYPED_LENGTH_MAX else ""
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        raise Invalid("code", f"must be {LENGTH} letters and digits, as printed on the voucher")
    values = [ALPHABET.index(character) for character in code]
    if _check(values[:-1]) != values[-1]:
        raise Invalid("code", "has a mistyped character")
    return code


def printed(code: str) -> str:
    """The code in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _check(values: list[int]) -> int:
    check = 0
    for value in values:
        check = _times_generator(check ^ value)
    return check


def _times_generator(value: int) -> int:
    doubled = value << 1
    return doubled ^ _MODULUS if doubled & 0b100000 else doubled
