"""The auditor's view: a member's statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from loyalty.points.v1 import accounts_pb2
from loyalty.points.v1 import ledger_pb2 as pb
from pydantic import Field, ValidationInfo, field_validator

from gateway.sheets import Cell
from gateway.wire.base import FIT, Instant, PageQuery, ResponseModel, UrlModel, known_instant
from gateway.wire.enums import word_of
from gateway.wire.points.accounts import Entry, EntryWord, entry_of


class PeriodQuery(UrlModel):
    """Which period of which wallet, and as what to write it."""

    start: Instant = Field(alias="from", description="The period begins with this instant.")
    end: Instant = Field(alias="to", description="And ends just before this one, which must be later.")
    wallet: str = Field("", max_length=50, pattern=FIT, description='Which wallet; empty means "points".')
    format: Literal["", "json", "csv"] = Field(
        "", description="As what to write the answer; where nothing is said, `Accept` decides."
    )

    @field_validator("end")
    @classmethod
    def _ends_after_it_begins(cls, end: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and end <= start:
            raise ValueError("must be later than `from`")
        return end


class StatementQuery(PeriodQuery, PageQuery):
    """Which period of which wallet, and which page of its movements."""


class KindTotal(ResponseModel):
    """What the movements of one kind came to."""

    kind: EntryWord
    entries: int
    """How many there are."""
    given: int
    """Points that they gave; not negative."""
    taken: int
    """Points that they took; not negative."""


class Statement(ResponseModel):
    """An account over a period: opening balance, plus all that was given, less all that was taken, is the closing one.

    A movement belongs to the period in which it was recorded. The figures are of the whole period, whichever page of
    its movements came with them.
    """

    member_id: str
    wallet: str
    recorded_from: datetime
    recorded_until: datetime
    """The first instant after the period."""
    opening_balance: int
    totals: list[KindTotal]
    closing_balance: int
    read_at: datetime
    items: list[Entry]
    """The period's movements, oldest first."""
    next_cursor: str | None


def statement_of(answer: pb.GetStatementResponse) -> Statement:
    """The statement as answered."""
    statement = answer.statement
    return Statement(
        member_id=statement.member_id,
        wallet=statement.wallet,
        recorded_from=known_instant(statement, "recorded_from"),
        recorded_until=known_instant(statement, "recorded_until"),
        opening_balance=statement.opening_balance,
        totals=[
            KindTotal(
                kind=word_of(accounts_pb2.EntryKind, total.kind),
                entries=total.entries,
                given=total.given,
                taken=total.taken,
            )
            for total in statement.totals
        ],
        closing_balance=statement.closing_balance,
        read_at=known_instant(statement, "read_at"),
        items=[entry_of(entry) for entry in answer.movements],
        next_cursor=answer.next_page_token or None,
    )


STATEMENT_HEADS = (
    "recorded_at",
    "occurred_at",
    "version",
    "kind",
    "amount",
    "balance",
    "sentence",
    "reason",
    "actor",
    "purchase_id",
    "return_id",
    "hold_id",
    "corrects_version",
    "adjustment_id",
    "approved_by",
    "transfer_id",
    "qualifying",
    "activity_id",
    "counted_as_activity",
    "inactivity_days",
)


def statement_rows(model: Statement, *, is_first: bool) -> Iterator[tuple[Cell, ...]]:
    """The opening balance on the first page, a row a movement, and the closing balance on the last page."""
    if is_first:
        yield _balance_row(model.recorded_from, "opening", model.opening_balance)
    for entry in model.items:
        yield (
            entry.recorded_at,
            entry.occurred_at,
            entry.version,
            entry.kind,
            entry.amount,
            entry.balance_after,
            entry.sentence,
            entry.reason,
            entry.actor,
            entry.purchase_id,
            entry.return_id,
            entry.hold_id,
            entry.corrects_version,
            entry.adjustment_id,
            entry.approved_by,
            entry.transfer_id,
            entry.qualifying,
            entry.activity_id,
            entry.counted_as_activity,
            entry.inactivity_days,
        )
    if model.next_cursor is None:
        yield _balance_row(model.recorded_until, "closing", model.closing_balance)


def _balance_row(at: datetime, word: str, balance: int) -> tuple[Cell, ...]:
    known: dict[str, Cell] = {"recorded_at": at, "kind": word, "balance": balance}
    return tuple(known.get(head) for head in STATEMENT_HEADS)
