import pytest

from kit.errors import Conflict, Exhausted, Invalid, Kind, NotFound, Refusal, Unavailable

KINDS = pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: str(kind.value))


class BottleEmpty(NotFound):
    reason = "BOTTLE_EMPTY"


def test_a_refusal_carries_its_numbers_as_text() -> None:
    refusal = BottleEmpty("no more than 0 of 3 glasses are left", left=0, asked=3)

    assert refusal.message == str(refusal) == "no more than 0 of 3 glasses are left"
    assert refusal.metadata == {"left": "0", "asked": "3"}
    assert not refusal.replayed


def test_a_malformed_field_is_named_in_message_and_metadata() -> None:
    refusal = Invalid("sale.lines[2].quantity_milli", "must be at least 1")

    assert refusal.field == "sale.lines[2].quantity_milli"
    assert refusal.message == "sale.lines[2].quantity_milli: must be at least 1"
    assert refusal.metadata == {"field": "sale.lines[2].quantity_milli"}


def test_a_reached_bound_says_when_to_come_back() -> None:
    assert Exhausted("busy").metadata == {"retry_after_ms": "1000"}
    assert Exhausted("busy", retry_after_ms=20, limit=5).metadata == {"retry_after_ms": "20", "limit": "5"}


def test_only_what_the_business_decided_is_final() -> None:
    final = {kind for kind in Kind if Refusal.restore(kind, "REASON", "words", {}).is_final}

    assert final == {Kind.NOT_FOUND, Kind.CONFLICT, Kind.PRECONDITION}


@KINDS
def test_a_restored_refusal_says_the_same_again(kind: Kind) -> None:
    refusal = Refusal.restore(kind, "REASON", "the very words", {"field": "one", "limit": "5"})

    assert (refusal.kind, refusal.reason, refusal.message) == (kind, "REASON", "the very words")
    assert str(refusal) == "the very words"
    assert refusal.metadata == {"field": "one", "limit": "5"}


def test_a_restored_refusal_is_caught_as_its_kind() -> None:
    with pytest.raises(Unavailable):
        raise Refusal.restore(Kind.UNAVAILABLE, "DATABASE_UNAVAILABLE", "away", {})
    with pytest.raises(Conflict):
        raise Refusal.restore(Kind.CONFLICT, "TAKEN", "taken", {})


def test_restoring_one_refusal_does_not_change_its_class() -> None:
    Refusal.restore(Kind.INVALID, "SOMETHING_ELSE", "words", {})

    assert Invalid("field", "problem").reason == "INVALID_FIELD"
