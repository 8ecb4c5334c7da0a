"""Statements and liabilities on the wire."""

from __future__ import annotations

from uuid import UUID

from google.protobuf.message import Message
from loyalty.points.v1 import ledger_pb2 as pb

from kit.convert import integer_of, required_instant, timestamp_of, uuid_of
from kit.errors import Invalid
from kit.page import Page, PageRequest
from services.points.convert.common import wallet_of
from services.points.convert.ledger.accounts import ENTRY_KIND, entries_page, to_entry
from services.points.domain.ledger.accounts import AccountKey, Entry
from services.points.domain.ledger.liability import (
    AGE_BOUNDS_DAYS,
    BASIS_POINTS,
    Breakage,
    DeferredRevenue,
    Flow,
    Liability,
    Outlook,
    Outstanding,
    Valuation,
)
from services.points.domain.ledger.statement import KindTotal, Period, Statement

OBSERVED_DAYS_DEFAULT = 365
OBSERVED_DAYS_MAX = 3_660
VALUE_MAX = 1_000_000_000
REVENUE_MINOR_MAX = 1_000_000_000_000_000


def get_statement(request: pb.GetStatementRequest) -> tuple[AccountKey, Period, PageRequest]:
    """Whose account, over which period, and which page of its movements."""
    page = entries_page(request)
    program_id, member_id = uuid_of(request.program_id, "program_id"), uuid_of(request.member_id, "member_id")
    return AccountKey(program_id, member_id, wallet_of(request.wallet)), _period(request), page


def get_liability(request: pb.GetLiabilityRequest) -> tuple[UUID, str, Period, int, Valuation | None]:
    """Of which program and wallet, over which period, how long breakage is observed, and what points are worth."""
    days = integer_of(request.observed_days, "observed_days", at_least=0, at_most=OBSERVED_DAYS_MAX)
    return (
        uuid_of(request.program_id, "program_id"),
        wallet_of(request.wallet),
        _period(request),
        days or OBSERVED_DAYS_DEFAULT,
        _valuation(request.valuation) if request.HasField("valuation") else None,
    )


def _valuation(said: pb.Valuation) -> Valuation:
    return Valuation(
        value_minor=integer_of(said.value_minor, "valuation.value_minor", at_least=1, at_most=VALUE_MAX),
        per_points=integer_of(said.per_points, "valuation.per_points", at_least=1, at_most=VALUE_MAX),
        revenue_minor=integer_of(said.revenue_minor, "valuation.revenue_minor", at_least=0, at_most=REVENUE_MINOR_MAX),
        redemption_bp=integer_of(said.redemption_bp, "valuation.redemption_bp", at_least=0, at_most=BASIS_POINTS),
    )


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


def get_liability_response(liability: Liability) -> pb.GetLiabilityResponse:
    """What a program owes."""
    deferred = liability.deferred
    told = pb.Liability(
        program_id=str(liability.program_id),
        wallet=liability.wallet,
        recorded_from=timestamp_of(liability.period.start),
        recorded_until=timestamp_of(liability.period.end),
        measured_at=timestamp_of(liability.measured_at),
        read_at=timestamp_of(liability.read_at),
        flow=_to_flow(liability.flow),
        outstanding=_to_outstanding(liability.outstanding),
        outlook=_to_outlook(liability.outlook),
        breakage=_to_breakage(liability.breakage),
        deferred_revenue=None if deferred is None else _to_deferred_revenue(deferred),
    )
    return pb.GetLiabilityResponse(liability=told)


def _to_flow(flow: Flow) -> pb.LiabilityFlow:
    return pb.LiabilityFlow(
        opening=flow.opening,
        earned=flow.earned,
        returned=flow.returned,
        spent=flow.spent,
        restored=flow.restored,
        expired=flow.expired,
        given=flow.given,
        taken=flow.taken,
        sent=flow.sent,
        received=flow.received,
        closing=flow.closing,
    )


def _to_outstanding(outstanding: Outstanding) -> pb.Outstanding:
    begins = (0, *AGE_BOUNDS_DAYS)
    ends = (*(bound - 1 for bound in AGE_BOUNDS_DAYS), 0)
    return pb.Outstanding(
        pending=outstanding.pending,
        buckets=[
            pb.AgeBucket(days_from=begin, days_to=end, points=points)
            for begin, end, points in zip(begins, ends, outstanding.by_age, strict=True)
        ],
        below_zero=outstanding.below_zero,
        lapsed_unwritten=outstanding.lapsed_unwritten,
    )


def _to_outlook(outlook: Outlook) -> pb.ExpiryOutlook:
    return pb.ExpiryOutlook(
        lapsed=outlook.lapsed,
        months=[pb.MonthOfExpiry(month=month, points=points) for month, points in outlook.by_month],
        later=outlook.later,
        never=outlook.never,
    )


def _to_breakage(breakage: Breakage) -> pb.Breakage:
    return pb.Breakage(
        observed_from=timestamp_of(breakage.observed.start),
        observed_until=timestamp_of(breakage.observed.end),
        expired=breakage.expired,
        spent=breakage.spent,
        breakage_bp=breakage.breakage_bp,
        redemption_bp=breakage.redemption_bp,
    )


def _to_deferred_revenue(deferred: DeferredRevenue) -> pb.DeferredRevenue:
    return pb.DeferredRevenue(
        redemption_bp=deferred.redemption_bp,
        points_issued=deferred.points_issued,
        points_redeemed=deferred.points_redeemed,
        standalone_minor=deferred.standalone_minor,
        allocated_minor=deferred.allocated_minor,
        recognised_minor=deferred.recognised_minor,
        deferred_minor=deferred.deferred_minor,
    )
