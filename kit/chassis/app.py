"""`Service` is what a service says of itself; `assemble` makes a process of it: settings → engine → storage → parts.

The parts are what differs: servicers, workers, timed jobs. Server, relay, internal port, housekeeping and the commands
are the same in each service, and are made here.
"""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import grpc
import sqlalchemy as sa

from kit import client, config, database, streams
from kit.chassis import jobs
from kit.chassis.databases import engine_of
from kit.chassis.settings import ListenerSettings, ServiceSettings
from kit.chassis.storage import INBOX, OUTBOX, StorageBase
from kit.checking import Finding
from kit.circuit import Circuit, CircuitBounds, places_of
from kit.inbox import Consumer, Handle
from kit.outbox import Relay
from kit.peers.settings import admission_of, identity_of
from kit.server import Server
from kit.suite import entry
from kit.telemetry import InternalServer
from kit.workers import Worker

Config = TypeVar("Config", bound=ServiceSettings)
Storage = TypeVar("Storage", bound=StorageBase[Any])

DEAD_LETTERS = "dead_letters"


@dataclasses.dataclass(frozen=True)
class App:
    """Everything of a process, made and not yet started."""

    server: Server
    internal: InternalServer
    workers: tuple[Worker, ...]


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a service brings: generated servicers, workers of its own pace, and rounds of timed work by their name."""

    servicers: Sequence[object]
    workers: Sequence[Worker] = ()
    jobs: Mapping[str, jobs.Round] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Service(Generic[Config, Storage]):
    """What makes a service differ from another. None of the functions connects to anything.

    `stream` is what it announces on. `peers` are those that may call each method, by its name. `consumers` are those of
    the streams that it listens to, by the word of who announces there.
    """

    word: str
    config: type[Config]
    metadata: sa.MetaData
    stream: str
    peers: Mapping[str, Collection[str]]
    storage: Callable[[sa.Engine, Config], Storage]
    parts: Callable[[Config, Storage], Parts]
    check: Callable[[sa.Engine, Config], Iterable[Finding]]
    consumers: Callable[[sa.Engine, Config], Mapping[str, Consumer]] = lambda _engine, _config: {}

    @property
    def about(self) -> str:
        """What it is for, in a sentence."""
        return entry(self.word).about

    def load(self, environ: Mapping[str, str]) -> Config:
        """Reads the settings, or raises ConfigError."""
        return config.read(self.config, entry(self.word).prefix, environ)


def assemble(service: Service[Config, Storage], settings: Config) -> App:
    """Makes the process of a service. Takes the ports; connects to nothing."""
    engine = engine_of(settings)
    storage = service.storage(engine, settings)
    parts = service.parts(settings, storage)
    server = Server(
        parts.servicers,
        host=settings.host,
        port=settings.port,
        port_shared=settings.port_shared,
        threads_max=settings.threads_max,
        concurrent_rpcs_max=settings.concurrent_rpcs_max,
        reflection=settings.reflection,
        admission=admission_of(settings, service.peers),
    )
    internal = InternalServer(
        settings.internal_port, lambda: server.is_serving and database.is_there(engine), host=settings.internal_host
    )
    publishing = relay(engine, service.metadata, service.stream, settings)
    workers = [
        *parts.workers,
        Worker(f"{service.word}-relay", publishing.publish_once, interval_s=settings.relay_interval_ms / 1_000),
        *_consumer_workers(service, engine, settings),
        *jobs.workers(service.word, storage, settings, parts.jobs),
    ]
    return App(server, internal, tuple(workers))


def relay(
    engine: sa.Engine,
    metadata: sa.MetaData,
    stream: str,
    settings: ServiceSettings,
    *,
    answer_timeout_s: float = streams.ANSWER_TIMEOUT_S,
) -> Relay:
    """What publishes the service's events. `answer_timeout_s` bounds the wait for one answer of Redis."""
    redis = streams.connect(settings.redis_url, answer_timeout_s=answer_timeout_s)
    return Relay(engine, metadata.tables[OUTBOX], redis, stream, batch_max=settings.relay_batch_max)


def consumer(
    word: str,
    engine: sa.Engine,
    metadata: sa.MetaData,
    redis_url: str,
    *,
    stream: str,
    handle: Handle,
    batch_max: int = 100,
) -> Consumer:
    """This process' part in what the service `word` does with the events of a stream."""
    return Consumer(
        engine,
        metadata.tables[INBOX],
        metadata.tables[DEAD_LETTERS],
        streams.connect(redis_url),
        stream=stream,
        group=word,
        name=f"{socket.gethostname()}-{id(engine):x}",
        handle=handle,
        batch_max=batch_max,
    )


def channel_to(word: str, address: str, settings: ServiceSettings) -> tuple[grpc.Channel, Circuit]:
    """A way to another service, and the circuit that guards it: it may hold a part of this process' threads.

    Every write carries a request id and the rest reads, so gRPC may try all of them again.
    """
    channel = client.channel(address, identity=identity_of(settings), idempotent=entry(word).exposes)
    return channel, Circuit(CircuitBounds(places_of(settings.threads_max)), service=word)


def _consumer_workers(service: Service[Config, Storage], engine: sa.Engine, settings: Config) -> list[Worker]:
    found = service.consumers(engine, settings)
    if not found:
        return []
    if not isinstance(settings, ListenerSettings):
        raise TypeError(f"the settings of {service.word} do not extend ListenerSettings, and it listens")
    interval_s = settings.consumer_interval_ms / 1_000
    return [
        Worker(f"{service.word}-{announcer}-events", each.consume_once, interval_s=interval_s)
        for announcer, each in found.items()
    ]
