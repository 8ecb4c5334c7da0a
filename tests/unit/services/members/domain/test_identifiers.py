"""The one form that an identifier is kept in, and what of it may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from services.members.domain.identifiers import IdentifierKind, NewIdentifier, all_canonical, canonical, mask
from tests.factories.members import identifier

CARD, PHONE = IdentifierKind.CARD, IdentifierKind.PHONE
EMAIL, EXTERNAL_ID = IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID


def digits(text: str) -> str | None:
    """Reads a phone as a country without rules would."""
    return "+" + "".join(filter(str.isdigit, text)) if any(map(str.isdigit, text)) else None


def kept(kind: IdentifierKind, value: str) -> str:
    return canonical(NewIdentifier(kind, value), "identifier", digits).value


@pytest.mark.parametrize(
    ("given_value", "wanted"),
    [
        ("Amina@Example.ORG", "amina@example.org"),
        ("  amina@example.org ", "amina@example.org"),
        ("ＡＭＩＮＡ@example.org", "amina@example.org"),
        ("amina+wafa@mail.example.org", "amina+wafa@mail.example.org"),
        ("آمنہ@example.org", "آمنہ@example.org"),
    ],
)
def test_an_address_is_kept_in_small_letters_and_one_form_of_unicode(given_value: str, wanted: str) -> None:
    assert kept(EMAIL, given_value) == wanted


@pytest.mark.parametrize(
    "text", ["amina", "@example.org", "amina@", "amina@example", "a b@c.org", "a@b@c.org", "a@.org"]
)
def test_what_is_no_address_is_malformed(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        kept(EMAIL, text)
    assert refusal.value.field == "identifier.value"
    assert text not in refusal.value.message


def test_cards_and_external_ids_keep_their_letters() -> None:
    assert kept(CARD, " Ab-1 ") == "Ab-1"
    assert kept(EXTERNAL_ID, "Crm-9") == "Crm-9"


def test_a_phone_is_what_its_reader_says() -> None:
    assert kept(PHONE, "(030) 12") == "+03012"
    with pytest.raises(Invalid):
        kept(PHONE, "no digits")


def test_an_address_that_grows_too_long_in_its_one_form_is_malformed() -> None:
    with pytest.raises(Invalid):
        kept(EMAIL, "ﷺ" * 60 + "@example.org")


def test_two_that_turn_out_to_be_the_same_are_refused_by_their_paths() -> None:
    twice = [NewIdentifier(EMAIL, "a@b.org"), NewIdentifier(CARD, "a@b.org"), NewIdentifier(EMAIL, "A@B.org")]
    with pytest.raises(Invalid) as refusal:
        all_canonical(twice, "identifiers", digits)
    assert refusal.value.field == "identifiers[2]"
    assert "identifiers[0]" in refusal.value.message


@given(st.sampled_from([CARD, EMAIL, EXTERNAL_ID]), st.text(min_size=1, max_size=254))
def test_the_form_that_is_kept_is_its_own_form(kind: IdentifierKind, text: str) -> None:
    try:
        once = kept(kind, text)
    except Invalid:
        return
    assert kept(kind, once) == once


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (PHONE, "+923012345678", "•••• 5678"),
        (CARD, "12345678", "•••• 5678"),
        (CARD, "1234567", "••••"),
        (EXTERNAL_ID, "9", "••••"),
        (EMAIL, "amina@example.org", "a•••@example.org"),
    ],
)
def test_a_stranger_sees_little(kind: IdentifierKind, value: str, shown: str) -> None:
    assert mask(kind, value) == shown
    assert identifier(value, kind).masked_value == shown


def test_a_value_shows_in_no_repr() -> None:
    assert "4711" not in repr(identifier("4711"))
    assert "4711" not in repr(NewIdentifier(CARD, "4711"))
