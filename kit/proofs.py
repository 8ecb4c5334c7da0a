"""Proofs: for every column, the invariants that a changed value breaks, or the reason why none is needed.

Each service lists its tables in `check/proofs.py`; `docs/reference/invariants.md` is written from these lists. Tests
keep them whole: each column is in them, each invariant that they name exists, and it finds a changed value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Proof:
    """The invariants that derive a column a second time. Without any, `because` says why; the row's digest remains."""

    questions: tuple[str, ...] = ()
    because: str = ""


# By table, by column.
Proofs = Mapping[str, Mapping[str, Proof]]


def asked(*questions: str, because: str = "") -> Proof:
    """These invariants find a changed value of the column, also where the row's digest fits it."""
    return Proof(questions, because)


def only(because: str) -> Proof:
    """Nothing else in the databases says what the column does; the row's digest alone guards it, if the row has one."""
    return Proof((), because)


# ---- the tables that every service makes from the kit

_IDENTITY = only("an identity of its own, which nothing refers to")
_KEY = only("a part of the key; a changed one forgets an answer, and business keys keep the write from happening again")
STORED_ANSWERS: Mapping[str, Proof] = {
    **dict.fromkeys(("program_id", "caller_id", "operation", "request_id"), _KEY),
    "fingerprint": only("digests of the request; a changed one refuses a retry or lets another one pass for it"),
    **dict.fromkeys(("kind", "answer"), only("what a caller was answered; the books are written beside it")),
    "stored_at": only("when the answer may be forgotten"),
}
_CONSUMED = only("which events were consumed; without its entry an event is handled again, which changes nothing")
INBOX: Mapping[str, Proof] = dict.fromkeys(("consumer", "event_id", "received_at"), _CONSUMED)
_LETTER = only("an event that was given up; tried again it passes the same checks, and projections are compared")
DEAD_LETTERS: Mapping[str, Proof] = dict.fromkeys(
    ("consumer", "event_id", "type", "payload", "reason", "deliveries", "failed_at", "replayed_at"), _LETTER
)
PUBLISHED = only("whether the event is sent yet; a changed one has it sent again, or kept until it is")
_CHAINED = only("hashed into the seal and those after it, which the checker verifies; heads are kept elsewhere")
SEALS: Mapping[str, Proof] = dict.fromkeys(
    ("number", "previous_hash", "hash", "covered_until", "sealed_at", "shape", "contents"), _CHAINED
)
