"""Activities on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from loyalty.points.v1 import earning_pb2 as pb

from kit.convert import EnumMap, enum_of, request_id_of, required_instant, text_of, timestamp_of, uuid_of
from kit.errors import Invalid
from services.points.convert.common import NAME_LENGTH_MAX, event_name_of
from services.points.convert.earning.earnings import to_earner, to_earning, to_sentence
from services.points.convert.ledger.accounts import to_account
from services.points.domain.earning.activities import (
    COUNTERPART,
    Activity,
    ActivityAnswer,
    ActivityKind,
    ActivityReport,
    RecordActivity,
    happens_once,
)
from services.points.domain.earning.earnings import Unearned
from services.points.domain.earning.terms import Trigger

SOURCE_LENGTH_MAX = 50
ATTRIBUTES_MAX = 20
ATTRIBUTE_NAME_LENGTH_MAX = 50
ATTRIBUTE_LENGTH_MAX = 200

ROLES = ("advocate", "friend")

ACTIVITY_KIND = EnumMap(pb.ActivityKind, ActivityKind)


def record_activity(request: pb.RecordActivityRequest) -> RecordActivity:
    """A wish to record what a member did."""
    member_id = uuid_of(request.member_id, "member_id")
    report = _report(request)
    if report.kind is ActivityKind.REFERRAL:
        _expect_of_referral(report.attributes, member_id)
    return RecordActivity(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=member_id,
        report=report,
    )


def get_activity(request: pb.GetActivityRequest) -> tuple[UUID, UUID]:
    """Which activity is asked for."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.activity_id, "activity_id")


def _report(request: pb.RecordActivityRequest) -> ActivityReport:
    kind = enum_of(request.kind, "kind", ACTIVITY_KIND)
    return ActivityReport(
        kind=kind,
        name=_name(request.name, kind),
        occurred_at=required_instant(request, "occurred_at"),
        source=text_of(request.source, "source", length_max=SOURCE_LENGTH_MAX),
        activity_key=text_of(
            request.activity_key, "activity_key", length_max=NAME_LENGTH_MAX, length_min=0 if happens_once(kind) else 1
        ),
        store_id=text_of(request.store_id, "store_id", length_max=NAME_LENGTH_MAX, length_min=0),
        cashier_id=text_of(request.cashier_id, "cashier_id", length_max=NAME_LENGTH_MAX, length_min=0),
        attributes=_attributes(request.attributes),
    )


def _name(name: str, kind: ActivityKind) -> str:
    if kind is ActivityKind.EVENT:
        return event_name_of(name, "name")
    if name:
        raise Invalid("name", "is what an event has, and nothing else")
    return ""


def _attributes(told: Mapping[str, str]) -> dict[str, str]:
    if len(told) > ATTRIBUTES_MAX:
        raise Invalid("attributes", f"must have at most {ATTRIBUTES_MAX} items")
    attributes: dict[str, str] = {}
    for given in sorted(told):
        name = text_of(given, "attributes", length_max=ATTRIBUTE_NAME_LENGTH_MAX)
        if name in attributes:
            raise Invalid(f"attributes[{name}]", "is given twice, in two ways of writing one name")
        attributes[name] = text_of(told[given], f"attributes[{name}]", length_max=ATTRIBUTE_LENGTH_MAX, length_min=0)
    return attributes


def _expect_of_referral(attributes: Mapping[str, str], member_id: UUID) -> None:
    """Rules give advocates and friends different points, and nobody refers themselves."""
    if attributes.get("role") not in ROLES:
        raise Invalid("attributes[role]", f"must be {' or '.join(ROLES)} in a referral")
    counterpart, field = attributes.get(COUNTERPART), f"attributes[{COUNTERPART}]"
    if counterpart is not None and uuid_of(counterpart, field) == member_id:
        raise Invalid(field, "must be another member")


# ---- To the wire -----------------------------------------------------------------------------------------------------


def record_activity_response(answer: ActivityAnswer) -> pb.RecordActivityResponse:
    """The activity and the account after it."""
    account = None if answer.account is None else to_account(answer.account)
    return pb.RecordActivityResponse(activity=to_activity(answer.activity), account=account)


def _unearned(report: ActivityReport) -> Unearned:
    return Unearned(Trigger(report.kind.value), activity_name=report.name)


def to_activity(activity: Activity) -> pb.Activity:
    """An activity as it was recorded."""
    report = activity.report
    return pb.Activity(
        activity_id=str(activity.activity_id),
        program_id=str(activity.program_id),
        member_id=str(activity.member_id),
        kind=ACTIVITY_KIND.to_proto(report.kind),
        name=report.name,
        occurred_at=timestamp_of(report.occurred_at),
        source=report.source,
        activity_key=report.activity_key,
        store_id=report.store_id,
        cashier_id=report.cashier_id,
        attributes=report.attributes,
        earnings=[to_earning(earning) for earning in activity.earnings],
        earner=to_earner(activity.earnings),
        sentence=to_sentence(activity.earnings, _unearned(report)),
        points_earned=activity.points_earned,
        recorded_at=timestamp_of(activity.recorded_at),
    )
