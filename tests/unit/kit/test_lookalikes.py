"""What passes for what."""

from __future__ import annotations

import unicodedata

import pytest

from kit.texts.lookalikes import is_unmistakable, likeness


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "Zürich-7",
        "Łódź",
        "иван",
        "Иванова",
        "νίκη",
        "کارڈ-7",
        "राम",
        "카페7",
        "日本Tea",
        "C_1001",
        "a|b",
        "İnci",
    ],
)
def test_text_of_one_script_is_unmistakable(text: str) -> None:
    assert is_unmistakable(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    "text",
    ["\u0421-1001", "C\u043ed", "\u0391BC", "\u0430\u0441\u0435", "\u0421\u0410\u0420", "\u03bf", "ıx", "ǀ", "a’b",
     "7\u20dd", "e\u0338", "ᏟᎪᎡ", "ꓐ", "①🍰", "کc"],
)  # fmt: skip
def test_text_of_mixed_or_borrowed_letters_is_not(text: str) -> None:
    assert not is_unmistakable(text)


@pytest.mark.parametrize(
    "other",
    ["ann lee", "ANN LEE", "Ann  Lee", " Ann\xa0Lee ", "AnnLee", "Ann-Lee", "Ann Lee.", "Ann Lee\u200b",
     "\ufeffAnn Lee", "A\u200dnn Lee", "Àn\u0303n Lée", "\u0410nn Lee", "Ann L\u0435\u0435",
     "Ａｎｎ　Ｌｅｅ", "𝐀nn Lee", "Ann\u202fLee"],
)  # fmt: skip
def test_a_name_that_passes_for_another_is_taken_for_it(other: str) -> None:
    assert likeness(other) == likeness("Ann Lee")


def test_names_of_two_people_stay_two() -> None:
    names = [
        "Ann Lee",
        "Anna Lee",
        "Ann Leeds",
        "Bashir",
        "b.khan",
        "a.malik",
        "आमना",
        "आमिना",
        "راشد",
        "ارشد",
        "李安",
        "李四",
    ]
    assert len({likeness(name) for name in names}) == len(names)
    assert likeness("علی") == likeness("علي") == likeness("عَلی")


def test_a_name_of_signs_alone_has_a_likeness() -> None:
    assert likeness("***") != likeness("###")
