"""Why, in one sentence that a cashier can read out, in the language of whoever asks."""

from __future__ import annotations

from services.points.domain.earning.earnings import Earning, Unearned
from services.points.domain.earning.sentences import english, urdu
from services.points.domain.earning.sentences.languages import Language, language_of
from services.points.domain.ledger.accounts import Entry
from services.points.domain.sales.returns import Return

__all__ = [
    "Language",
    "earning_sentence",
    "entry_sentence",
    "language_of",
    "nothing_earned_sentence",
    "return_sentence",
]

_EARNING = {Language.ENGLISH: english.earning_sentence, Language.URDU: urdu.earning_sentence}
_NOTHING = {Language.ENGLISH: english.nothing_earned_sentence, Language.URDU: urdu.nothing_earned_sentence}
_RETURN = {Language.ENGLISH: english.return_sentence, Language.URDU: urdu.return_sentence}
_ENTRY = {Language.ENGLISH: english.entry_sentence, Language.URDU: urdu.entry_sentence}


def earning_sentence(earning: Earning, language: Language = Language.ENGLISH) -> str:
    """Why a rule gave what it gave for a purchase, or why it gave nothing."""
    return _EARNING[language](earning)


def nothing_earned_sentence(unearned: Unearned, language: Language = Language.ENGLISH) -> str:
    """Why nothing was earned where no rule was asked."""
    return _NOTHING[language](unearned)


def entry_sentence(entry: Entry, language: Language = Language.ENGLISH) -> str:
    """Why an entry was made."""
    if entry.earning is not None:
        return earning_sentence(entry.earning, language)
    return _ENTRY[language](entry)


def return_sentence(back: Return, language: Language = Language.ENGLISH) -> str:
    """What a return took back, and why so much."""
    return _RETURN[language](back)
