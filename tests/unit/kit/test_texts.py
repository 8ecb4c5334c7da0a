import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit import texts

# Everything that Unicode calls a format character, and the default-ignorable ones that are of other categories.
FORMAT = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
IGNORABLE = [*FORMAT, *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\ufe00\ufe0f\uffa0\U000e0100"]
SPACES = [*"\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u2800 "]

marks = st.lists(st.sampled_from(IGNORABLE), max_size=4).map("".join)
anything = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
LETTERS = "Café Ωμέγα Москва Zürich Åsa 카페 ٣ 7 ½ ﬁ x\u0323\u0301"


@given(st.text(st.sampled_from(LETTERS), max_size=8), st.data())
def test_a_name_with_marks_anywhere_in_it_is_the_name(text: str, data: st.DataObject) -> None:
    marked = "".join(data.draw(marks) + each for each in text) + data.draw(marks)
    # A joiner counts where it shows, and none of these letters shows one.
    assert texts.name(marked) == texts.name(text)


@given(anything)
def test_composed_and_decomposed_are_one_name(text: str) -> None:
    assert texts.name(unicodedata.normalize("NFD", text)) == texts.name(unicodedata.normalize("NFC", text))


@given(anything | st.text(st.sampled_from("\u200c\u200dیبہد\u094dकषa\u0301\u064b \u00a0"), max_size=10))
@example("0\u0300\u200c\u094d\u200c")  # without the first joiner the marks change places, and the second is idle
def test_a_canonical_form_is_its_own_canonical_form(text: str) -> None:
    for form in (texts.name, texts.prose, texts.bare):
        assert form(form(text)) == form(text)
        assert unicodedata.is_normalized("NFC", form(text))


@pytest.mark.parametrize("space", SPACES)
def test_white_space_of_every_kind_is_one_plain_space_or_none(space: str) -> None:
    for form in (texts.name, texts.prose, texts.bare):
        assert form(f"{space}High{space}{space}Street{space}") == "High Street"


@given(st.text(st.sampled_from(IGNORABLE + SPACES + ["\u0301", "\u20dd"]), max_size=6))
def test_a_text_of_which_nothing_is_seen_is_empty(text: str) -> None:
    seen = [each for each in text if each in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u0890\u0891\u08e2\u070f"]
    assert texts.name(text) == texts.bare(text) == ""
    assert texts.prose(text) == "" or seen


@pytest.mark.parametrize(
    "text",
    ["بی\u200cبی", "می\u200cخواہم", "क्\u200dष", "ක්\u200dෂ", "क्\u200cष"],
    ids=["urdu", "persian", "joined", "sinhala", "parted"],
)
def test_a_name_keeps_a_joiner_that_is_seen(text: str) -> None:
    assert texts.name(text) == text
    assert texts.name(text.replace("\u200c", "\u200c\u200c\u200b")) == text


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 20])
def test_joiners_that_go_one_after_the_other_end_in_a_canonical_form(count: int) -> None:
    for text in ("0" + "\u0300\u200c\u094d\u200c" * count, "0" + "\u0300\u200c" * count + "\u094d\u200c" * count):
        assert texts.name(texts.name(text)) == texts.name(text)


def test_a_joiner_stays_in_a_text_of_any_length() -> None:
    text = "می\u200cخواهم " * 1_000 + "می"
    assert texts.name(text) == text


def test_a_joiner_behind_what_is_no_character_yet_is_not_seen() -> None:
    assert texts.name("a\u0378\u200db") == texts.prose("a\u0378b") == "a\u0378b"


@pytest.mark.parametrize("text", ["دار\u200cچینی", "\u200cبی", "بی\u200c", "Gif\u200ct", "بی \u200cبی", "ب\u200dب"])
def test_a_name_loses_a_joiner_that_is_not_seen(text: str) -> None:
    assert texts.name(text) == text.replace("\u200c", "").replace("\u200d", "")


def test_prose_keeps_what_its_reader_needs_and_loses_what_deceives_them() -> None:
    assert texts.prose("دار\u200cچینی \u200f١٢ \u2066A\u2069 ❤\ufe0f") == "دار\u200cچینی \u200f١٢ \u2066A\u2069 ❤\ufe0f"
    assert texts.prose("paid \u202e005\u202c\ufeff so\xadon") == "paid 005 soon"


def test_a_bare_text_has_plain_letters_digits_and_dashes() -> None:
    assert texts.bare("ＡＢＣ－１２３") == texts.bare("𝐀𝐁𝐂–۱۲۳") == texts.bare("ABC\u2212\u2067١٢٣") == "ABC-123"


def test_control_characters_and_what_is_no_character_are_not_fit() -> None:
    assert not any(map(texts.is_fit, ["a\nb", "\x00", "\x85", "\ud83d", "\ufdd0", "\uffff"]))
    assert texts.is_fit("شربت روح افزا 🍰")
