"""Ways to the services: one channel each for the whole process, opened at the first use and kept.

Each stands behind a circuit, so that a service that hangs holds no more than its places in this process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import grpc
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub
from loyalty.points.v1.earning_pb2_grpc import EarningServiceStub
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceStub
from loyalty.points.v1.program_pb2_grpc import ProgramServiceStub
from loyalty.points.v1.sales_pb2_grpc import SalesServiceStub
from loyalty.rewards.v1.rewards_pb2_grpc import RewardsServiceStub

from gateway.config import Config
from kit import client
from kit.circuit import Circuit, CircuitBounds, guarded, places_of
from kit.peers.identity import Identity
from kit.peers.settings import identity_of
from kit.suite import entry

Stub = TypeVar("Stub")


class ServiceChannel(Generic[Stub]):
    """One service's stub on a channel that is opened by the process that uses it: gRPC does not survive a fork."""

    def __init__(
        self,
        service: str,
        address: str,
        stub_over: Callable[[grpc.Channel, Circuit], Stub],
        bounds: CircuitBounds,
        identity: Identity,
    ) -> None:
        self._service = service
        self._address = address
        self._stub_over = stub_over
        self._bounds = bounds
        self._identity = identity
        self._lock = threading.Lock()
        self._opened: tuple[int, grpc.Channel, Stub] | None = None

    def stub(self) -> Stub:
        """The stub of this process."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            opened = self._open()
        return opened[2]

    def close(self) -> None:
        """Closes the channel; a later use opens another."""
        with self._lock:
            if self._opened is not None and self._opened[0] == os.getpid():
                self._opened[1].close()
            self._opened = None

    def _open(self) -> tuple[int, grpc.Channel, Stub]:
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                # All of it: reads by nature, writes by their request ids.
                circuit = Circuit(self._bounds, service=self._service)
                channel = client.channel(
                    self._address, identity=self._identity, idempotent=entry(self._service).exposes
                )
                self._opened = (os.getpid(), channel, self._stub_over(channel, circuit))
            return self._opened


class PointsStubs:
    """The four services of `points`, over one channel and behind one circuit."""

    def __init__(self, channel: grpc.Channel, circuit: Circuit) -> None:
        self.sales = guarded(SalesServiceStub(channel), circuit)
        self.ledger = guarded(LedgerServiceStub(channel), circuit)
        self.earning = guarded(EarningServiceStub(channel), circuit)
        self.program = guarded(ProgramServiceStub(channel), circuit)


def members_stub(channel: grpc.Channel, circuit: Circuit) -> MembersServiceStub:
    """The one service of `members`."""
    return guarded(MembersServiceStub(channel), circuit)


def rewards_stub(channel: grpc.Channel, circuit: Circuit) -> RewardsServiceStub:
    """The one service of `rewards`."""
    return guarded(RewardsServiceStub(channel), circuit)


class Clients:
    """The three services."""

    def __init__(self, config: Config) -> None:
        bounds = CircuitBounds(
            places_of(config.threads),
            silence_ms=config.circuit_silence_ms,
            failures_max=config.circuit_failures_max,
            probe_interval_ms=config.circuit_probe_interval_ms,
        )
        identity = identity_of(config)
        self._members = ServiceChannel("members", config.members_address, members_stub, bounds, identity)
        self._points = ServiceChannel("points", config.points_address, PointsStubs, bounds, identity)
        self._rewards = ServiceChannel("rewards", config.rewards_address, rewards_stub, bounds, identity)

    @property
    def members(self) -> MembersServiceStub:
        """Who someone is."""
        return self._members.stub()

    @property
    def points(self) -> PointsStubs:
        """What they hold."""
        return self._points.stub()

    @property
    def rewards(self) -> RewardsServiceStub:
        """What points buy."""
        return self._rewards.stub()

    def close(self) -> None:
        """Closes every channel."""
        for channel in (self._members, self._points, self._rewards):
            channel.close()
