"""Why, in one sentence that a cashier can read out."""

from __future__ import annotations

from services.points.domain.earnings import Earning
from services.points.domain.ledger import Entry
from services.points.domain.sentences import english

__all__ = ["earning_sentence", "entry_sentence"]


def earning_sentence(earning: Earning) -> str:
    """Why a rule gave what it gave for a purchase, or why it gave nothing."""
    return english.earning_sentence(earning)


def entry_sentence(entry: Entry) -> str:
    """Why an entry was made."""
    if entry.earning is not None:
        return earning_sentence(entry.earning)
    return english.entry_sentence(entry)
