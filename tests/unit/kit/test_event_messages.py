"""Messages of events as JSON and back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.members.v1 import events_pb2 as members
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import events_pb2 as points
from loyalty.points.v1 import tenders_pb2

from kit.events import Hears, event_of
from kit.events.payload import from_payload, to_payload

NOON = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
ENROLLED = members.MemberEnrolled(
    status=members_pb2.MEMBER_STATUS_EARN_ONLY, tier="gold", segments=["old", "vip"], attributes={"city": "Lahore"}
)
RECORDED = points.PurchaseRecorded(
    store_id="S1",
    total_minor=2**63 - 1,
    lines=[points.PurchaseRecorded.Line(line_id="1", sku="LAMP", quantity_milli=-1_000, amount_minor=-250)],
    tenders=[points.PurchaseRecorded.Payment(kind=tenders_pb2.TENDER_KIND_PAYMENT_CARD, amount_minor=-250)],
)
EARNED = points.PointsEarned(
    wallet="points", amount=5, available_at=Timestamp(seconds=1_700_000_000, nanos=250_000_000)
)


@pytest.mark.parametrize("message", [ENROLLED, RECORDED, EARNED], ids=lambda message: message.DESCRIPTOR.name)
def test_what_was_written_is_read_as_the_same(message: Message) -> None:
    payload = orjson.loads(orjson.dumps(to_payload(message)))
    assert from_payload(payload, type(message)) == message


def test_choices_are_short_names_and_instants_are_texts() -> None:
    assert to_payload(ENROLLED)["status"] == "earn_only"
    assert to_payload(EARNED)["available_at"] == "2023-11-14T22:13:20.250000+00:00"


def test_integers_of_64_bits_are_numbers() -> None:
    assert to_payload(RECORDED)["total_minor"] == 2**63 - 1
    assert to_payload(RECORDED)["lines"][0]["quantity_milli"] == -1_000


def test_what_may_be_absent_is_and_what_may_not_is_always_there() -> None:
    payload = to_payload(points.PurchaseRecorded())
    assert "member_id" not in payload
    assert (payload["points_earned"], payload["currency"], payload["lines"]) == (0, "", [])
    assert "expires_at" not in to_payload(EARNED)


def test_fields_of_newer_publishers_are_ignored() -> None:
    newer = to_payload(RECORDED) | {"weather": {"is": "fine"}}
    newer["lines"][0]["colour"] = "red"
    assert from_payload(newer, points.PurchaseRecorded) == RECORDED


def test_fields_that_older_announcers_did_not_send_have_their_defaults() -> None:
    message = from_payload({"status": "active", "tier": None}, members.MemberEnrolled)
    assert message == members.MemberEnrolled(status=members_pb2.MEMBER_STATUS_ACTIVE)


def test_a_choice_that_is_not_known_is_the_unspecified_one() -> None:
    assert from_payload({"status": "on_holiday"}, members.MemberEnrolled).status == 0


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"total_minor": "12"}, "PurchaseRecorded.total_minor"),
        ({"total_minor": 2**63}, "PurchaseRecorded.total_minor"),
        ({"store_id": 7}, "PurchaseRecorded.store_id"),
        ({"lines": 7}, "PurchaseRecorded.lines"),
        ({"lines": ["one"]}, "PurchaseRecorded.lines"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_name(payload: dict[str, Any], path: str) -> None:
    with pytest.raises(ValueError, match=path):
        from_payload(payload, points.PurchaseRecorded)


def test_an_event_is_what_its_message_says_it_is() -> None:
    jar_id, program_id = uuid.uuid4(), uuid.uuid4()
    event = event_of(ENROLLED, aggregate_id=jar_id, version=3, program_id=program_id, occurred_at=NOON)
    assert (event.type, event.aggregate_type) == ("member.enrolled", "member")
    assert (event.aggregate_id, event.version, event.program_id, event.occurred_at) == (jar_id, 3, program_id, NOON)
    assert event.payload == to_payload(ENROLLED)


def test_a_message_that_is_no_event_is_none() -> None:
    with pytest.raises(TypeError, match=r"PurchaseRecorded\.Line"):
        Hears("wafa:points", points.PurchaseRecorded.Line)


def test_a_listener_is_given_the_messages_that_it_knows() -> None:
    hears = Hears("wafa:members", members.MemberEnrolled)
    event = event_of(ENROLLED, aggregate_id=uuid.uuid4(), version=1, program_id=uuid.uuid4(), occurred_at=NOON)
    other = event_of(EARNED, aggregate_id=uuid.uuid4(), version=1, program_id=uuid.uuid4(), occurred_at=NOON)
    assert hears.message(event) == ENROLLED
    assert hears.message(other) is None
