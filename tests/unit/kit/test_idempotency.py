import dataclasses
import enum
import uuid
from datetime import UTC, datetime

import pytest

from kit.errors import NotFound
from kit.idempotency import CAME_LATER, Outcome, answered, differing_fields, field_digests

PROGRAM = uuid.UUID(int=1)


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@dataclasses.dataclass(frozen=True)
class Label:
    text: str
    colour: Colour


@dataclasses.dataclass(frozen=True)
class TakeJar:
    program_id: uuid.UUID
    request_id: str
    jar_id: uuid.UUID
    count: int
    labels: tuple[Label, ...] = ()
    taken_at: datetime | None = None


TAKE = TakeJar(PROGRAM, "k1", uuid.UUID(int=2), 1, (Label("quince", Colour.RED),), datetime(2026, 1, 1, tzinfo=UTC))


def test_equal_requests_have_equal_digests() -> None:
    assert field_digests(TAKE) == field_digests(dataclasses.replace(TAKE))


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        (dataclasses.replace(TAKE, count=2), ["count"]),
        (dataclasses.replace(TAKE, labels=(Label("quince", Colour.GREEN),)), ["labels"]),
        (dataclasses.replace(TAKE, taken_at=None, jar_id=PROGRAM), ["jar_id", "taken_at"]),
    ],
)
def test_digests_tell_which_fields_differ(changed: TakeJar, fields: list[str]) -> None:
    assert differing_fields(field_digests(TAKE), field_digests(changed)) == fields


def test_what_is_left_out_does_not_count() -> None:
    digests = field_digests(TAKE, without=("program_id", "request_id"))

    assert digests.keys() == {"jar_id", "count", "labels", "taken_at"}


def test_a_field_that_only_one_side_knows_differs() -> None:
    assert differing_fields({"count": "a"}, {"count": "a", "size": "b"}) == ["size"]


def test_a_key_makes_digests_that_nobody_else_can_make() -> None:
    assert differing_fields(field_digests(TAKE), field_digests(TAKE, key=b"pepper")) == sorted(
        field.name for field in dataclasses.fields(TAKE)
    )


def test_digests_are_the_same_in_every_process_and_release() -> None:
    # Stored fingerprints are compared with new ones for as long as they are kept.
    assert field_digests(TAKE)["count"] == "902a7e1237f375f9588bac15"


def test_an_outcome_gives_its_answer_or_raises_its_refusal() -> None:
    refusal = NotFound("no such jar")

    assert answered(3).unwrap() == 3
    assert not answered(3).replayed
    with pytest.raises(NotFound) as raised:
        Outcome[int](None, refusal, replayed=True).unwrap()
    assert raised.value is refusal


@dataclasses.dataclass(frozen=True)
class TakeJarLater:
    """A command that has learned to say how many."""

    shelf: str
    jars: int = dataclasses.field(default=0, metadata=CAME_LATER)


def test_a_request_of_before_a_field_came_is_still_the_same() -> None:
    stored = {"shelf": field_digests(TakeJarLater("top"))["shelf"]}
    assert differing_fields(stored, field_digests(TakeJarLater("top"))) == []
    assert differing_fields(stored, field_digests(TakeJarLater("top", 2))) == ["jars"]
