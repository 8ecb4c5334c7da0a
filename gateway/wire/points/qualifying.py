"""Qualifying units: what tiers go by."""

from __future__ import annotations

from datetime import datetime

from loyalty.points.v1 import earning_pb2 as pb
from pydantic import Field, ValidationInfo, field_validator

from gateway.wire.base import FIT, Instant, ResponseModel, UrlModel, instant, known_instant


class QualifyingQuery(UrlModel):
    """Which wallet, and over which window of time."""

    wallet: str = Field("", max_length=50, pattern=FIT, description='Which wallet; empty means "points".')
    start: Instant | None = Field(
        None, alias="from", description="The window begins with this instant; nothing for the beginning of time."
    )
    end: Instant | None = Field(
        None, alias="to", description="And ends just before this one, which must be later; nothing for the end of time."
    )

    @field_validator("end")
    @classmethod
    def _ends_after_it_begins(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start")
        if start is not None and end is not None and end <= start:
            raise ValueError("must be later than `from`")
        return end


class QualifyingSum(ResponseModel):
    """What rules whose points qualify gave for what occurred in a window, less what returns of it took.

    Spending, expiry, holds and transfers never change it.
    """

    member_id: str
    wallet: str
    occurred_from: datetime | None
    occurred_until: datetime | None
    units: int
    read_at: datetime
    """When it was read."""


def qualifying_sum_of(answer: pb.GetQualifyingSumsResponse) -> QualifyingSum:
    """The sum over the one window that was asked for, as answered."""
    (found,) = answer.sums
    return QualifyingSum(
        member_id=answer.member_id,
        wallet=answer.wallet,
        occurred_from=instant(found.window, "occurred_from"),
        occurred_until=instant(found.window, "occurred_until"),
        units=found.units,
        read_at=known_instant(answer, "read_at"),
    )
