"""The event loop of one process: it listens, lets time pass for connections, and drains."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable

from flask import Flask

from gateway.addresses import is_in, networks_of
from gateway.bulkheads import BULKHEADS, bulkheads_by_path
from gateway.config import Config
from gateway.front import running
from gateway.front.admission import Admission, AdmissionBounds
from gateway.front.bounds import bounds_of
from gateway.front.budget import BodyBudget
from gateway.front.connection import HttpConnection
from gateway.front.connections import OpenConnections
from gateway.front.shared import Shared
from kit.ports import PortTakenError

# How often deadlines are compared with the clock.
EXPIRE_INTERVAL_S = 0.1


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket, which several processes may accept from; raises PortTakenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(backlog)
    except OSError as error:
        listening.close()
        raise PortTakenError(host, port) from error
    listening.setblocking(False)
    return listening


async def serve(
    application: Flask,
    config: Config,
    listening: socket.socket,
    leaving: asyncio.Event,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Serves until it is time to leave; then ends idle connections at once and requests under way within the drain.

    `beat` is called as long as the event loop lives.
    """
    loop = asyncio.get_running_loop()
    bounds = bounds_of(config)
    is_proxy = functools.partial(is_in, networks=networks_of(config.trusted_proxies))
    shared = Shared(
        loop=loop,
        bounds=bounds,
        connections=OpenConnections(bounds.connections_max, bounds.connections_per_address_max, is_proxy),
        bodies=BodyBudget(bounds.bodies_bytes_max, is_proxy),
        admission=Admission(
            loop, BULKHEADS, AdmissionBounds(config.threads, config.waiting_max, config.wait_ms / 1_000)
        ),
        run=functools.partial(running.run, application),
        bulkhead=bulkheads_by_path(application),
        now=loop.time,
    )
    server = await loop.create_server(lambda: HttpConnection(shared), sock=listening, backlog=config.backlog)
    expiring = loop.create_task(_expire(shared, beat))
    try:
        await leaving.wait()
        server.close()
        await _drain(shared, config.drain_s)
    finally:
        expiring.cancel()
        shared.admission.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await expiring


async def _expire(shared: Shared, beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(EXPIRE_INTERVAL_S)
        shared.expire()


async def _drain(shared: Shared, drain_s: float) -> None:
    shared.is_leaving = True
    ends_at = shared.now() + drain_s
    while len(shared.connections) and shared.now() < ends_at:
        shared.connections.drop_idle()
        await asyncio.sleep(EXPIRE_INTERVAL_S / 2)
