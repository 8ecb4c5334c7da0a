"""Identities: random ones for members, time-ordered ones for what happens to them, derived ones for saga steps."""

from __future__ import annotations

import hashlib
import uuid

import uuid_utils


def random_id() -> uuid.UUID:
    """A UUIDv4. Leads the keys of member-scoped tables, so that members spread evenly over shards."""
    return uuid.uuid4()


def ordered_id() -> uuid.UUID:
    """A UUIDv7: later ones sort later. Never the leading column of a key, where it would make the last shard hot."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def derived_id(*parts: str) -> uuid.UUID:
    """The same UUIDv8 for the same parts, for good: SHA-256 of the parts, each with its length before it.

    The lengths keep ("ab", "c") and ("a", "bc") apart.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    value = bytearray(digest.digest()[:16])
    value[6] = (value[6] & 0x0F) | 0x80  # version 8: made by a rule of our own, RFC 9562 §5.8
    value[8] = (value[8] & 0x3F) | 0x80  # the RFC's variant
    return uuid.UUID(bytes=bytes(value))
