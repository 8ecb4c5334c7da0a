"""One canonical form for each text, so that two texts that look the same are the same.

    name     what names a thing: a store, a SKU, a line, a tier, a segment, a wallet, an actor
    prose    what people write for people: a reason, a title, a person's own name
    bare     what identifies a person, before its kind is read: nothing in it is invisible

All are in Unicode Normalization Form C. White space of every kind folds to single plain spaces and is gone at the ends.
Code points that show nothing are gone: those that Unicode calls default-ignorable, and format characters (Cf), among
them marks of direction, soft hyphens, byte order marks and tags.

A name keeps a joiner (U+200C, U+200D) only where it changes what is seen, by the rules that domain names follow
(CONTEXTJ, RFC 5892 A.1 and A.2): Urdu and Persian write a non-joiner between two letters that would join, Indic scripts
write either after a virama. Prose keeps joiners, marks of direction and variation selectors: a reader may need them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

import idna

# Marks a field of a dataclass as a text that people wrote: `kit.free_text` keeps it out of copies.
FREE_TEXT: Mapping[str, bool] = MappingProxyType({"free_text": True})

ZWNJ, ZWJ = "\u200c", "\u200d"
_MINUS = "\u2212"

# Control characters (PostgreSQL cannot hold the first of them, logs and receipts are garbled by the others), halves of
# surrogate pairs, which have no UTF-8, and code points that will never be characters.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

# White_Space of the Unicode database without control characters, and the empty Braille cell, which looks the same.
_SPACES = re.compile("[ \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000]+")

# Default_Ignorable_Code_Point and General_Category Cf of Unicode 16, without the two joiners.
_IGNORABLE = (
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{_IGNORABLE}]+")
_UNSEEN_OR_JOINER = re.compile(f"[{_IGNORABLE}{ZWNJ}{ZWJ}]+")
_JOINERS = re.compile(f"[{ZWNJ}{ZWJ}]+")
# How far from a joiner the letters may stand that it parts; between them are marks, of which a letter has a few.
_REACH = 16
# Texts are canonical before their length is checked: without a bound, one of a megabyte could cost minutes.
_ROUNDS_MAX = 4
# What a canonical name without joiners has nowhere.
_ODD = re.compile(f"[{_IGNORABLE}{ZWNJ}{ZWJ}\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000]|  |^ | $")

# What prose loses: what reverses or hides the text around it, and what no reader of plain text has a use for. Signs of
# Arabic numbering (Cf, and seen), marks and isolates of direction, selectors of variants, tags of flags stay.
_OUT_OF_PLACE = re.compile(
    "[\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u202a-\u202e\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e0fff]+"
)

# Letters, numbers, punctuation and symbols are seen; marks need one of them to stand on.
_SEEN = frozenset("LNPS")


def is_fit(text: str) -> bool:
    """Whether it is one line of characters: no control characters, no halves of surrogate pairs, no noncharacters."""
    return not _UNFIT.search(text)


def name(text: str) -> str:
    """The canonical form of a text that names something; empty when nothing of it is seen."""
    if text.isascii():
        return _folded(text)
    # Most names are canonical already, and a receipt has thousands of them.
    if unicodedata.is_normalized("NFC", text) and not _ODD.search(text):
        return _seen(text)
    composed = unicodedata.normalize("NFC", _UNSEEN.sub("", _folded(text)))
    return _seen(_folded(_without_idle_joiners(composed)))


def prose(text: str) -> str:
    """The canonical form of a text for people; empty when nothing of it is seen."""
    if text.isascii():
        return _folded(text)
    kept = _folded(unicodedata.normalize("NFC", _OUT_OF_PLACE.sub("", text)))
    return kept if name(kept) else ""


def bare(text: str) -> str:
    """The text in compatibility form (NFKC) with nothing invisible in it, plain digits (0 to 9) and plain dashes.

    Full-width and styled letters become plain ones. What is meant by its joiners does not survive this: it is for what
    is typed and compared, never for what is shown.
    """
    if text.isascii():
        return _folded(text)
    plain = unicodedata.normalize("NFKC", _UNSEEN_OR_JOINER.sub("", text))
    # Compatibility forms may hold what is not seen, too, such as U+FFA0 in U+1160.
    plain = unicodedata.normalize("NFKC", _UNSEEN_OR_JOINER.sub("", plain))
    return _seen(_folded("".join(map(_plain_sign, plain))))


def _folded(text: str) -> str:
    """White space folded to single spaces, and gone at the ends."""
    # What splits a plain text is a space: the rest of what would was refused, or is white space here, too.
    return " ".join((text if text.isascii() else _SPACES.sub(" ", text)).split())


def _seen(text: str) -> str:
    return text if any(unicodedata.category(each)[0] in _SEEN for each in text) else ""


def _without_idle_joiners(text: str) -> str:
    """A text in NFC without the joiners that change nothing that is seen.

    Marks that a joiner kept apart may come together when it goes, and then change places: what stands before the next
    joiner is another mark, or no mark, and the joiner goes, too. What has not settled after a few rounds is no word of
    any language, and loses all of its joiners.
    """
    for _ in range(_ROUNDS_MAX):
        before, text = text, unicodedata.normalize("NFC", _JOINERS.sub(_joiner, text))
        if text == before:
            return text
    return unicodedata.normalize("NFC", _JOINERS.sub("", text))


def _joiner(found: re.Match[str]) -> str:
    """What stays of a run of joiners: the one that changes what is seen, or none."""
    start, run, end = found.start(), found[0], found.end()
    before, after = found.string[max(0, start - _REACH) : start], found.string[end : end + _REACH]
    # Between two letters that join, one non-joiner parts them, and what else stands there does not show.
    for joiner in dict.fromkeys((run[0], ZWNJ)):
        if joiner in run and _changes_what_is_seen(f"{before}{joiner}{after}", len(before)):
            return joiner
    return ""


def _changes_what_is_seen(text: str, position: int) -> bool:
    try:
        return idna.valid_contextj(text, position)
    except ValueError:
        # Behind a code point that Unicode has given to no character, which idna cannot judge.
        return False


def _plain_sign(character: str) -> str:
    if unicodedata.category(character) == "Pd" or character == _MINUS:
        return "-"
    digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)
