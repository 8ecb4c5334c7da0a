"""Personal data at rest: sealed under a key per member, found by keyed hashes, and nothing of it in the clear.

    master key (environment) ── wraps ──▶ data key of a member ── seals ──▶ each value in its column
               └──────────────── seals ──▶ stored answers
    pepper (environment) ─── keys ──▶ look-up hashes, fingerprints of requests

All sealing is AES-256-GCM with a random nonce; what is sealed is bound to its member, column and row by associated
data, so that a value copied elsewhere does not open. Keys for different purposes are derived from the two secrets by
HKDF. Random nonces are good for 2^32 seals under one key: a data key sees dozens, the master key one for each member
and each stored answer, which is centuries of enrolments.

Losing a member's data key erases what it sealed. A backup without the two secrets discloses no name or number.
"""

from __future__ import annotations

import dataclasses
import hmac
import os
import uuid
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12
TAG_BYTES = 16
# The first byte of everything sealed, for the day that another way of sealing is better.
VERSION = b"\x01"
OVERHEAD_BYTES = len(VERSION) + NONCE_BYTES + TAG_BYTES
WRAPPED_KEY_BYTES = OVERHEAD_BYTES + KEY_BYTES


class BrokenSealError(Exception):
    """Something sealed does not open: it was changed, moved, or sealed under another key. Names the place alone."""


class UnknownMasterKeyError(Exception):
    """Something was sealed under a master key that this process was not given; names the key's id."""


@dataclasses.dataclass(frozen=True)
class WrappedKey:
    """A member's data key as it is stored, and which master key opens it."""

    master_key_id: bytes
    wrapped: bytes


class DataKey:
    """A member's own key, open."""

    def __init__(self, member_id: uuid.UUID, key: bytes) -> None:
        self._member_id = member_id
        self._cipher = AESGCM(key)

    def seal(self, place: str, plain: str) -> bytes:
        """Seals a text for `place`: its table and column, and its row where a member has several."""
        return _seal(self._cipher, plain.encode(), self._bound_to(place))

    def open(self, place: str, sealed: bytes) -> str:
        """The text that was sealed for this member and `place`."""
        return _open(self._cipher, sealed, self._bound_to(place)).decode()

    def _bound_to(self, place: str) -> bytes:
        return f"members|{self._member_id}|{place}".encode()


class MasterKeys:
    """The present master key, under which everything new is sealed, and retired ones, which still open."""

    def __init__(self, present: bytes, retired: Sequence[bytes] = ()) -> None:
        self.present_id = _key_id(present)
        self._ciphers = {_key_id(key): _Ciphers(key) for key in (present, *retired)}

    def new_data_key(self, member_id: uuid.UUID) -> tuple[DataKey, WrappedKey]:
        """Makes a member's key, open and wrapped."""
        key = AESGCM.generate_key(bit_length=256)
        return DataKey(member_id, key), self._wrap(member_id, key)

    def open_data_key(self, member_id: uuid.UUID, stored: WrappedKey) -> DataKey:
        """A member's key, unwrapped."""
        return DataKey(member_id, self._unwrap(member_id, stored))

    def rewrap(self, member_id: uuid.UUID, stored: WrappedKey) -> WrappedKey:
        """The same data key under the present master key."""
        return self._wrap(member_id, self._unwrap(member_id, stored))

    def close(self, plain: bytes) -> bytes:
        """Seals a stored answer; with `open`, what `kit.idempotency` calls a Seal."""
        return self.present_id + _seal(self._ciphers[self.present_id].answers, plain, self.present_id)

    def open(self, sealed: bytes) -> bytes:
        """The answer that was sealed."""
        key_id, content = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:]
        return _open(self._of(key_id).answers, content, key_id)

    def _wrap(self, member_id: uuid.UUID, key: bytes) -> WrappedKey:
        cipher = self._ciphers[self.present_id].keys
        return WrappedKey(self.present_id, _seal(cipher, key, self.present_id + member_id.bytes))

    def _unwrap(self, member_id: uuid.UUID, stored: WrappedKey) -> bytes:
        cipher = self._of(stored.master_key_id).keys
        return _open(cipher, stored.wrapped, stored.master_key_id + member_id.bytes)

    def _of(self, key_id: bytes) -> _Ciphers:
        try:
            return self._ciphers[key_id]
        except KeyError:
            raise UnknownMasterKeyError(f"no master key of the id {key_id.hex()} was given") from None


class Pepper:
    """The secret without which the tables do not disclose whether a phone number is a member's."""

    def __init__(self, pepper: bytes) -> None:
        self._lookup_key = _derived(pepper, "look-up")
        self.fingerprint_key = _derived(pepper, "fingerprint")

    def lookup_hash(self, program_id: uuid.UUID, kind: str, value: str) -> bytes:
        """What an identifier in canonical form is looked up by: 32 bytes, another in each program and kind."""
        # The id has a fixed length and no kind holds the separator, so no two triples make the same message.
        message = b"|".join((program_id.bytes, kind.encode(), value.encode()))
        return hmac.digest(self._lookup_key, message, "sha256")


class _Ciphers:
    """What one master key is used for, each with a key of its own."""

    def __init__(self, master_key: bytes) -> None:
        self.keys = AESGCM(_derived(master_key, "data keys"))
        self.answers = AESGCM(_derived(master_key, "stored answers"))


def _key_id(master_key: bytes) -> bytes:
    """Names a master key without telling anything of it."""
    return _derived(master_key, "key id")[:KEY_ID_BYTES]


def _derived(secret: bytes, purpose: str) -> bytes:
    if len(secret) != KEY_BYTES:
        raise ValueError(f"a secret of {len(secret)} bytes where {KEY_BYTES} are needed")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"wafa members {purpose}".encode()).derive(secret)


def _seal(cipher: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + cipher.encrypt(nonce, plain, bound_to)


def _open(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != VERSION or len(sealed) < OVERHEAD_BYTES:
        raise BrokenSealError("this was not sealed here")
    try:
        return cipher.decrypt(nonce, content, bound_to)
    except InvalidTag:
        # From None: the reader needs only the place.
        raise BrokenSealError("a seal does not open") from None
