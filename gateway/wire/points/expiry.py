"""When a rule's points lapse."""

from __future__ import annotations

from typing import Annotated, Literal

from loyalty.points.v1 import terms_pb2 as pb
from pydantic import Field, StrictInt, StringConstraints

from gateway.wire.base import RequestModel, Text100
from gateway.wire.enums import number_of, word_of

ExpiryWord = Literal["never", "days", "month_end", "quarter_end", "year_end", "dates", "inactivity"]
DatePattern = Annotated[str, StringConstraints(strict=True, pattern=r"^(\d{4}-)?\d{2}-\d{2}$")]
DATES_MAX = 50


class Expiry(RequestModel):
    """When points lapse, by the calendar of the rule's time zone."""

    kind: ExpiryWord
    """Never; days after they can be spent; with the month, quarter or year in which they can be spent first; with the
    next of the given dates; or when the account has not been active for so many days since they can be spent."""
    days: Annotated[StrictInt, Field(ge=0, le=36_500)] = 0
    """Of days and inactivity, from 1; of dates, how far ahead the date must lie at least."""
    periods_later: Annotated[StrictInt, Field(ge=0, le=120)] = 0
    """How many months, quarters or years later than the first."""
    dates: list[DatePattern] = Field(default=[], max_length=DATES_MAX)
    """Last days, such as 03-31 of every year or 2027-03-31. Points for which none lies ahead never lapse."""

    def to_proto(self) -> pb.Expiry:
        """The same for `points`."""
        return pb.Expiry(
            kind=number_of(pb.ExpiryKind, self.kind),
            days=self.days,
            periods_later=self.periods_later,
            dates=self.dates,
        )


class TierExpiry(RequestModel):
    """When the points of members of one tier lapse."""

    tier: Text100
    expiry: Expiry

    def to_proto(self) -> pb.TierExpiry:
        """The same for `points`."""
        return pb.TierExpiry(tier=self.tier, expiry=self.expiry.to_proto())


def expiry_of(expiry: pb.Expiry) -> Expiry:
    """The same as answered."""
    return Expiry(
        kind=word_of(pb.ExpiryKind, expiry.kind),
        days=expiry.days,
        periods_later=expiry.periods_later,
        dates=list(expiry.dates),
    )


def tier_expiry_of(each: pb.TierExpiry) -> TierExpiry:
    """The same as answered."""
    return TierExpiry(tier=each.tier, expiry=expiry_of(each.expiry))
