"""Read-only snapshots of the services' databases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg.rows import namedtuple_row

Left = TypeVar("Left")
Right = TypeVar("Right")

ROWS_AT_A_TIME = 2_000


class SnapshotError(Exception):
    """A database cannot be read; the message says which and never holds a password."""


class DatabaseSnapshot:
    """A snapshot of each database, taken when entering. Rows come streamed, however many there are."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._exits = contextlib.ExitStack()
        self._open: dict[str, psycopg.Connection[Any]] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as exits:
            for word, url in self._urls.items():
                self._open[word] = exits.enter_context(_connect(word, url))
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    def rows(self, word: str, query: str) -> Iterator[Any]:
        """The rows of a query to one database, with their columns as attributes."""
        try:
            with self._open[word].cursor(name="checker", row_factory=namedtuple_row) as cursor:
                cursor.itersize = ROWS_AT_A_TIME
                cursor.execute(query)
                yield from cursor
        except psycopg.Error as error:
            raise SnapshotError(f"The database of {word} could not be read: {_first_line(error)}.") from error


def _connect(word: str, url: str) -> psycopg.Connection[Any]:
    try:
        connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1), connect_timeout=5)
    except psycopg.Error as error:
        raise SnapshotError(f"The database of {word} cannot be reached: {_first_line(error)}.") from error
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    # A snapshot begins with the first statement, not with the connection.
    connection.execute("SELECT")
    return connection


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def side_by_side(
    left: Iterable[Left], right: Iterable[Right], left_key: Callable[[Left], Any], right_key: Callable[[Right], Any]
) -> Iterator[tuple[Left | None, Right | None]]:
    """Pairs the rows of two streams that are sorted by the same unique key; None stands where one has no such row."""
    lefts, rights = iter(left), iter(right)
    one, other = next(lefts, None), next(rights, None)
    while one is not None or other is not None:
        if other is None or (one is not None and left_key(one) < right_key(other)):
            yield one, None
            one = next(lefts, None)
        elif one is None or right_key(other) < left_key(one):
            yield None, other
            other = next(rights, None)
        else:
            yield one, other
            one, other = next(lefts, None), next(rights, None)


def lasting(readings: Iterator[frozenset[Left]], pause: Callable[[], object]) -> frozenset[Left]:
    """What is found in every one of several readings, with a pause between two; ends early once nothing is left."""
    found = next(readings)
    while found:
        pause()
        again = next(readings, None)
        if again is None:
            break
        found &= again
    return found
