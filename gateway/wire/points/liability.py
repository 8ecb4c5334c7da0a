"""What a program owes its members in points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from loyalty.points.v1 import ledger_pb2 as pb
from pydantic import Field, ValidationInfo, field_validator

from gateway.sheets import Cell
from gateway.wire.base import ResponseModel, known_instant
from gateway.wire.points.reports import PeriodQuery


class LiabilityQuery(PeriodQuery):
    """Which period of which wallet, and what points are worth; without `value_minor` only points are told."""

    observed_days: int = Field(
        0, ge=0, le=3_660, description="Days before the period's end over which breakage is observed; 0 means 365."
    )
    value_minor: int = Field(
        0, ge=0, le=1_000_000_000, description="Stand-alone value of `per_points` points in the minor unit."
    )
    per_points: int = Field(1, ge=1, le=1_000_000_000, description="How many points `value_minor` is for.")
    revenue_minor: int = Field(
        0,
        ge=0,
        le=1_000_000_000_000_000,
        validate_default=True,
        description="Revenue of the period in the minor unit; needed with `value_minor`.",
    )
    redemption_bp: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Share of issued points expected to be redeemed, in basis points; 0 takes the observed one.",
    )

    @field_validator("revenue_minor")
    @classmethod
    def _comes_with_a_value(cls, revenue_minor: int, info: ValidationInfo) -> int:
        if bool(revenue_minor) != bool(info.data.get("value_minor", revenue_minor)):
            raise ValueError("is needed with `value_minor`, and means nothing without it")
        return revenue_minor


class Flow(ResponseModel):
    """opening + (earned − returned) − (spent − restored) − expired + (given − taken) − (sent − received) =
    closing."""

    opening: int
    earned: int
    """Given by rules for purchases."""
    returned: int
    """Taken back for returned goods, at once or from later credits."""
    spent: int
    restored: int
    """Given back of what was spent."""
    expired: int
    given: int
    """Given by hand."""
    taken: int
    """Taken by hand."""
    sent: int
    """Given by members to others."""
    received: int
    """Got by members from others, and got back; what is sent and not received is on its way."""
    closing: int


class AgeBucket(ResponseModel):
    """Points by how many whole days they can be spent already."""

    days_from: int
    days_to: int | None
    points: int


class Outstanding(ResponseModel):
    """pending + buckets − below_zero = the flow's closing."""

    pending: int
    """In lots that cannot be spent yet."""
    buckets: list[AgeBucket]
    below_zero: int
    """What accounts are below zero, together."""
    lapsed_unwritten: int
    """Had lapsed at the instant and was not written down yet; still in the closing figure and in the buckets."""


class MonthOfExpiry(ResponseModel):
    """Points that lapse within a month."""

    month: str
    points: int


class ExpiryOutlook(ResponseModel):
    """When what lies in lots lapses if nobody spends it."""

    lapsed: int
    """In lots whose time is over: not written down yet, or held."""
    months: list[MonthOfExpiry]
    """Calendar months in UTC, that of `measured_at` first."""
    later: int
    never: int


class Breakage(ResponseModel):
    """What left the accounts while observed: breakage is expired ÷ (expired + spent), redemption is the rest."""

    observed_from: datetime
    observed_until: datetime
    expired: int
    spent: int
    """Net of what was given back."""
    breakage_bp: int | None
    """In basis points; null where nothing left."""
    redemption_bp: int | None


class DeferredRevenue(ResponseModel):
    """The period's revenue split by relative stand-alone selling prices (IFRS 15.73–80, B39–B47), in the minor unit.

    standalone = issued × value ÷ per points × redemption; allocated = revenue × standalone ÷ (revenue + standalone);
    recognised = allocated × redeemed ÷ (issued × redemption); each rounded once, half up.
    """

    redemption_bp: int
    points_issued: int
    """Earned in the period, net of returned goods."""
    points_redeemed: int
    """Of the points earned in the period, those spent before its end."""
    standalone_minor: int
    allocated_minor: int
    recognised_minor: int
    deferred_minor: int
    """allocated − recognised: the contract liability."""


