"""The seals of a service, and what is hashed of each."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.chain.facets import NO_ROWS, Digest, Facet

HASH_BYTES = 32
# What stands where the first seal has no seal before it.
NOTHING_BEFORE = bytes(HASH_BYTES)


def seals_table(metadata: sa.MetaData) -> sa.Table:
    """The chain. A number and a predecessor are taken once, so that it never forks."""
    return sa.Table(
        "seals",
        metadata,
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("covered_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        # The facets and their columns; null where they are those of the seal before.
        sa.Column("shape", postgresql.JSONB(none_as_null=True)),
        # Rows and digest of each facet that has any between the end of the seal before and the end of this.
        sa.Column("contents", postgresql.JSONB, nullable=False),
        sa.UniqueConstraint("previous_hash"),
        sa.CheckConstraint(
            f"octet_length(previous_hash) = {HASH_BYTES} AND octet_length(hash) = {HASH_BYTES}", name="hashes"
        ),
        sa.CheckConstraint("number >= 1", name="number_from_one"),
        sa.CheckConstraint("number > 1 OR shape IS NOT NULL", name="shape_of_first"),
        sa.CheckConstraint("sealed_at >= covered_until", name="sealed_afterwards"),
    )


@dataclasses.dataclass(frozen=True)
class ChainedSeal:
    """One seal as it is hashed. `contents` holds the facets that have rows; `shape` is absent where it is as before."""

    number: int
    previous_hash: bytes
    covered_until: datetime
    sealed_at: datetime
    shape: Mapping[str, Any] | None
    contents: Mapping[str, Any]

    def hash_of(self, service: str) -> bytes:
        """The seal's hash in the chain of a service."""
        hashed = [
            service,
            self.number,
            self.previous_hash.hex(),
            _written(self.covered_until),
            _written(self.sealed_at),
            self.shape,
            self.contents,
        ]
        return hashlib.sha256(orjson.dumps(hashed, option=orjson.OPT_SORT_KEYS)).digest()

    def digest_of(self, facet: str) -> Digest:
        """What the seal says of a facet."""
        kept = self.contents.get(facet)
        return NO_ROWS if kept is None else Digest(int(kept["rows"]), str(kept["sha256"]))

    def facets(self) -> tuple[Facet, ...]:
        """The facets that the seal names, if it names any."""
        return tuple(Facet.of_json(name, kept) for name, kept in sorted((self.shape or {}).items()))


_SEALS = "SELECT number, previous_hash, covered_until, sealed_at, shape, contents, hash FROM seals"


def chain(connection: sa.Connection) -> Iterator[tuple[ChainedSeal, bytes]]:
    """All seals in their order, each with the hash that is stored for it."""
    rows = connection.execute(sa.text(f"{_SEALS} ORDER BY number"), execution_options={"yield_per": 1_000})
    yield from map(_seal, rows)


def last(connection: sa.Connection) -> tuple[ChainedSeal, bytes] | None:
    """The newest seal with its hash, if there is one."""
    row = connection.execute(sa.text(f"{_SEALS} ORDER BY number DESC LIMIT 1")).one_or_none()
    return None if row is None else _seal(row)


def last_shape(connection: sa.Connection) -> Mapping[str, Any] | None:
    """The shape that the newest seal has, or has taken over."""
    shape: Mapping[str, Any] | None = connection.scalar(
        sa.text("SELECT shape FROM seals WHERE shape IS NOT NULL ORDER BY number DESC LIMIT 1")
    )
    return shape


def _seal(row: Any) -> tuple[ChainedSeal, bytes]:
    *parts, stored = row
    number, previous_hash, *others = parts
    return ChainedSeal(number, bytes(previous_hash), *others), bytes(stored)


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
