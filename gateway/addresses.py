"""Where a request comes from, and how many unknown API keys may come from there.

An address has a budget of calls to `members` for keys that this process does not remember. Keys that turn out to be
good cost nothing, so a store behind one address may open with all its tills at once; guesses use the budget up, and
then only remembered keys are let in from there.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gateway.refusals import RateLimited

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

ADDRESSES_MAX = 10_000
# A household or a server has a network of this size of its own, and any number of addresses in it.
IPV6_PREFIX = 64


def networks_of(text: str) -> tuple[Network, ...]:
    """Reads addresses and networks separated by commas; raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def bucket_of(peer: str) -> str:
    """What counts as one address: an IPv4 address, or the network of an IPv6 one."""
    return _bucket(peer)


def is_in(text: str, networks: Sequence[Network]) -> bool:
    """Whether the address is of one of the networks."""
    address = _parsed(text)
    return address is not None and any(address in network for network in networks)


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The address of the client: the peer, or the last one in X-Forwarded-For that no trusted proxy has.

    Each proxy appends whom it heard, so what stands further left is the client's own word and is not read.
    """
    client = peer
    heard = [part.strip() for part in forwarded_for.split(",")]
    while heard and is_in(client, trusted):
        found = _parsed(heard.pop())
        if found is None:
            break
        client = str(found)
    return _bucket(client)


class AddressBudget:
    """`per_minute` unknown keys for each address, as many at once; the least recently seen addresses are forgotten."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._size = per_minute
        self._now = now
        self._lock = threading.Lock()
        self._used: OrderedDict[str, _Used] = OrderedDict()

    def take(self, address: str) -> None:
        """Takes one of the address's budget before its key is looked up; raises RateLimited where nothing is left."""
        with self._lock:
            used = self._refilled(address)
            if used.amount + 1 > self._size:
                wait_s = (used.amount + 1 - self._size) * 60 / self._size
                raise RateLimited(
                    f"more than {self._size} unknown API keys in 60 s from this address",
                    retry_after_ms=math.ceil(wait_s * 1_000),
                    limit=self._size,
                    window_s=60,
                )
            used.amount += 1

    def give_back(self, address: str) -> None:
        """The key was good, or could not be looked up."""
        with self._lock:
            used = self._refilled(address)
            used.amount = max(0.0, used.amount - 1)

    def _refilled(self, address: str) -> _Used:
        now = self._now()
        used = self._used.setdefault(address, _Used(0.0, now))
        self._used.move_to_end(address)
        used.amount = max(0.0, used.amount - (now - used.at) * self._size / 60)
        used.at = now
        while len(self._used) > ADDRESSES_MAX:
            self._used.popitem(last=False)
        return used


@dataclasses.dataclass
class _Used:
    amount: float
    at: float


def _parsed(text: str) -> Address | None:
    """The address in one part of X-Forwarded-For, which may name a port."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _bucket(text: str) -> str:
    address = _parsed(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return text
