"""API keys: what they look like, whether one was mistyped, and what is kept of one.

    wafa_till_7Kq2mZ8x_<43 characters: 256 random bits>_<6 characters: checksum>

The fixed beginning lets scanners find keys that leak into repositories. The prefix, up to and with the eight
characters, is shown beside the key's name for good. The checksum distinguishes a typing error from an unknown
key without a database query; it protects nothing. At rest only the SHA-256 is kept: 256 random bits cannot be guessed,
so a slow hash would only slow the gateway down.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BRAND = "wafa"
_HANDLE_LENGTH = 8
_SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
_CHECKSUM_LENGTH = 6  # 62 ** 6 > 2 ** 32

_SHAPE = re.compile(
    rf"{_BRAND}_[a-z]{{1,16}}_[0-9A-Za-z]{{{_HANDLE_LENGTH}}}_[0-9A-Za-z]{{{_SECRET_LENGTH}}}"
    rf"_[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}}"
)


def make(role_word: str) -> tuple[str, str]:
    """Makes a new key for a role, a word of small letters, and gives it with its prefix."""
    handle = _in_base62(secrets.randbelow(62**_HANDLE_LENGTH), _HANDLE_LENGTH)
    secret = _in_base62(secrets.randbits(256), _SECRET_LENGTH)
    prefix = f"{_BRAND}_{role_word}_{handle}"
    body = f"{prefix}_{secret}"
    return f"{body}_{_checksum(body)}", prefix


def looks_right(key: str) -> bool:
    """Whether the key has the right shape and checksum; the key need not have been issued."""
    if not _SHAPE.fullmatch(key):
        return False
    body, _, checksum = key.rpartition("_")
    return _checksum(body) == checksum


def hash_of(key: str) -> bytes:
    """What is kept of the key, and looked up: 32 bytes."""
    return hashlib.sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    return _in_base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _in_base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
