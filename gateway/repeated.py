"""Names that stand twice in one object, which JSON leaves to its readers and which two readers read differently.

Names are compared in the form in which people see them: composed, and without characters that show nothing.
"""

from __future__ import annotations

import unicodedata

SHOWN_MAX = 100
# Control, format and unassigned characters, and surrogates: they show nothing.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Cs"})


def canonical(name: str) -> str:
    """The name as people see it."""
    if name.isascii() and name.isprintable():
        return name.strip()
    seen = "".join(each for each in name if unicodedata.category(each) not in _UNSEEN)
    return unicodedata.normalize("NFC", seen).strip()


def sentence(name: str) -> str:
    """What is wrong, naming the field."""
    shown = name if len(name) <= SHOWN_MAX else f"{name[:SHOWN_MAX]}…"
    return f'the field "{shown}" stands twice in one object'