class Liability(ResponseModel):
    """What a program owes its members in one wallet when a period ends; exact also for the past."""

    program_id: str
    wallet: str
    recorded_from: datetime
    recorded_until: datetime
    """The first instant after the period."""
    measured_at: datetime
    """The end of the period, or now where that is earlier."""
    read_at: datetime
    flow: Flow
    outstanding: Outstanding
    outlook: ExpiryOutlook
    breakage: Breakage
    deferred_revenue: DeferredRevenue | None


def valuation_of(query: LiabilityQuery) -> pb.Valuation | None:
    """What points are worth, if that was said."""
    if not query.value_minor:
        return None
    return pb.Valuation(
        value_minor=query.value_minor,
        per_points=query.per_points,
        revenue_minor=query.revenue_minor,
        redemption_bp=query.redemption_bp,
    )


def liability_of(liability: pb.Liability) -> Liability:
    """The liability as answered."""
    flow, outlook = liability.flow, liability.outlook
    return Liability(
        program_id=liability.program_id,
        wallet=liability.wallet,
        recorded_from=known_instant(liability, "recorded_from"),
        recorded_until=known_instant(liability, "recorded_until"),
        measured_at=known_instant(liability, "measured_at"),
        read_at=known_instant(liability, "read_at"),
        flow=Flow(**{name: getattr(flow, name) for name in Flow.model_fields}),
        outstanding=_outstanding(liability.outstanding),
        outlook=ExpiryOutlook(
            lapsed=outlook.lapsed,
            months=[MonthOfExpiry(month=each.month, points=each.points) for each in outlook.months],
            later=outlook.later,
            never=outlook.never,
        ),
        breakage=_breakage(liability.breakage),
        deferred_revenue=_deferred(liability.deferred_revenue) if liability.HasField("deferred_revenue") else None,
    )


def _outstanding(outstanding: pb.Outstanding) -> Outstanding:
    return Outstanding(
        pending=outstanding.pending,
        buckets=[
            AgeBucket(days_from=each.days_from, days_to=each.days_to or None, points=each.points)
            for each in outstanding.buckets
        ],
        below_zero=outstanding.below_zero,
        lapsed_unwritten=outstanding.lapsed_unwritten,
    )


def _breakage(breakage: pb.Breakage) -> Breakage:
    return Breakage(
        observed_from=known_instant(breakage, "observed_from"),
        observed_until=known_instant(breakage, "observed_until"),
        expired=breakage.expired,
        spent=breakage.spent,
        breakage_bp=breakage.breakage_bp if breakage.HasField("breakage_bp") else None,
        redemption_bp=breakage.redemption_bp if breakage.HasField("redemption_bp") else None,
    )


def _deferred(deferred: pb.DeferredRevenue) -> DeferredRevenue:
    return DeferredRevenue(**{name: getattr(deferred, name) for name in DeferredRevenue.model_fields})


LIABILITY_HEADS = ("section", "item", "value")


def liability_rows(model: Liability) -> Iterator[tuple[Cell, ...]]:
    """A row a figure: the section that it stands in, its name, and the figure."""
    for name in ("program_id", "wallet", "recorded_from", "recorded_until", "measured_at", "read_at"):
        yield "report", name, getattr(model, name)
    for name in Flow.model_fields:
        yield "flow", name, getattr(model.flow, name)
    yield "outstanding", "pending", model.outstanding.pending
    for bucket in model.outstanding.buckets:
        yield "outstanding", f"days {bucket.days_from} to {bucket.days_to or 'any'}", bucket.points
    yield "outstanding", "below_zero", model.outstanding.below_zero
    yield "outstanding", "lapsed_unwritten", model.outstanding.lapsed_unwritten
    yield "expiry", "lapsed", model.outlook.lapsed
    for month in model.outlook.months:
        yield "expiry", month.month, month.points
    yield "expiry", "later", model.outlook.later
    yield "expiry", "never", model.outlook.never
    for name in Breakage.model_fields:
        yield "breakage", name, getattr(model.breakage, name)
    if model.deferred_revenue is not None:
        for name in DeferredRevenue.model_fields:
            yield "deferred_revenue", name, getattr(model.deferred_revenue, name)
