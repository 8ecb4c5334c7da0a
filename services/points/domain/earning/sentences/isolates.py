"""Numbers and names inside sentences that run from right to left (Unicode Standard Annex 9).

Without isolates the sign of a number, or a name in Latin letters with a full stop, drags its neighbours along.
"""

from __future__ import annotations

_FIRST_STRONG, _POP = "\u2068", "\u2069"

# Marks that open or close a direction; one too many in a name would turn the rest of the sentence around.
_DIRECTIONS = {ord(mark): None for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def isolated(text: str) -> str:
    """The text with a direction of its own, which it neither takes from its neighbours nor gives to them."""
    return f"{_FIRST_STRONG}{text.translate(_DIRECTIONS)}{_POP}"
