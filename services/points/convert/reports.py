"""Statements on the wire."""

from __future__ import annotations

from google.protobuf.message import Message
from loyalty.points.v1 import points_pb2 as pb

from kit.convert import required_instant, timestamp_of, uuid_of
from kit.errors import Invalid
from kit.page import Page, PageRequest
from services.points.convert.accounts import ENTRY_KIND, entries_page, to_entry
from services.points.convert.common import wallet_of
from services.points.domain.ledger import AccountKey, Entry
from services.points.domain.statement import KindTotal, Period, Statement


def get_statement(request: pb.GetStatementRequest) -> tuple[AccountKey, Period, PageRequest]:
    """Whose account, over which period, and which page of its movements."""
    page = entries_page(request.page_size, request.page_token)
    program_id, member_id = uuid_of(request.program_id, "program_id"), uuid_of(request.member_id, "member_id")
    return AccountKey(program_id, member_id, wallet_of(request.wallet)), _period(request), page


def _period(request: Message) -> Period:
    start, end = required_instant(request, "recorded_from"), required_instant(request, "recorded_until")
    if end <= start:
        raise Invalid("recorded_until", "must be later than recorded_from")
    return Period(start, end)


# ---- To the wire -----------------------------------------------------------------------------------------------------


def get_statement_response(answer: tuple[Statement, Page[Entry]]) -> pb.GetStatementResponse:
    """The statement with a page of movements."""
    statement, page = answer
    return pb.GetStatementResponse(
        statement=_to_statement(statement),
        movements=[to_entry(entry) for entry in page.items],
        next_page_token=page.next_token,
    )


def _to_statement(statement: Statement) -> pb.Statement:
    return pb.Statement(
        member_id=str(statement.key.member_id),
        wallet=statement.key.wallet,
        recorded_from=timestamp_of(statement.period.start),
        recorded_until=timestamp_of(statement.period.end),
        opening_balance=statement.opening,
        totals=[_to_total(total) for total in statement.totals],
        closing_balance=statement.closing,
        read_at=timestamp_of(statement.read_at),
    )


def _to_total(total: KindTotal) -> pb.KindTotal:
    return pb.KindTotal(
        kind=ENTRY_KIND.to_proto(total.kind), entries=total.entries, given=total.given, taken=total.taken
    )
