"""Events on paper: what an entry of a stream says."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.events import Event, from_entry, to_entry

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    Event,
    id=st.uuids(version=4),
    aggregate_type=st.sampled_from(["jar", "shelf"]),
    aggregate_id=st.uuids(version=4),
    type=st.sampled_from(["jar.opened", "shelf.cleared"]),
    version=st.integers(1, 2**60),
    program_id=st.uuids(version=4),
    occurred_at=st.datetimes(timezones=st.just(UTC)),
    payload=st.dictionaries(st.text(), plain, max_size=4),
)
JAR_ID = uuid.UUID("11111111-1111-4111-8111-111111111111")
EVENT = Event(
    id=uuid.UUID("01940000-0000-7000-8000-000000000001"),
    aggregate_type="jar",
    aggregate_id=JAR_ID,
    type="jar.opened",
    version=3,
    program_id=uuid.UUID("22222222-2222-4222-8222-222222222222"),
    occurred_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    payload={"grams": 250},
)


@given(events)
def test_an_entry_can_be_read_back(event: Event) -> None:
    assert from_entry(to_entry(event, "wafa:pantry")) == event


def test_an_entry_is_a_cloud_event() -> None:
    assert to_entry(EVENT, "wafa:pantry") == {
        "specversion": "1.0",
        "id": "01940000-0000-7000-8000-000000000001",
        "source": "wafa:pantry",
        "type": "jar.opened",
        "subject": "jar/11111111-1111-4111-8111-111111111111",
        "time": "2026-11-22T09:30:00+00:00",
        "datacontenttype": "application/json",
        "programid": "22222222-2222-4222-8222-222222222222",
        "aggregateversion": "3",
        "data": '{"grams":250}',
    }


def test_attributes_that_a_newer_publisher_adds_are_ignored() -> None:
    assert from_entry({**to_entry(EVENT, "wafa:pantry"), "traceparent": "00-…"}) == EVENT


@pytest.mark.parametrize(
    "change",
    [{"id": "x"}, {"subject": "jar"}, {"data": "["}, {"data": "[]"}, {"time": "soon"}, {"aggregateversion": ""}],
)
def test_what_is_no_event_is_a_value_error(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_entry({**to_entry(EVENT, "wafa:pantry"), **change})


@pytest.mark.parametrize("missing", ["id", "subject", "type", "aggregateversion", "programid", "time", "data"])
def test_what_lacks_an_attribute_is_a_value_error(missing: str) -> None:
    entry = to_entry(EVENT, "wafa:pantry")
    del entry[missing]
    with pytest.raises(ValueError, match=missing):
        from_entry(entry)
