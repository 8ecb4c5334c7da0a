"""Where names stand, and identifiers that no caller finds because they are in another form than callers' are read into.

The second kind is of before there was that form. A member keeps the identifier, and is not found by it.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from kit.checking import Finding
from kit.errors import Invalid
from kit.stored_names import StoredNames
from services.members import phones, tables
from services.members.domain.identifiers import Identifier, NewIdentifier, canonical
from services.members.sealing import Pepper

CANONICAL = "identifier_canonical"
COLLIDES = "identifier_collides"

NAMES = (
    StoredNames(
        "the program's name", "SELECT program_id::text AS subject, '' AS scope, ARRAY[name] AS parts FROM programs"
    ),
    StoredNames(
        "the API key's name", "SELECT api_key_id::text AS subject, '' AS scope, ARRAY[name] AS parts FROM api_keys"
    ),
    StoredNames(
        "a trait of the member",
        """
        SELECT member_id::text AS subject, '' AS scope, ARRAY[tier] || segments
            || ARRAY(SELECT own.value FROM jsonb_each_text(attributes) AS own) AS parts
        FROM members
        """,
    ),
)


def regions(connection: sa.Connection) -> Mapping[uuid.UUID, str]:
    """The region of each program, by whose rules phone numbers are read."""
    programs = tables.programs.c
    return {row.program_id: row.region for row in connection.execute(sa.select(programs.program_id, programs.region))}


def of_identifier(
    connection: sa.Connection, row: sa.Row[Any], found: Identifier, pepper: Pepper, region: str
) -> Iterator[Finding]:
    """What is wrong with the form of an identifier, opened; `row` has the columns of `member_identifiers`."""
    subject = f"{row.member_id}/{row.identifier_id}"
    wanted = _canonical(found, region)
    if wanted == found.value:
        return
    if wanted is None:
        yield Finding(CANONICAL, subject, "the identifier would be refused today, so no caller finds the member by it")
        return
    yield Finding(CANONICAL, subject, "the identifier is not in the form that callers' are read into")
    claims = tables.identifiers.c
    lookup_hash = pepper.lookup_hash(row.program_id, row.kind, wanted)
    same = sa.select(claims.member_id).where(
        claims.program_id == row.program_id, claims.kind == row.kind, claims.lookup_hash == lookup_hash
    )
    if connection.scalar(same) is not None:
        yield Finding(
            COLLIDES, subject, "the identifier would be that of another member in the form that it should have"
        )


def _canonical(found: Identifier, region: str) -> str | None:
    try:
        return canonical(
            NewIdentifier(found.kind, found.value), "identifier", functools.partial(phones.e164, region=region)
        ).value
    except Invalid:
        return None
