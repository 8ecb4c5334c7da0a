"""Counters of limits: loaded, locked in key order, written back with their movements.

Those of members and those of the program and its stores are two tables of one shape, since the first lead their keys
with the member. Whoever locks in both locks the caps first; whoever locks accounts, too, has done that before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit import ids, row_digests
from kit.database import LostRaceError
from services.points import tables
from services.points.domain.earning.counters import Counter, CounterKey, CounterMovement, LimitCounters
from services.points.storage.writer import Writer


@dataclass(frozen=True)
class CounterRequest:
    """A counter to open. One that is only looked at is not locked; nothing may be moved there."""

    key: CounterKey
    moving: bool = True


@dataclass(frozen=True)
class CounterKind:
    """The two tables of a kind of counter, what their columns are called, and the statements that open counters."""

    counters: sa.Table
    movements: sa.Table
    owner: str
    of: str

    def owner_of(self, key: CounterKey) -> UUID:
        """What leads the counter's key."""
        return key.program_id if key.member_id is None else key.member_id

    @functools.cached_property
    def arrays(self) -> dict[str, str]:
        """The columns that say which counter it is, each with the type of an array of it."""
        uuids = dict.fromkeys((self.owner, "counter_id", "program_id", "rule_id"), "uuid[]")
        return uuids | dict.fromkeys(("scope", self.of, "span", "unit"), "text[]") | {"starts_on": "date[]"}

    @functools.cached_property
    def made(self) -> sa.TextClause:
        """Makes those that are missing, in the order given."""
        names, arrays = ", ".join(self.arrays), ", ".join(f"CAST(:{name} AS {of})" for name, of in self.arrays.items())
        return sa.text(
            f"INSERT INTO {self.counters.name} ({names}, used, allowed, row_digest)"  # noqa: S608 - constants
            f" SELECT {names}, 0, 0, {row_digests.made(self.counters, 'wanted', *self.arrays, used=0, allowed=0)}"
            f" FROM unnest({arrays}) AS wanted ({names}) ON CONFLICT DO NOTHING"
        )

    @functools.cached_property
    def seen(self) -> sa.TextClause:
        """Those that are there."""
        return sa.text(self._those())

    @functools.cached_property
    def locked(self) -> sa.TextClause:
        """Those that are there, locked in key order."""
        return sa.text(f"{self._those()} ORDER BY {self.owner}, counter_id FOR UPDATE OF {self.counters.name}")

    def _those(self) -> str:
        return (
            f"SELECT {self.counters.name}.* FROM {self.counters.name}"  # noqa: S608 - constants
            f" JOIN unnest(CAST(:{self.owner} AS uuid[]), CAST(:counter_id AS uuid[])) AS wanted"
            f" ({self.owner}, counter_id) USING ({self.owner}, counter_id)"
        )


CAPS = CounterKind(tables.cap_counters, tables.cap_movements, "member_id", "cashier_id")
BUDGETS = CounterKind(tables.budget_counters, tables.budget_movements, "program_id", "store_id")


def counter_id(key: CounterKey) -> UUID:
    """The one id that a counter has for good."""
    starts_on = key.starts_on.isoformat() if key.starts_on else ""
    parts = (str(key.program_id), str(key.rule_id), key.scope.value, key.of, key.span.value, key.unit.value, starts_on)
    return ids.derived_id("counter", *parts)


class Counters:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def open(self, requests: Iterable[CounterRequest], *, lock: bool) -> LimitCounters:
        """Opens counters; what nobody has used is at nothing.

        With `lock`, those that are to move are made where they are missing, and then locked. Each step goes in key
        order and is a statement of its own, so that the second sees every row, also one that somebody else made while
        the first was waiting: nobody waits in a circle.
        """
        wanted = list(requests)
        moving = {each.key for each in wanted if each.moving and lock}
        found = {each.key: Counter() for each in wanted}
        for kind in (CAPS, BUDGETS):
            keys = {key for key in found if key.scope.is_cap is (kind is CAPS)}
            if keys & moving:
                found |= self._locked(kind, keys & moving)
            if keys - moving:
                found |= self._seen(kind, keys - moving)
        return LimitCounters(found)

    def write(self, writer: Writer, limits: LimitCounters) -> None:
        """Hands what has moved to the writer."""
        counters, movements = limits.changes()
        for key, counter in counters.items():
            kind = CAPS if key.scope.is_cap else BUDGETS
            writer.add(kind.counters, _columns(kind, key) | {"used": counter.used, "allowed": counter.allowed})
        for movement in movements:
            kind = CAPS if movement.key.scope.is_cap else BUDGETS
            writer.add(kind.movements, _movement_columns(kind, movement))

    def _locked(self, kind: CounterKind, keys: Iterable[CounterKey]) -> dict[CounterKey, Counter]:
        ordered = sorted(keys, key=lambda key: (kind.owner_of(key), counter_id(key)))
        given = _arrays(kind, ordered)
        self._connection.execute(kind.made, given | row_digests.given(self._connection))
        found = _found(self._connection.execute(kind.locked, given), kind, ordered)
        if len(found) < len(ordered):
            raise LostRaceError
        return found

    def _seen(self, kind: CounterKind, keys: Iterable[CounterKey]) -> dict[CounterKey, Counter]:
        wanted = list(keys)
        return _found(self._connection.execute(kind.seen, _arrays(kind, wanted)), kind, wanted)


def _arrays(kind: CounterKind, keys: Iterable[CounterKey]) -> dict[str, list[object]]:
    rows = [_columns(kind, key) for key in keys]
    return {name: [row[name] for row in rows] for name in kind.arrays}


def _found(rows: Iterable[Any], kind: CounterKind, keys: Iterable[CounterKey]) -> dict[CounterKey, Counter]:
    by_row = {(kind.owner_of(key), counter_id(key)): key for key in keys}
    return {by_row[getattr(row, kind.owner), row.counter_id]: Counter(row.used, row.allowed) for row in rows}


def _columns(kind: CounterKind, key: CounterKey) -> dict[str, object]:
    return {
        "program_id": key.program_id,
        kind.owner: kind.owner_of(key),
        "counter_id": counter_id(key),
        "rule_id": key.rule_id,
        "scope": key.scope.value,
        kind.of: key.of,
        "span": key.span.value,
        "unit": key.unit.value,
        "starts_on": key.starts_on,
    }


def _movement_columns(kind: CounterKind, movement: CounterMovement) -> dict[str, object]:
    return {
        kind.owner: kind.owner_of(movement.key),
        "counter_id": counter_id(movement.key),
        "cause_id": movement.return_id or movement.purchase_id or movement.activity_id,
        "purchase_id": movement.purchase_id,
        "return_id": movement.return_id,
        "activity_id": movement.activity_id,
        "units": movement.units,
    }
