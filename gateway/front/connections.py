"""The connections that are open: counted over all and by address, and ended when they have waited too long.

Where there are too many, the one that has been idle longest makes room: of the same address where the address has its
share, of any where the process has. So idle connections keep nobody out. A trusted proxy stands for many clients and
has no share of its own.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection

from gateway import metrics


class OpenConnection(typing.Protocol):
    """What is asked of a connection."""

    address: str

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, of which the head has not come, or not all of it."""

    def expire(self, now: float) -> None:
        """Ends it if it has taken longer than it may."""

    def drop(self) -> None:
        """Ends it at once."""


class OpenConnections:
    """The connections of one process, in the order in which they became idle. Used by the event loop alone."""

    def __init__(self, total_max: int, per_address_max: int, is_proxy: Callable[[str], bool] = lambda _: False) -> None:
        self._total_max = total_max
        self._per_address_max = per_address_max
        self._is_proxy = is_proxy
        # Dictionaries keep their order: the first idle one has been idle longest.
        self._by_address: dict[str, dict[OpenConnection, None]] = {}
        self._all: dict[OpenConnection, None] = {}

    def __len__(self) -> int:
        return len(self._all)

    def open(self, connection: OpenConnection) -> bool:
        """Counts a new connection, after an idle one has made room if need be; False when there is no room."""
        own = self._by_address.setdefault(connection.address, {})
        bounded = not self._is_proxy(connection.address)
        has_room = (not bounded or len(own) < self._per_address_max or _make_room(own)) and (
            len(self._all) < self._total_max or _make_room(self._all)
        )
        if has_room:
            # Making room may have emptied and removed the dictionary of the address.
            self._by_address.setdefault(connection.address, {})[connection] = None
            self._all[connection] = None
        elif not own:
            self._by_address.pop(connection.address, None)
        metrics.note_connections(len(self._all))
        return has_room

    def idle(self, connection: OpenConnection) -> None:
        """Puts a connection behind all others: it has only now become idle."""
        for group in (self._all, self._by_address.get(connection.address, {})):
            if connection in group:
                del group[connection]
                group[connection] = None

    def close(self, connection: OpenConnection) -> None:
        """Counts a connection no longer."""
        self._all.pop(connection, None)
        own = self._by_address.get(connection.address, {})
        own.pop(connection, None)
        if not own:
            self._by_address.pop(connection.address, None)
        metrics.note_connections(len(self._all))

    def expire(self, now: float) -> None:
        """Ends each connection that has taken longer than it may."""
        for connection in tuple(self._all):
            connection.expire(now)

    def drop_idle(self) -> None:
        """Ends each that waits for a request."""
        for connection in tuple(self._all):
            if connection.is_idle:
                connection.drop()


def _make_room(group: Collection[OpenConnection]) -> bool:
    longest_idle = next((each for each in group if each.is_idle), None)
    if longest_idle is None:
        return False
    longest_idle.drop()
    return True
