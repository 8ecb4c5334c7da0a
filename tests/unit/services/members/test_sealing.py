"""What is sealed opens with its key, in its place, unchanged; and not otherwise."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.members.sealing import (
    OVERHEAD_BYTES,
    WRAPPED_KEY_BYTES,
    BrokenSealError,
    MasterKeys,
    Pepper,
    UnknownMasterKeyError,
    WrappedKey,
)
from tests.factories.members import MASTER_KEY, PEPPER, master_keys, pepper

OTHER_KEY = bytes(range(100, 132))
MEMBER, ELSE = uuid.uuid4(), uuid.uuid4()


@given(st.text())
def test_what_was_sealed_opens_again(plain: str) -> None:
    key, stored = master_keys().new_data_key(MEMBER)
    sealed = key.seal("members.given_name", plain)
    assert len(sealed) == OVERHEAD_BYTES + len(plain.encode())
    assert master_keys().open_data_key(MEMBER, stored).open("members.given_name", sealed) == plain


def test_the_same_text_is_sealed_differently_each_time() -> None:
    key, _ = master_keys().new_data_key(MEMBER)
    assert len({key.seal("members.given_name", "Amina") for _ in range(100)}) == 100


def test_a_value_opens_in_its_own_place_alone() -> None:
    key, _ = master_keys().new_data_key(MEMBER)
    sealed = key.seal("members.given_name", "Amina")
    with pytest.raises(BrokenSealError):
        key.open("members.family_name", sealed)


@given(position=st.integers(0, 33), flipped=st.integers(1, 255))
def test_a_value_with_any_byte_changed_does_not_open(position: int, flipped: int) -> None:
    key, _ = master_keys().new_data_key(MEMBER)
    sealed = bytearray(key.seal("members.given_name", "Amina"))
    sealed[position] ^= flipped
    with pytest.raises(BrokenSealError) as broken:
        key.open("members.given_name", bytes(sealed))
    assert "Amina" not in str(broken.value)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 28, b"\x02" * 40])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    key, _ = master_keys().new_data_key(MEMBER)
    with pytest.raises(BrokenSealError):
        key.open("members.given_name", sealed)


def test_a_data_key_opens_for_its_own_member_alone() -> None:
    _, stored = master_keys().new_data_key(MEMBER)
    with pytest.raises(BrokenSealError):
        master_keys().open_data_key(ELSE, stored)


def test_a_wrapped_key_has_the_length_that_its_column_takes() -> None:
    _, stored = master_keys().new_data_key(MEMBER)
    assert len(stored.wrapped) == WRAPPED_KEY_BYTES
    assert stored.master_key_id == master_keys().present_id


def test_another_master_key_has_another_id_and_opens_nothing() -> None:
    _, stored = master_keys().new_data_key(MEMBER)
    other = MasterKeys(OTHER_KEY)
    assert other.present_id != master_keys().present_id
    with pytest.raises(UnknownMasterKeyError, match=stored.master_key_id.hex()):
        other.open_data_key(MEMBER, stored)
    # Not even under a false name.
    with pytest.raises(BrokenSealError):
        other.open_data_key(MEMBER, WrappedKey(other.present_id, stored.wrapped))


def test_a_retired_master_key_still_opens_and_seals_nothing_new() -> None:
    key, stored = master_keys().new_data_key(MEMBER)
    sealed = key.seal("members.given_name", "Amina")
    answer = master_keys().close(b"answer")
    rotating = MasterKeys(OTHER_KEY, [MASTER_KEY])

    assert rotating.open_data_key(MEMBER, stored).open("members.given_name", sealed) == "Amina"
    assert rotating.open(answer) == b"answer"
    assert rotating.new_data_key(MEMBER)[1].master_key_id == rotating.present_id

    rewrapped = rotating.rewrap(MEMBER, stored)
    assert MasterKeys(OTHER_KEY).open_data_key(MEMBER, rewrapped).open("members.given_name", sealed) == "Amina"


def test_a_stored_answer_opens_again_and_not_when_changed() -> None:
    sealed = master_keys().close(b"answer")
    assert b"answer" not in sealed
    assert master_keys().open(sealed) == b"answer"
    with pytest.raises(BrokenSealError):
        master_keys().open(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(UnknownMasterKeyError):
        master_keys().open(b"\x00" + sealed[1:])


def test_a_look_up_hash_is_the_same_for_the_same_and_no_other() -> None:
    hashes = {
        key.lookup_hash(program, kind, value)
        for key in (pepper(), Pepper(OTHER_KEY))
        for program in (MEMBER, ELSE)
        for kind in ("card", "external_id")
        for value in ("9000", "9001", "card|9000")
    }
    assert len(hashes) == 2 * 2 * 2 * 3
    assert {len(each) for each in hashes} == {32}
    assert pepper().lookup_hash(MEMBER, "card", "9000") in hashes


def test_keys_for_different_purposes_differ() -> None:
    assert len({PEPPER, pepper().fingerprint_key, Pepper(MASTER_KEY).fingerprint_key}) == 3


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_secret_has_thirty_two_bytes(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes"):
        MasterKeys(bytes(length))
    with pytest.raises(ValueError, match=f"{length} bytes"):
        Pepper(bytes(length))
    with pytest.raises(ValueError, match=f"{length} bytes"):
        MasterKeys(MASTER_KEY, [bytes(length)])


def test_no_key_shows_in_a_repr() -> None:
    key, stored = master_keys().new_data_key(MEMBER)
    shown = f"{key!r} {master_keys()!r} {pepper()!r}"
    assert MASTER_KEY.hex() not in shown
    assert repr(MASTER_KEY) not in shown
    assert repr(stored.wrapped) not in shown
