import dataclasses
import enum
import uuid
from datetime import UTC, datetime

import pytest

from kit.errors import NotFound
from kit.idempotency import Outcome, answered, differing_fields, field_digests

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
class Spoon:
    metal: str


@dataclasses.dataclass(frozen=True)
class Taste:
    jar: str
    spoon: Spoon | None
    spoons: tuple[Spoon, ...]


@dataclasses.dataclass(frozen=True)
class SpoonLater(Spoon):
    """A spoon that has learned to say more."""

    length_mm: int = 0
    marks: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TasteLater:
    """What was a Taste, said with later fields."""

    jar: str
    spoon: SpoonLater | None
    spoons: tuple[SpoonLater, ...]
    slowly: bool = False


EARLIER = Taste("quince", Spoon("tin"), (Spoon("tin"), Spoon("iron")))
LATER = TasteLater("quince", SpoonLater("tin"), (SpoonLater("tin"), SpoonLater("iron")))


def test_what_was_asked_before_a_field_was_added_is_still_the_same() -> None:
    assert field_digests(LATER) == field_digests(EARLIER)


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (dataclasses.replace(LATER, slowly=True), ["slowly"]),
        (dataclasses.replace(LATER, spoon=SpoonLater("tin", 90)), ["spoon"]),
        (dataclasses.replace(LATER, spoons=(SpoonLater("tin"), SpoonLater("iron", 0, ("W",)))), ["spoons"]),
    ],
)
def test_what_a_field_says_that_was_added_makes_another_request(said: TasteLater, fields: list[str]) -> None:
    assert differing_fields(field_digests(EARLIER), field_digests(said)) == fields
