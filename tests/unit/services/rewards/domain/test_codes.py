"""Voucher codes catch what people do to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from services.rewards.domain.codes import ALPHABET, LENGTH, RANDOM_BYTES, code_from, parse_code, printed

codes = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES).map(code_from)
positions = st.integers(min_value=0, max_value=LENGTH - 1)


@given(codes)
def test_a_code_is_twelve_signs_of_the_alphabet_and_reads_back(code: str) -> None:
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    assert parse_code(code) == code
    assert parse_code(printed(code)) == code


@given(codes, positions, st.sampled_from(ALPHABET))
def test_every_single_wrong_sign_is_noticed(code: str, position: int, sign: str) -> None:
    wrong = code[:position] + sign + code[position + 1 :]
    if wrong == code:
        return
    with pytest.raises(Invalid, match="mistyped"):
        parse_code(wrong)


@given(codes, positions, positions)
def test_every_swap_is_noticed(code: str, one: int, other: int) -> None:
    signs = list(code)
    signs[one], signs[other] = signs[other], signs[one]
    swapped = "".join(signs)
    if swapped == code:
        return
    with pytest.raises(Invalid, match="mistyped"):
        parse_code(swapped)


@given(codes)
def test_look_alikes_case_and_structure_do_not_matter(code: str) -> None:
    typed = printed(code).lower().replace("1", "l", 1).replace("1", "I").replace("0", "o").replace("-", " - ")
    assert parse_code(f" {typed} ") == code


@pytest.mark.parametrize("typed", ["", "-", "U" * 12, "0" * 11, "0" * 13, "0" * 400, "چائے چائے چا", "00000000000\x00"])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_code(typed)
    assert refused.value.field == "code"


def test_a_code_is_printed_in_groups_of_four() -> None:
    assert printed("ABCDEFGHJKMN") == "ABCD-EFGH-JKMN"


def test_equal_chances_for_every_sign() -> None:
    drawn = [code_from(bytes([byte] * RANDOM_BYTES))[0] for byte in range(256)]
    assert {drawn.count(sign) for sign in ALPHABET} == {8}


def test_a_code_takes_exactly_its_random_bytes() -> None:
    with pytest.raises(ValueError, match="11"):
        code_from(b"short")
