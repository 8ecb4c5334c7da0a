"""The head of a chain: what an auditor keeps elsewhere, and by which all before it is proved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import sqlalchemy as sa

from kit.chain import table


@dataclasses.dataclass(frozen=True)
class ChainHead:
    """The newest seal of a service. `rows` counts what all seals up to it cover, by facet; `hash` is hexadecimal."""

    service: str
    number: int
    hash: str
    covered_until: str
    rows: Mapping[str, int]


def head(engine: sa.Engine, service: str) -> ChainHead | None:
    """The head of a service's chain; nothing while nothing is sealed."""
    rows: dict[str, int] = {}
    newest = None
    with engine.connect() as connection:
        for seal, stored in table.chain(connection):
            newest = ChainHead(service, seal.number, stored.hex(), seal.covered_until.isoformat(), rows)
            for facet in seal.contents:
                rows[facet] = rows.get(facet, 0) + seal.digest_of(facet).rows
    return newest
