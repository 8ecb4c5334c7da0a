"""A checker's invariants, queried in the service's own database.

Apart from `kit.checking`, which the command line loads at each start and which needs no database.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from kit.checking import FINDINGS_MAX, Finding

# A query may read every row there is; the bound ends one that does not finish.
STATEMENT_TIMEOUT_MS = 900_000


def ask(
    connection: sa.Connection, questions: Iterable[tuple[str, str, str]], known: Mapping[str, object]
) -> Iterator[Finding]:
    """Runs all queries in one round trip; each is a check's name, the problem, and a query of the rows that have it.

    A query gives one column, the subject, and may name what is `known`. Memory does not grow with what is wrong: no
    query returns more than a report's findings and one. The transaction must have begun. Raises psycopg.Error.
    """
    asked = list(questions)
    driver = cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)
    # Statements in one message cannot have parameters of the server's; this cursor writes them in.
    with psycopg.ClientCursor(driver) as cursor:
        cursor.execute(";\n".join(_spelled(question) for _, _, question in asked).encode(), dict(known))
        for name, problem, _ in asked:
            for (subject,) in cursor.fetchall():
                yield Finding(name, str(subject), problem)
            cursor.nextset()


@functools.cache
def _spelled(question: str) -> str:
    """The query in psycopg's spelling of parameters."""
    return str(sa.text(_cut(question)).compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]  # SQLAlchemy left it so


def _cut(question: str) -> str:
    # It is planned as it stands: a limit of its own would make PostgreSQL look for the first answers first, of which
    # there should be none.
    return f"WITH found AS MATERIALIZED ({question}) SELECT * FROM found LIMIT {FINDINGS_MAX + 1}"  # noqa: S608 - of our own words
