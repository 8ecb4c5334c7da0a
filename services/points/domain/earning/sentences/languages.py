"""The languages that sentences are written in."""

from __future__ import annotations

import enum


class Language(enum.Enum):
    """A language by its ISO 639 code."""

    ENGLISH = "en"
    URDU = "ur"


def language_of(tag: str) -> Language:
    """The language of a BCP 47 tag, such as ur-PK; English for those that we do not write, and for none."""
    return _LANGUAGES.get(tag.strip().lower().partition("-")[0], Language.ENGLISH)


_LANGUAGES = {language.value: language for language in Language}
