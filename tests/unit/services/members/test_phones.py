"""Phone numbers, as somebody in the program's region would dial them."""

from __future__ import annotations

import pytest

from services.members.phones import e164, knows_region


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("0301 2345678", "PK", "+923012345678"),
        ("+92-301-2345678", "GB", "+923012345678"),
        ("0092 301 2345678", "PK", "+923012345678"),
        ("07400 123456", "GB", "+447400123456"),
        ("011 44 7400 123456", "US", "+447400123456"),
        ("۰۳۰۱۲۳۴۵۶۷۸", "PK", "+923012345678"),
        ("٠٣٠١٢٣٤٥٦٧٨", "PK", "+923012345678"),
        ("＋９２３０１２３４５６７８", "GB", "+923012345678"),
        ("\u2068+92 301\u202f2345678\u2069", "GB", "+923012345678"),
        ("0301\ufe0f\u20112345678\u200f", "PK", "+923012345678"),
        ("tel:+923012345678", "GB", "+923012345678"),
        ("(+92) (0)301.234/5678", "PK", "+923012345678"),
    ],
)
def test_a_number_has_one_form_however_it_is_written(text: str, region: str, number: str) -> None:
    assert e164(text, region) == number
    assert e164(number, region) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "hello",
        "0301 23456789",
        "+999 1234567",
        "0301 2345678 ext. 9",
        "+" * 254,
        "0301 2345678 Ann",
        "O3012345678",
        "0301-ABCDEFG",
        "0301 2345678, 0302 2345678",
        "call 0301 2345678",
        "0301 2345678#",
        "+92+3012345678",
        "0301٭2345678",
    ],
)
def test_what_cannot_be_dialled_is_no_number(text: str) -> None:
    assert e164(text, "PK") is None


def test_a_region_has_dialling_rules_or_is_not_known() -> None:
    assert knows_region("PK")
    assert not knows_region("ZZ")
    assert not knows_region("pk")
