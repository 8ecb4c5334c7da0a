"""Texts that pass for one another: refused where they identify a person, folded where two persons are distinguished.

After Unicode Technical Standard 39: letters are of the scripts recommended for identifiers (UAX 31, table 5), and of
one script, but for those of East Asia, which are written together and with Latin ones. A text all of whose Cyrillic,
Greek or Armenian letters have the shape of Latin ones is a disguise.
"""

from __future__ import annotations

import re
import unicodedata

from kit import texts

_LATIN = "LATIN"
_EAST_ASIAN = frozenset({"BOPOMOFO", "CJK", "HANGUL", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA", "KATAKANA-HIRAGANA"})
_SCRIPTS = _EAST_ASIAN | {
    _LATIN, "ARABIC", "ARMENIAN", "BENGALI", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GEORGIAN", "GREEK", "GUJARATI",
    "GURMUKHI", "HEBREW", "KANNADA", "KHMER", "LAO", "MALAYALAM", "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU",
    "THAANA", "THAI", "TIBETAN",
}  # fmt: skip

# Letters of other scripts, and the Latin ones whose shape they have.
_SHAPES = dict(
    zip(
        "авеіјкмнорѕтухԁԛԝһӏѵьгпАВЕЅІЈКМНОРТУХԌԚԜҮЗ" + "αβεηικνορτυχγωμΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "օսոհցգՍՕ",
        "abeijkmhopstyxdqwhlvbrnABESIJKMHOPTYXGQWY3" + "abeniKvoptuxywuABEZHIKMNOPTYX" + "ounhgqUO",
        strict=True,
    )
) | {"с": "c", "С": "C"}
# Small letters that have a Latin shape only as capitals, or in italics alone, are no disguise.
_NO_DISGUISE = frozenset("вкмнтгпьβεητωμ")

# Latin letters that pass for plain ones: without the dot of i and j, clicks, tones, ligatures of other alphabets.
_NOT_PLAIN = frozenset("ıȷƄƅƖƦƧƨƼƽǀǁǂǃƷȜȢȣɁɂ")
_LATIN_PLAIN = re.compile("[A-Za-z\xaa-\u024f\u1e00-\u1eff]")

# Accents that no letter took up: stacked, or on what never has one.
_LOOSE_ACCENT = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# And those that a reader may omit: also vowels of Arabic and Hebrew.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")

# Letters that keyboards for Arabic have where those for Urdu have others of the same shape.
_ARABIC = str.maketrans("\u064a\u0649\u0643\u0647\u06d5", "\u06cc\u06cc\u06a9\u06c1\u06c1")
_DIGITS_AS_LETTERS = str.maketrans("01", "ol")


def is_unmistakable(text: str) -> bool:
    """Whether an identifier in bare form passes for no other: of plain characters and letters of one script."""
    if text.isascii():
        return True
    if _LOOSE_ACCENT.search(text) or not all(map(_may_identify, text)):
        return False
    scripts = {_script(each) for each in text if each.isalpha()}
    return _go_together(scripts) and not _is_disguise(text)


def folded_arabic(text: str) -> str:
    """The text with the letters of one keyboard, where keyboards for Arabic and Urdu differ."""
    return text.translate(_ARABIC)


def likeness(text: str) -> str:
    """What is left of a person's name without what a reader may overlook; those of one likeness are taken for one.

    Case, spaces, punctuation, accents and the script that a shape comes from make no other person of a name.
    """
    shapes = "".join(_SHAPES.get(each, each) for each in texts.bare(text))
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", folded_arabic(shapes.casefold())))
    kept = "".join(each for each in plain if each.isalnum() or unicodedata.category(each)[0] == "M")
    return kept.translate(_DIGITS_AS_LETTERS) or plain


def _may_identify(character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    if character.isalpha():
        return _script(character) in _SCRIPTS and _is_plain(character)
    return unicodedata.category(character)[0] == "M"


def _is_plain(character: str) -> bool:
    if _script(character) != _LATIN:
        return True
    return character not in _NOT_PLAIN and _LATIN_PLAIN.match(character) is not None


def _go_together(scripts: set[str]) -> bool:
    others = scripts - {_LATIN}
    return len(scripts) <= 1 or others <= _EAST_ASIAN


def _is_disguise(text: str) -> bool:
    letters = [each for each in text if each.isalpha()]
    return any(
        all(each in _SHAPES and each not in _NO_DISGUISE for each in form)
        for form in (letters, [each.lower() for each in letters])
        if form and not form[0].isascii()
    )


def _script(character: str) -> str:
    # The first word of a letter's name is its script's, for each of the scripts above.
    return unicodedata.name(character, "").partition(" ")[0]
