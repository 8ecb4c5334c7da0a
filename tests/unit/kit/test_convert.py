import enum
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from loyalty.members.v1 import members_pb2 as pb

from kit.convert import (
    EnumMap,
    currency_of,
    date_of,
    enum_of,
    instant_of,
    integer_of,
    optional_enum,
    optional_instant,
    optional_uuid,
    prose_of,
    request_id_of,
    required_instant,
    text_of,
    timestamp_of,
    uuid_of,
)
from kit.errors import Invalid

ID = "0b8f3c52-9c6e-4f5e-8a53-0d6a7f2f9d11"


class Status(enum.Enum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EARN_ONLY = "earn_only"
    TERMINATED = "terminated"


STATUSES = EnumMap(pb.MemberStatus, Status)


def test_a_uuid_is_read_in_its_canonical_form() -> None:
    assert uuid_of(ID, "jar_id") == uuid.UUID(ID)
    assert uuid_of(ID.upper(), "jar_id") == uuid.UUID(ID)


@pytest.mark.parametrize("text", [ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID}\n", "jar", ID[:-1] + "g"])
def test_other_spellings_of_a_uuid_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="jar_id: must be a UUID"):
        uuid_of(text, "jar_id")


def test_an_absent_uuid_is_nothing_only_where_it_may_be() -> None:
    assert optional_uuid("", "jar_id") is None
    assert optional_uuid(ID, "jar_id") == uuid.UUID(ID)
    with pytest.raises(Invalid, match="jar_id: is missing"):
        uuid_of("", "jar_id")


def test_white_space_around_a_text_is_not_part_of_it() -> None:
    assert text_of("  Quince jelly\u00a0 ", "name", length_max=12) == "Quince jelly"


@pytest.mark.parametrize(
    ("text", "problem"), [("", "is missing"), ("   ", "is missing"), ("abcde", "must have 1 to 4")]
)
def test_a_text_has_its_length(text: str, problem: str) -> None:
    with pytest.raises(Invalid, match=f"name: {problem}"):
        text_of(text, "name", length_max=4)


def test_a_text_may_be_empty_where_it_is_said_so() -> None:
    assert text_of(" ", "name", length_max=4, length_min=0) == ""


@pytest.mark.parametrize("unfit", ["\x00", "\n", "\t", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("form", ["a{}b", "{}ab", "ab{}"])
def test_control_characters_are_refused_wherever_they_stand(unfit: str, form: str) -> None:
    with pytest.raises(Invalid, match="control characters"):
        text_of(form.format(unfit), "name", length_max=10)


def test_urdu_keeps_its_joiners_in_names_and_its_marks_in_prose() -> None:
    assert text_of("می\u200cخواہم \u200f١٢", "name", length_max=20) == "می\u200cخواہم ١٢"
    assert prose_of("می\u200cخواہم \u200f١٢", "reason", length_max=20) == "می\u200cخواہم \u200f١٢"


@pytest.mark.parametrize("read", [text_of, prose_of])
def test_a_length_counts_what_is_left(read: Callable[..., str]) -> None:
    assert read("e\u0301" * 4 + "\ufeff ", "name", length_max=4) == "éééé"
    with pytest.raises(Invalid, match="name: is missing"):
        read("\u2060\ufeff", "name", length_max=4)


def test_a_problem_does_not_repeat_the_value() -> None:
    with pytest.raises(Invalid) as refused:
        text_of("anna@example.com", "name", length_max=3)
    assert "anna" not in refused.value.message


def test_an_idempotency_key_is_taken_as_it_is() -> None:
    assert request_id_of("~Till-4/0001!") == "~Till-4/0001!"
    assert request_id_of("k" * 255) == "k" * 255


@pytest.mark.parametrize("text", ["", "k" * 256, "a b", " a", "a\n", "é", "\x00"])
def test_other_idempotency_keys_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="request_id"):
        request_id_of(text)


def test_an_integer_keeps_its_bounds() -> None:
    assert [integer_of(value, "count", at_least=1, at_most=3) for value in (1, 3)] == [1, 3]
    for value in (0, 4):
        with pytest.raises(Invalid, match="count: must be between 1 and 3"):
            integer_of(value, "count", at_least=1, at_most=3)


def test_a_currency_is_one_that_people_pay_with() -> None:
    assert currency_of("PKR", "price.currency") == "PKR"


@pytest.mark.parametrize("text", ["", "eur", "EU", "XAU", "XXX", "ZZZ"])
def test_other_currencies_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"price\.currency"):
        currency_of(text, "price.currency")


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_from_the_wire_as_it_was(instant: datetime) -> None:
    assert instant_of(timestamp_of(instant), "at") == instant


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    karachi = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=5)))

    assert instant_of(timestamp_of(karachi), "at") == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


def test_an_instant_is_cut_to_microseconds() -> None:
    assert instant_of(Timestamp(seconds=1, nanos=1_999), "at") == datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "timestamp",
    [
        Timestamp(seconds=-62_135_596_801),
        Timestamp(seconds=253_402_300_800),
        Timestamp(nanos=-1),
        Timestamp(nanos=1_000_000_000),
    ],
)
def test_instants_beyond_the_calendar_are_refused(timestamp: Timestamp) -> None:
    with pytest.raises(Invalid, match="at: must be between the years 1 and 9999"):
        instant_of(timestamp, "at")


def test_a_naive_instant_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="time zone"):
        timestamp_of(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_an_absent_instant_is_nothing_and_not_1970() -> None:
    absent, present = pb.Program(), pb.Program(created_at=Timestamp(seconds=60))

    assert optional_instant(absent, "created_at") is None
    assert optional_instant(present, "created_at") == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert required_instant(present, "created_at") == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    with pytest.raises(Invalid, match=r"program\.created_at: is missing"):
        required_instant(absent, "created_at", "program.created_at")


def test_a_date_is_read_in_full() -> None:
    assert date_of("2024-02-29", "birth_date") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text", ["", "20240229", "2024-W09-4", "2023-02-29", "29.2.2024", "2024-2-29", "2024-02-29T00"]
)
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="birth_date"):
        date_of(text, "birth_date")


@pytest.mark.parametrize("status", list(Status))
def test_enums_travel_both_ways(status: Status) -> None:
    number = STATUSES.to_proto(status)

    assert pb.MemberStatus.Name(number) == f"MEMBER_STATUS_{status.name}"
    assert enum_of(number, "status", STATUSES) is status


def test_what_an_enum_does_not_know_is_refused() -> None:
    with pytest.raises(Invalid, match="status: is missing"):
        enum_of(0, "status", STATUSES)
    with pytest.raises(Invalid, match="status: must be one of ACTIVE, SUSPENDED, EARN_ONLY, TERMINATED"):
        enum_of(99, "status", STATUSES)
    assert optional_enum(0, "status", STATUSES) is None


def test_enums_that_have_drifted_apart_are_noticed_at_once() -> None:
    narrower: Any = enum.Enum("narrower", ["ACTIVE", "GONE"])

    with pytest.raises(TypeError, match="differ in EARN_ONLY, GONE, SUSPENDED, TERMINATED"):
        EnumMap(pb.MemberStatus, narrower)
