"""What members do that is no purchase."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.points.v1 import earning_pb2 as pb
from pydantic import Field, StringConstraints

from gateway.wire.base import (
    CANONICAL_NAME,
    FIT,
    Id,
    Instant,
    MaybeText100,
    RequestModel,
    ResponseModel,
    Text50,
    UrlModel,
    example,
    known_instant,
)
from gateway.wire.enums import number_of, word_of
from gateway.wire.points.accounts import Account, account_of
from gateway.wire.points.earnings import Earner, Earning, earner_of, earning_of
from gateway.wire.points.sales import MemberReference
from kit.convert import timestamp_of

ActivityWord = Literal["event", "visit", "enrolment", "birthday", "referral"]
ATTRIBUTES_MAX = 20

EVENT_NAME_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"
MaybeEventName = Annotated[str, StringConstraints(strict=True, pattern=f"{EVENT_NAME_PATTERN}|^$")]
Attribute = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=FIT), CANONICAL_NAME]
# As it is sent: were two that are one name made the same here, the later would be taken without a word.
AttributeName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=50, pattern=FIT)]


class ActivityPath(UrlModel):
    """An activity in a path."""

    activity_id: Id


class ActivityBody(RequestModel):
    """What a member did, or what became of them. Of a referral, the two members' parts are two activities."""

    model_config = example(
        {
            "member": {"identifier": {"kind": "phone", "value": "+923001234567"}},
            "kind": "event",
            "name": "app-installed",
            "occurred_at": "2026-11-21T18:30:00Z",
            "source": "app",
            "activity_key": "install-7f3a",
            "attributes": {"platform": "android"},
        }
    )

    member: MemberReference
    kind: ActivityWord
    name: MaybeEventName = ""
    """Which event; empty for every other kind."""
    occurred_at: Instant
    """By the caller's clock, at most a day ahead of ours."""
    source: Text50
    """The system that tells it."""
    activity_key: MaybeText100 = ""
    """Names it for good among all that the source tells: the same again gives the first answer, whatever the key in the
    header. Of enrolments, and of birthdays in each year of the program's calendar, there is one a member anyway."""
    store_id: MaybeText100 = ""
    cashier_id: MaybeText100 = ""
    """Who was there; no personal data."""
    attributes: dict[AttributeName, Attribute] = Field(default={}, max_length=ATTRIBUTES_MAX)
    """What conditions may ask about; no personal data. A referral has its `role`, "advocate" or "friend", and may name
    the other member as `counterpart_member_id`."""

    def to_proto(self, program_id: str, request_id: str, member_id: str) -> pb.RecordActivityRequest:
        """The request for `points`."""
        return pb.RecordActivityRequest(
            program_id=program_id,
            request_id=request_id,
            member_id=member_id,
            kind=number_of(pb.ActivityKind, self.kind),
            name=self.name,
            occurred_at=timestamp_of(self.occurred_at),
            source=self.source,
            activity_key=self.activity_key,
            store_id=self.store_id,
            cashier_id=self.cashier_id,
            attributes=self.attributes,
        )


class Activity(ResponseModel):
    """What a member did, with what it gave."""

    activity_id: str
    member_id: str
    kind: ActivityWord
    name: str | None
    occurred_at: datetime
    source: str
    activity_key: str | None
    store_id: str | None
    cashier_id: str | None
    attributes: dict[str, str]
    earnings: list[Earning]
    """What every rule in force made of it, those that gave nothing included."""
    earner: Earner | None
    """Whom the rules saw, when they were asked; null where none was in force."""
    sentence: str | None
    """Why nothing was earned, where no rule was in force for it; null where the earnings say it."""
    points_earned: int
    recorded_at: datetime


class ActivityAnswer(ResponseModel):
    """An activity and the account after it."""

    activity: Activity
    account: Account


def activity_of(activity: pb.Activity) -> Activity:
    """The activity as answered."""
    return Activity(
        activity_id=activity.activity_id,
        member_id=activity.member_id,
        kind=word_of(pb.ActivityKind, activity.kind),
        name=activity.name or None,
        occurred_at=known_instant(activity, "occurred_at"),
        source=activity.source,
        activity_key=activity.activity_key or None,
        store_id=activity.store_id or None,
        cashier_id=activity.cashier_id or None,
        attributes=dict(activity.attributes),
        earnings=[earning_of(earning) for earning in activity.earnings],
        earner=earner_of(activity),
        sentence=activity.sentence or None,
        points_earned=activity.points_earned,
        recorded_at=known_instant(activity, "recorded_at"),
    )


def activity_answer_of(answer: pb.RecordActivityResponse) -> ActivityAnswer:
    """The activity and the account as answered."""
    return ActivityAnswer(activity=activity_of(answer.activity), account=account_of(answer.account))
