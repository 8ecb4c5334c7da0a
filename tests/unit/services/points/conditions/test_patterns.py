"""Regular expressions: how large a program is reckoned, and which are too large to be saved."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.conditions.limits import CostUnknown
from services.points.conditions.patterns import PROGRAM_MAX, program_size


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        ("", 0, 5),
        ("^SKU-[0-9]+$", 8, 15),
        ("(tea|coffee|cocoa)-[A-Z]{2}", 18, 40),
        ("[0-9]{4}", 4, 10),
        ("[0-9]{4,8}", 8, 15),
        ("[0-9]{4,}", 5, 12),
        ("(ab){10}", 20, 60),
        ("((ab){3}){4}", 24, 90),
        ("a{0}", 1, 5),
        ("\\{4\\}", 3, 6),
        ("[{9}]", 1, 5),
        (".", 4, 8),
        ("چائے", 16, 30),
    ],
)
def test_counted_repetitions_are_written_out(pattern: str, least: int, most: int) -> None:
    assert least <= program_size(pattern) <= most


@pytest.mark.parametrize(
    "pattern",
    [
        "(.{1,500}){1,2}b",
        "(.{1,30}){1,20}b",
        ".{0,100}b.{0,100}c",
        "a{1000}",
        "((a{10}){10}){10}",
        "(a{10}){10}(a{10}){10}(a{10}){10}(a{10}){10}",
        "\\pL{120}",
        "[^a]{200}",
        "(?:.?){99}.{99}x",
        "(a|b|c|d|e|f){80}",
        "((((a{9}){9}){9}){9}){9}",
        "a{99999}",
        "[\\pL\\pN]{101,}",
    ],
)
def test_what_repeats_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(CostUnknown, match="repeats too much"):
        program_size(pattern)


@given(st.text(alphabet="ab|()[]{}0123456789,*+?.\\^$pL-:", max_size=60))
def test_any_pattern_has_a_size_within_the_bound_or_is_refused(pattern: str) -> None:
    with contextlib.suppress(CostUnknown):
        assert 0 < program_size(pattern) <= 2 * PROGRAM_MAX + 2


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["a", ".", "[a-z]", "(ab|c)", "\\d"]))
def test_more_repetitions_never_make_it_smaller(one: int, other: int, piece: str) -> None:
    def size(times: int) -> int:
        try:
            return program_size(f"{piece}{{{times}}}")
        except CostUnknown:
            return 10**9

    assert size(min(one, other)) <= size(max(one, other))
