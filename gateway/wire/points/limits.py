"""How much a rule may give."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from loyalty.points.v1 import explanations_pb2
from loyalty.points.v1 import terms_pb2 as pb
from pydantic import Field, StrictInt

from gateway.wire.base import RequestModel, ResponseModel
from gateway.wire.enums import number_of, word_of

ScopeWord = Literal["member", "member_and_cashier", "program", "store"]
SpanWord = Literal["purchase", "day", "week", "month", "year", "ever"]
UnitWord = Literal["points", "purchases"]
LimitPolicyWord = Literal["cut", "refuse"]


class Limit(RequestModel):
    """At most so many points, or purchases or activities, in each window."""

    scope: ScopeWord
    """Each member, or each member with each cashier: a cap. All members together, or each store: a budget."""
    span: SpanWord
    """A calendar window in the rule's time zone; weeks begin on Monday. A single purchase is of a member, in points."""
    unit: UnitWord = "points"
    """Points given, or purchases or activities that were given any."""
    at_most: Annotated[StrictInt, Field(ge=1, le=1_000_000_000_000)]

    def to_proto(self) -> pb.EarningLimit:
        """The limit for `points`."""
        return pb.EarningLimit(
            scope=number_of(pb.LimitScope, self.scope),
            span=number_of(pb.LimitSpan, self.span),
            unit=number_of(pb.LimitUnit, self.unit),
            at_most=self.at_most,
        )


class MetLimit(ResponseModel):
    """A limit as a purchase met it."""

    limit: Limit
    starts_on: date | None
    """First day of the window that the purchase lies in; null where a limit has one window only."""
    used: int
    """What was used in that window before."""


def limit_of(limit: pb.EarningLimit) -> Limit:
    """The limit as answered."""
    return Limit(
        scope=word_of(pb.LimitScope, limit.scope),
        span=word_of(pb.LimitSpan, limit.span),
        unit=word_of(pb.LimitUnit, limit.unit),
        at_most=limit.at_most,
    )


def met_limit_of(met: explanations_pb2.MetLimit) -> MetLimit:
    """The limit with its window as answered."""
    starts_on = date.fromisoformat(met.starts_on) if met.starts_on else None
    return MetLimit(limit=limit_of(met.limit), starts_on=starts_on, used=met.used)
