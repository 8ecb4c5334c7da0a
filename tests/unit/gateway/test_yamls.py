"""YAML is read as JSON would be, and no more of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway import repeated, yamls
from gateway.refusals import MalformedYaml

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20) | st.sampled_from(
    ["no", "yes", "12:30", "1e3", "0x1F", "1_000", "2026-01-31", "null", "true", "~", "", "<<", "=", "- a", "# b"]
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(st.tuples(TEXTS, inner), max_size=4, unique_by=lambda pair: repeated.canonical(pair[0])).map(dict)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_reads_as_it_was(plain: Any) -> None:
    assert yamls.read(yamls.written(plain, head="a comment").encode()) == plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
        ("1_000", "1_000"),
        ("010", "010"),
        ("1.5", "1.5"),
        ("'7'", "7"),
        ("-7", -7),
        ("true", True),
        ("~", None),
        ("", None),
        ('{"a": [1, "b", null]}', {"a": [1, "b", None]}),
        ("a: >\n  b\n  c\n", {"a": "b c\n"}),
        ("1: 2", {"1": 2}),
    ],
)
def test_words_are_words(text: str, said: object) -> None:
    assert yamls.read(text.encode()) == said


BOMB = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in pairwise("abcdefghij"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOMB, "line 1, column 4: anchors and aliases are not read"),
        ("- *a", "line 1, column 3: anchors and aliases are not read"),
        ("!!python/object/apply:os.system ['true']", "line 1, column 1: tags are not read"),
        ("!!binary aGk=", "line 1, column 1: tags are not read"),
        ("a: 1\na: 2", 'line 2, column 1: the field "a" stands twice in one object'),
        ("a: 1\n'a\u200b': 2", 'line 2, column 1: the field "a\u200b" stands twice in one object'),
        ("caf\u00e9: 1\ncafe\u0301: 2", 'line 2, column 1: the field "cafe\u0301" stands twice in one object'),
        ("- b: [{c: 1, 'c': 2}]", 'line 1, column 14: the field "c" stands twice in one object'),
        ("? [a, b]\n: 1", "line 1, column 3: a field's name must be a word"),
        ("? *a\n: 1", "line 1, column 3: anchors and aliases are not read"),
        ("? &a b\n: 1", "line 1, column 3: anchors and aliases are not read"),
        ("? !!str b\n: 1", "line 1, column 3: tags are not read"),
        ("a: 1\n---\nb: 2", "line 2, column 1: only one document is read"),
        ("[" * 21, "line 1, column 21: at most 20 levels are read"),
        ("- 1\n" * 100_001, "at most 100,000 values are read"),
        ("".join(f"a{number}: 1\n" for number in range(50_001)), "at most 100,000 values are read"),
        ("a: [1", "line 2, column 1: did not find expected ',' or ']'"),
        ("\t- a", "line 1, column 1: found character that cannot start any token"),
        ("a: \x07", "the body is not YAML"),
    ],
)
def test_what_json_could_not_say_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(MalformedYaml) as refused:
        yamls.read(text.encode())
    assert refused.value.message == problem


# Each at the length that the gateway lets in; whichever way down a text goes, it is refused before it is deep.
DEEP = ["? ", "[", "{", "- ", "{a: ", "? [", "? {", "- ? ", "[? ", "[{"]


@pytest.mark.parametrize("unit", DEEP)
def test_however_a_text_goes_down_it_is_refused(unit: str) -> None:
    with pytest.raises(MalformedYaml):
        yamls.read((unit * (1_048_576 // len(unit))).encode())


def test_a_byte_order_mark_before_it_is_ignored() -> None:
    assert yamls.read(b"\xef\xbb\xbfsku: TEA") == {"sku": "TEA"}


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(MalformedYaml):
        yamls.read("é".encode("latin-1"))


def test_others_read_what_is_written() -> None:
    document = {"rules": [{"key": "base", "terms": {"name": "چائے, no", "points": 1, "condition": "a == 'b' && c"}}]}
    text = yamls.written(document, head="Rules")
    assert yaml.safe_load(text) == document
    assert text.startswith("# Rules\nrules:\n- key: base\n  terms:\n    name: چائے, no\n")
