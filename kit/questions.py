"""A checker's questions, asked of the service's own database.

Apart from `kit.checking`, which the command line loads at each start and which needs no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from kit.checking import FINDINGS_MAX, Finding

# One question may look at every row there is; the bound is for one that went wrong.
STATEMENT_TIMEOUT_MS = 900_000


def ask(
    connection: sa.Connection, questions: Iterable[tuple[str, str, str]], known: Mapping[str, object]
) -> Iterator[Finding]:
    """Asks each question in one round trip; it is a check's name, the problem, and a query of the rows that have it.

    A query gives one column, the subject, and may name what is `known`. Memory does not grow with what is wrong: no
    question gives more findings than a report tells, and one.
    """
    for name, problem, question in questions:
        for subject in connection.execute(sa.text(_cut(question)), dict(known)).scalars():
            yield Finding(name, str(subject), problem)


def _cut(question: str) -> str:
    # It is planned as it stands: a limit of its own would make PostgreSQL look for the first answers first, of which
    # there should be none.
    return f"WITH found AS MATERIALIZED ({question}) SELECT * FROM found LIMIT {FINDINGS_MAX + 1}"  # noqa: S608 - of our own words
