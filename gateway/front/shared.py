"""What all connections of a process share."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Callable
from typing import Any

from gateway.front.admission import Admission
from gateway.front.answers import HttpAnswer
from gateway.front.bounds import HttpBounds
from gateway.front.budget import BodyBudget
from gateway.front.connections import OpenConnections

# A peer whose machine or network has gone is noticed within about two minutes, whatever its connection is at.
KEEPALIVE_IDLE_S = 60
KEEPALIVE_INTERVAL_S = 15
KEEPALIVE_PROBES = 4


@dataclasses.dataclass
class Shared:
    """The parts of the server that outlive a connection."""

    loop: asyncio.AbstractEventLoop
    bounds: HttpBounds
    connections: OpenConnections
    bodies: BodyBudget
    admission: Admission
    run: Callable[[dict[str, Any]], HttpAnswer]
    # Of method and decoded path.
    bulkhead: Callable[[str, str], str]
    now: Callable[[], float]
    is_leaving: bool = False

    def expire(self) -> None:
        """Ends what has taken longer than it may."""
        now = self.now()
        self.connections.expire(now)
        self.admission.expire(now)


def prepare(connected: socket.socket | None) -> None:
    """Sends small answers at once, and has the kernel ask a silent peer whether it is still there."""
    if connected is None:
        return
    # asyncio does so itself for some sockets, and not for those of a listener that names no protocol.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # macOS has another name for the first of them, and works without.
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
    ):
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
