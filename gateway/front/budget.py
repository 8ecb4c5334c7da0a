"""The memory that bodies take, over all connections, and at most a part of it for one address that is no proxy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from gateway.front.bounds import BODY_SHARE


class BodyBudget:
    """Counts bytes by address. Used by the event loop alone."""

    def __init__(self, bytes_max: int, is_proxy: Callable[[str], bool] = lambda _: False) -> None:
        self._bytes_max = bytes_max
        self._is_proxy = is_proxy
        self._taken: Counter[str] = Counter()
        self._total = 0

    def take(self, address: str, size: int) -> bool:
        """Takes so many bytes for the address, or none of them."""
        if self._total + size > self._bytes_max:
            return False
        if self._taken[address] + size > self._bytes_max // BODY_SHARE and not self._is_proxy(address):
            return False
        self._taken[address] += size
        self._total += size
        return True

    def give_back(self, address: str, size: int) -> None:
        """Gives back what was taken."""
        self._total -= size
        self._taken[address] -= size
        if self._taken[address] <= 0:
            del self._taken[address]
