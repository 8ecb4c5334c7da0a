"""Whether what the seals say is what is recorded, and whether the seals are one chain.

chain_whole       every seal has the hash that follows from it, and names the seal before it
sealed_as_found   in each span that a seal covers there is exactly what was sealed
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import exc

from kit.chain import table
from kit.chain.facets import NO_ROWS, SESSION, Digest, Facet, digests
from kit.chain.table import NOTHING_BEFORE, ChainedSeal
from kit.checking import Finding

CHAIN, CONTENT = "chain_whole", "sealed_as_found"


@dataclasses.dataclass
class Era:
    """Seals in a row that seal the same columns of a facet: the number of each, its end, and what it says."""

    facet: Facet
    since: datetime | None
    seals: list[tuple[int, datetime, Digest]]


def verify(engine: sa.Engine, service: str) -> Iterator[Finding]:
    """Everything that is wrong with the chain of a service, or with what it covers. Reads one state, and only reads."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield from verify_over(connection, service)


def verify_over(connection: sa.Connection, service: str) -> Iterator[Finding]:
    """As `verify`, in the caller's transaction."""
    connection.execute(SESSION)
    eras: list[Era] = []
    yield from _links(connection, service, eras)
    for era in eras:
        yield from _contents(connection, era)


def _links(connection: sa.Connection, service: str, eras: list[Era]) -> Iterator[Finding]:
    """What is wrong with the chain itself; adds what its seals cover to `eras`."""
    before: ChainedSeal | None = None
    hash_before = NOTHING_BEFORE
    current: dict[str, Era] = {}
    for seal, stored in table.chain(connection):
        subject = f"seal {seal.number}"
        if seal.number != (before.number + 1 if before else 1):
            yield Finding(CHAIN, subject, "the seal before it is gone")
        elif seal.previous_hash != hash_before:
            yield Finding(CHAIN, subject, "it does not name the seal before it")
        if seal.hash_of(service) != stored:
            yield Finding(CHAIN, subject, "its hash does not follow from it")
        if before is not None and seal.covered_until <= before.covered_until:
            yield Finding(CHAIN, subject, "it ends before the seal before it")
        current = _continued(current, seal, before, eras)
        before, hash_before = seal, stored


def _continued(
    current: dict[str, Era], seal: ChainedSeal, before: ChainedSeal | None, eras: list[Era]
) -> dict[str, Era]:
    """The eras as they go on with a seal: those of its shape, if it has one of its own, else all of them."""
    if seal.shape is not None:
        going_on = {}
        for facet in seal.facets():
            era = current.get(facet.name)
            if era is None or era.facet != facet:
                since = before.covered_until if era is not None and before is not None else None
                era = Era(facet, since, [])
                eras.append(era)
            going_on[facet.name] = era
        current = going_on
    for era in current.values():
        era.seals.append((seal.number, seal.covered_until, seal.digest_of(era.facet.name)))
    return current


def _contents(connection: sa.Connection, era: Era) -> Iterator[Finding]:
    untils = [until for _, until, _ in era.seals]
    try:
        with connection.begin_nested():
            found = digests(connection, era.facet, era.since, untils)
    except exc.DBAPIError as error:
        yield Finding(CONTENT, era.facet.name, f"what was sealed cannot be read: {type(error.orig).__name__}")
        return
    since = era.since
    for place, (number, until, sealed) in enumerate(era.seals):
        there = found.get(place, NO_ROWS)
        if sealed != there:
            span = f"{since.isoformat() if since else 'the beginning'} to {until.isoformat()}"
            yield Finding(CONTENT, f"{era.facet.name}, seal {number}: {span}", _difference(sealed, there))
        since = until


def _difference(sealed: Digest, there: Digest) -> str:
    if there.rows < sealed.rows:
        return f"{sealed.rows} rows were sealed, and {there.rows} are there"
    if there.rows > sealed.rows:
        return f"{sealed.rows} rows were sealed, and {there.rows} are there: some were added afterwards"
    return f"a row is not as it was sealed, or was exchanged for another; there are {there.rows}"
