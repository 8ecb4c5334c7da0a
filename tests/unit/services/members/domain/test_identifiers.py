"""The one form that an identifier is kept in, and what of it may be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from services.members.domain.identifiers import (
    IdentifierKind,
    NewIdentifier,
    ReadPhone,
    all_canonical,
    canonical,
    mask,
)
from services.members.phones import e164
from tests.factories.members import identifier

CARD, PHONE = IdentifierKind.CARD, IdentifierKind.PHONE
EMAIL, EXTERNAL_ID = IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID


def digits(text: str) -> str | None:
    """Reads a phone as a country without rules would."""
    return "+" + "".join(filter(str.isdigit, text)) if any(map(str.isdigit, text)) else None


def pakistani(text: str) -> str | None:
    return e164(text, "PK")


def kept(kind: IdentifierKind, value: str, read_phone: ReadPhone = pakistani) -> str:
    return canonical(NewIdentifier(kind, value), "identifier", read_phone).value


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


@pytest.mark.parametrize(
    "text",
    [
        "9820 0000 0000 0017",
        "9820-0000-0000-0017",
        "9820\u20110000\u20130000\u22120017",
        "\ufeff9820000000000017\u200f",
        "\u20689820\xa00000\u202f0000\u30000017\u2069",
        "９８２０\uff10\uff10００００００００１７",
        "۹۸۲۰۰۰۰۰۰۰۰۰۰۰۱۷",
        "98200\ufe0f00000000017",
    ],
)
def test_a_card_is_the_same_however_its_digits_are_typed_in(text: str) -> None:
    assert kept(CARD, text) == "9820000000000017"


@pytest.mark.parametrize("kind", [CARD, EXTERNAL_ID])
@pytest.mark.parametrize("text", ["\u0421-1001", "C-1\u043e01", "\u0391", "\u0430\u0441", "ıd", "id★", "e\u0338"])
def test_a_card_or_an_external_id_that_passes_for_another_is_refused(kind: IdentifierKind, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        kept(kind, text)
    assert refusal.value.field == "identifier.value"
    assert text not in refusal.value.message


@pytest.mark.parametrize("text", ["98200000000000O7", "982ooooo0000001", "9820 0000 0000 00l7", "I820-0000-0000-0017"])
def test_a_letter_that_passes_for_a_digit_of_a_card_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        kept(CARD, text)


@pytest.mark.parametrize("text", ["C-1001", "GOLD1", "Ol-77", "I1O1", "X0000000O1"])
def test_a_card_may_have_letters(text: str) -> None:
    assert kept(CARD, text) == text


WRITTEN = {
    CARD: "9820-Ab17 33",
    EXTERNAL_ID: "crm|Ünal 9-3",
    EMAIL: "ann.lee+7@bücher.example.com",
    PHONE: "0301 2345678",
}
MARKS = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]


@given(st.sampled_from(list(WRITTEN)), st.data())
def test_marks_anywhere_in_an_identifier_make_no_other_of_it(kind: IdentifierKind, data: st.DataObject) -> None:
    marks = st.text(st.sampled_from([*MARKS, "\ufe0f", "\u034f", "\u115f", "\u3164", "\U000e0100"]), max_size=3)
    marked = "".join(data.draw(marks) + each for each in WRITTEN[kind]) + data.draw(marks)
    assert kept(kind, marked) == kept(kind, WRITTEN[kind])
    assert kept(kind, unicodedata.normalize("NFD", marked)) == kept(kind, WRITTEN[kind])


def test_a_phone_is_what_its_reader_says() -> None:
    assert kept(PHONE, "(030) 12", digits) == "+03012"
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


@given(st.sampled_from(list(IdentifierKind)), st.text(min_size=1, max_size=254))
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
