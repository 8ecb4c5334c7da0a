"""The one form of an e-mail address: what looks the same is the same address, or none.

    local part   compatibility form, small letters, plain digits; Unicode letters of one script
    domain       labels as Unicode writes them, checked and mapped as IDNA 2008 and UTS 46 say, "xn--…" decoded

Dots and what stands behind a "+" count: whether a provider ignores them, only the provider knows.
"""

from __future__ import annotations

import re
import unicodedata

import idna

from kit import texts
from kit.texts.lookalikes import folded_arabic, is_unmistakable

LABELS_MIN = 2

_LOCAL = re.compile(r'[^\s@"(),:;<>\[\]\\]+')
_PLAIN_LABEL = re.compile("[a-z0-9_-]{1,63}")
_A_LABEL = "xn--"
# What UTS 46 takes for the dot between two labels, and NFKC keeps.
_IDEOGRAPHIC_STOP = "\u3002"
# A keyboard with capitals on gives İ for i, which small letters make i with a dot above.
_DOTTED = re.compile("([ij])\u0307")


def canonical(text: str) -> str | None:
    """The address in its one form; nothing if it is none, or if it passes for another."""
    local, _, domain = texts.bare(text).replace(_IDEOGRAPHIC_STOP, ".").rpartition("@")
    local = folded_arabic(_small(local))
    labels = [_label(label) for label in domain.removesuffix(".").split(".")]
    if not _LOCAL.fullmatch(local) or not is_unmistakable(local) or len(labels) < LABELS_MIN or None in labels:
        return None
    return f"{local}@{'.'.join(filter(None, labels))}"


def _label(text: str) -> str | None:
    """A label of a domain as Unicode writes it; nothing if no domain may have it."""
    label = _small(text)
    if label.isascii() and not label.startswith(_A_LABEL):
        return label if _PLAIN_LABEL.fullmatch(label) else None
    try:
        mapped = idna.decode(idna.encode(label, uts46=True, std3_rules=True))
        found = _small(mapped)
        # What folding made of it is a label, too, and it hides nothing that a plain one would not show.
        idna.encode(found)
    except UnicodeError:
        return None
    return found if texts.bare(found) == found and is_unmistakable(found) else None


def _small(text: str) -> str:
    """Small letters, one for one: a final sigma is a sigma, a dotted i an i."""
    small = "".join(each.lower() for each in text).replace("ς", "σ")
    return unicodedata.normalize("NFC", _DOTTED.sub(r"\1", unicodedata.normalize("NFC", small)))
