"""API keys: their shape, and the checksum that shows a typing error."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import apikey


def test_a_key_shows_role_and_prefix_and_looks_right() -> None:
    key, prefix = apikey.make("till")
    assert re.fullmatch(r"wafa_till_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", key)
    assert key.startswith(f"{prefix}_")
    assert len(prefix) == len("wafa_till_12345678")
    assert apikey.looks_right(key)


def test_no_two_keys_are_the_same() -> None:
    assert len({apikey.make("app") for _ in range(1_000)}) == 1_000


def test_what_is_kept_of_a_key_is_its_sha_256() -> None:
    assert apikey.hash_of("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(position=st.integers(0, 200), letter=st.sampled_from("0aZz_-é"))
def test_a_letter_mistyped_anywhere_does_not_look_right(position: int, letter: str) -> None:
    key, _ = apikey.make("staff")
    place = position % len(key)
    mistyped = key[:place] + letter + key[place + 1 :]
    assert apikey.looks_right(mistyped) == (mistyped == key)


def test_two_neighbours_changed_about_do_not_look_right() -> None:
    key, _ = apikey.make("admin")
    place = next(place for place in range(25, 60) if key[place] != key[place + 1])
    assert not apikey.looks_right(key[:place] + key[place + 1] + key[place] + key[place + 2 :])


@pytest.mark.parametrize("key", ["", "wafa", "wafa_till_x_y_z", "sk_live_123", "x" * 100, "wafa_till_" * 20])
def test_what_is_no_key_does_not_look_right(key: str) -> None:
    assert not apikey.looks_right(key)


def test_space_around_a_key_is_not_forgiven() -> None:
    key, _ = apikey.make("till")
    assert not apikey.looks_right(f" {key}")
    assert not apikey.looks_right(f"{key}\n")
