"""JSON is read once: what two readers would understand differently is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import jsons, repeated
from gateway.refusals import MalformedJson

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NAMES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(NAMES, inner), max_size=3, unique_by=lambda pair: repeated.canonical(pair[0])).map(dict)
    ),
    max_leaves=12,
)
# Around the object in which a name stands twice.
AROUND = ["%s", '{"a": %s}', "[%s]", '{"a": [{"b": [1, %s]}]}', "[" * 30 + "%s" + "]" * 30]


@given(VALUES)
def test_what_is_written_once_reads_as_it_was(value: Any) -> None:
    for escaped in (True, False):
        assert jsons.read(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("amount", "amount"),
        ("amount", "\\u0061mount"),
        ("", ""),
        ("caf\\u00e9", "cafe\\u0301"),
        ("amount", "amount\\u200b"),
        ("amount", " amount"),
        ("a\\u00adb", "ab"),
    ],
)
def test_a_name_that_stands_twice_at_any_depth_is_named(around: str, first: str, second: str) -> None:
    text = around % f'{{"{first}": 1, "other": {{}}, "{second}": 1}}'
    with pytest.raises(MalformedJson) as refused:
        jsons.read(text.encode())
    assert refused.value.message == repeated.sentence(json.loads(f'"{second}"'))


@given(NAMES, st.integers(0, 3))
def test_any_name_that_stands_twice_is_refused(name: str, others: int) -> None:
    between = "".join(f'"between-{number}": 0, ' for number in range(others))
    with pytest.raises(MalformedJson):
        jsons.read(f"{{{json.dumps(name)}: 1, {between}{json.dumps(name)}: 2}}".encode())


def test_a_long_name_is_shown_in_part() -> None:
    with pytest.raises(MalformedJson) as refused:
        jsons.read(b'{"%b": 1, "%b": 2}' % (b"x" * 100_000, b"x" * 100_000))
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("text", ["[%s]", '{"a": %s}'])
@pytest.mark.parametrize("depth", [jsons.DEPTH_MAX + 1, 500, 1_000, 100_000])
def test_what_goes_too_deep_is_refused(text: str, depth: int) -> None:
    before, _, after = text.partition("%s")
    with pytest.raises(MalformedJson):
        jsons.read((before * depth + "0" + after * depth).encode())


@pytest.mark.parametrize("text", ["[%s]", '{"a": %s}'])
def test_the_deepest_that_may_be_is_read(text: str) -> None:
    before, _, after = text.partition("%s")
    depth = jsons.DEPTH_MAX
    assert jsons.read((before * depth + "0" + after * depth).encode())


def test_what_is_wide_is_not_deep() -> None:
    assert len(jsons.read(b"[" + b"{}," * 10_000 + b"[]]")) == 10_001


def test_a_byte_order_mark_before_it_is_ignored() -> None:
    assert jsons.read(b'\xef\xbb\xbf{"sku": "\xef\xbb\xbfTEA"}') == {"sku": "\ufeffTEA"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'"\\ud800"',
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"{\xef\xbb\xbf}",
        b'{"a": 1,}',
    ],
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedJson):
        jsons.read(content)
