"""What makes two requests the same, and what makes them differ."""

import dataclasses
import enum
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.digests import differing_fields, digests_in_order, field_digests

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


def test_absent_fields_do_not_count() -> None:
    digests = field_digests(TAKE, without=("program_id", "request_id"))

    assert digests.keys() == {"jar_id", "count", "labels", "taken_at"}


def test_a_field_that_only_one_side_knows_differs() -> None:
    assert differing_fields({"count": "a"}, {"count": "a", "size": "b"}) == ["size"]


def test_digests_with_a_key_cannot_be_made_without_it() -> None:
    assert differing_fields(field_digests(TAKE), field_digests(TAKE, key=b"pepper")) == sorted(
        field.name for field in dataclasses.fields(TAKE)
    )


def test_digests_are_the_same_in_every_process_and_release() -> None:
    # Stored fingerprints are compared with new ones for as long as they are kept.
    assert field_digests(TAKE)["count"] == "902a7e1237f375f9588bac15"


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


# ---- what says nothing


@dataclasses.dataclass(frozen=True)
class Shelf:
    """Lists within lists, and instants within them."""

    jars: tuple[TakeJar, ...]
    names: tuple[str, ...]
    marks: dict[str, tuple[int, ...]]


jars = st.builds(
    TakeJar,
    st.just(PROGRAM),
    st.just("k"),
    st.just(PROGRAM),
    st.integers(0, 2),
    st.lists(st.builds(Label, st.sampled_from("ab"), st.sampled_from(Colour)), max_size=3).map(tuple),
    st.none() | st.integers(0, 3_000).map(lambda ms: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)),
)
shelves = st.builds(
    Shelf,
    st.lists(jars, max_size=4).map(tuple),
    st.lists(st.sampled_from("abc"), max_size=4).map(tuple),
    st.dictionaries(st.sampled_from("xy"), st.lists(st.integers(0, 2), max_size=3).map(tuple)),
)


@given(shelves, st.randoms(use_true_random=False))
def test_the_order_of_a_list_says_nothing_at_any_depth(shelf: Shelf, chance: Any) -> None:
    def shuffled(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(items, len(items)))

    again = Shelf(
        shuffled(tuple(dataclasses.replace(jar, labels=shuffled(jar.labels)) for jar in shelf.jars)),
        shuffled(shelf.names),
        {name: shuffled(marks) for name, marks in shelf.marks.items()},
    )
    assert field_digests(again) == field_digests(shelf)


@given(shelves, shelves)
def test_only_what_says_the_same_has_the_same_digests(one: Shelf, other: Shelf) -> None:
    def said(shelf: Shelf) -> Any:
        jars = [
            (jar.count, sorted(map(repr, jar.labels)), jar.taken_at and jar.taken_at.replace(microsecond=0))
            for jar in shelf.jars
        ]
        marks = sorted((name, sorted(marks)) for name, marks in shelf.marks.items())
        return sorted(map(repr, jars)), sorted(shelf.names), marks

    assert (field_digests(one) == field_digests(other)) == (said(one) == said(other))


def test_what_a_list_holds_twice_counts_twice() -> None:
    quince, pear = Label("quince", Colour.RED), Label("pear", Colour.RED)
    lists = [(quince,), (quince, quince), (quince, pear), (quince, quince, pear), (quince, pear, pear)]
    assert len({field_digests(dataclasses.replace(TAKE, labels=labels))["labels"] for labels in lists}) == len(lists)


def test_instants_are_compared_in_whole_seconds() -> None:
    def digest(**step: int) -> str:
        assert TAKE.taken_at is not None
        return field_digests(dataclasses.replace(TAKE, taken_at=TAKE.taken_at + timedelta(**step)))["taken_at"]

    assert digest() == digest(milliseconds=420) == digest(microseconds=999_999)
    assert len({digest(), digest(seconds=1), digest(microseconds=-1)}) == 3


@dataclasses.dataclass(frozen=True)
class Pair:
    """Places that are not a list, and what may be of several kinds."""

    at: tuple[int, int]
    inside: Label | Shelf | None = None


def test_places_that_mean_something_are_no_list() -> None:
    assert field_digests(Pair((1, 2))) != field_digests(Pair((2, 1)))


def test_what_may_be_of_several_kinds_is_compared_by_the_one_it_is() -> None:
    def shelf(*names: str) -> Pair:
        return Pair((1, 2), Shelf((), names, {}))

    assert field_digests(shelf("a", "b")) == field_digests(shelf("b", "a"))
    digests = {field_digests(each).get("inside") for each in (Pair((1, 2), TAKE.labels[0]), shelf("a"), Pair((1, 2)))}
    assert len(digests) == 3


# ---- what was digested before


def test_a_digest_of_before_is_the_same_where_there_is_one_order_and_no_part_of_a_second() -> None:
    assert digests_in_order(TAKE) == field_digests(TAKE)


def test_a_field_is_the_same_when_one_spelling_of_it_is() -> None:
    labels = (Label("quince", Colour.RED), Label("pear", Colour.RED))
    before = digests_in_order(dataclasses.replace(TAKE, labels=labels))
    asked = dataclasses.replace(TAKE, labels=labels, count=2)
    assert differing_fields(before, field_digests(asked)) == ["count", "labels"]
    assert differing_fields(before, field_digests(asked), digests_in_order(asked)) == ["count"]
