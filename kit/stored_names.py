"""Names in tables that are not in the form that names have: written before there was one, or past the services.

Nothing finds them by the name that a caller sends. Two that have the same canonical form are worse where they name one
thing for good, such as a receipt that earned twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from kit import texts
from kit.checking import FINDINGS_MAX, Finding

ROWS_AT_A_TIME = 1_000

CANONICAL = "name_canonical"
COLLIDES = "name_collides"

Parts: TypeAlias = tuple[str, ...]

# Between the parts of a name, for one pattern to be held against all; no name has it, being a control character.
_SEPARATOR = "\x1f"
# What a plain name has nowhere: letters beyond ASCII, two spaces, spaces at an end. Others are read in Python.
_PERHAPS = "[^\x1f -~]|  |(^|\x1f) | (\x1f|$)"


@dataclass(frozen=True)
class StoredNames:
    """Where names stand. `query` gives `subject`, a text that names the row, `scope`, a text, and `parts`, texts.

    With `unique` the parts together name one thing within their scope.
    """

    what: str
    query: str
    unique: bool = False


def findings(connection: sa.Connection, places: Iterable[StoredNames]) -> Iterator[Finding]:
    """The names of each place that are not canonical, and those that are one with another."""
    for place in places:
        yield from _of(connection, place)


@dataclass
class _Odd:
    """Names of a place that are not canonical, by what they would be."""

    subjects: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, subject: str, scope: str, canonical: Parts) -> None:
        self.subjects.setdefault((scope, _SEPARATOR.join(canonical)), []).append(subject)


def _of(connection: sa.Connection, place: StoredNames) -> Iterator[Finding]:
    odd, count = _Odd(), 0
    for row in _suspects(connection, place):
        parts = tuple(part or "" for part in row.parts)
        canonical = tuple(map(texts.name, parts))
        if canonical == parts:
            continue
        odd.add(row.subject, row.scope, canonical)
        yield Finding(CANONICAL, row.subject, f"{place.what} is not in the form that names have")
        count += 1
        if count > FINDINGS_MAX:
            break
    if place.unique and odd.subjects:
        yield from _collisions(connection, place, odd)


def _suspects(connection: sa.Connection, place: StoredNames) -> sa.Result[Any]:
    query = sa.text(
        f"SELECT subject, scope, parts FROM ({place.query}) AS given "  # noqa: S608 - of our own words
        "WHERE array_to_string(parts, :separator) ~ :perhaps"
    )
    bound = {"separator": _SEPARATOR, "perhaps": _PERHAPS}
    return connection.execute(query, bound, execution_options={"yield_per": ROWS_AT_A_TIME})


def _collisions(connection: sa.Connection, place: StoredNames, odd: _Odd) -> Iterator[Finding]:
    problem = f"{place.what} would be that of another in the form that names have"
    query = sa.text(
        f"SELECT scope, array_to_string(parts, :separator) AS name FROM ({place.query}) AS given "  # noqa: S608 - ours
        "WHERE array_to_string(parts, :separator) = ANY(:names)"
    )
    names = sorted({name for _, name in odd.subjects})
    rows = connection.execute(query, {"separator": _SEPARATOR, "names": names})
    taken = {(row.scope, row.name) for row in rows}
    for key, subjects in odd.subjects.items():
        if key in taken or len(subjects) > 1:
            yield from (Finding(COLLIDES, subject, problem) for subject in subjects)
