"""A service as a process: `python -m services.<word> serve | migrate | check | digest | replay`, the same for each."""

from __future__ import annotations

import argparse
import dataclasses
import gc
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import sqlalchemy as sa

from kit import chain, checking, database, logging, migrations, row_digests, serving
from kit.checking import Finding
from kit.config import ConfigError
from kit.inbox import Consumer
from kit.migrations import grants
from kit.server import PortTakenError, Server
from kit.telemetry import InternalServer
from kit.workers import Worker

# Objects that may have been made and not yet freed before the garbage collector looks for cycles.
GARBAGE_MAX = 50_000

# How long a starting process pauses before it asks an absent database again.
DATABASE_PAUSE_S = 0.25


class ServiceConfig(Protocol):
    """The settings that every service has."""

    @property
    def database_url(self) -> str:
        """The database that the service alone owns."""
        ...

    @property
    def owner_database_url(self) -> str:
        """The same database as the role that owns its tables; empty where the role that serves does."""
        ...

    @property
    def database_wait_s(self) -> int:
        """Seconds that a starting process waits for its database."""
        ...

    @property
    def drain_s(self) -> int:
        """Seconds that requests under way may take to end after SIGTERM."""
        ...

    @property
    def jobs_interval_s(self) -> int:
        """Seconds between two rounds of the timed jobs."""
        ...

    @property
    def seal_after_s(self) -> int:
        """Seconds after which what is recorded is sealed."""
        ...

    @property
    def seal_span_s(self) -> int:
        """Seconds that a seal covers at least."""
        ...

    @property
    def log_level(self) -> str:
        """debug, info, warning or error."""
        ...


Config = TypeVar("Config", bound=ServiceConfig)


@dataclasses.dataclass(frozen=True)
class App:
    """Everything of a process, made and not yet started."""

    server: Server
    internal: InternalServer
    workers: tuple[Worker, ...]


@dataclasses.dataclass(frozen=True)
class Service(Generic[Config]):
    """What the commands need to know of a service. `build` takes the ports and connects to nothing."""

    name: str
    about: str
    load: Callable[[Mapping[str, str]], Config]
    build: Callable[[Config], App]
    engine_of: Callable[[Config], sa.Engine]
    metadata: sa.MetaData
    check: Callable[[Config], Iterable[Finding]]
    consumers: Callable[[Config], Sequence[Consumer]] = lambda _: ()


def main(service: Service[Config], arguments: Sequence[str]) -> int:
    """Runs one command and gives the exit code: 0 well, 1 not well, 2 wrongly set up."""
    commands = {
        "serve": (_serve, "serve until told to stop"),
        "migrate": (_migrate, "bring the database forward"),
        "check": (_check, "compare the facts with what follows from them; JSON lines, exit code 1 on findings"),
        "seal": (_seal, "seal all that can be sealed; the head of the chain as JSON"),
        "digest": (_digest, "give rows that have no digest theirs, after an upgrade; says how many, by table"),
        "replay": (_replay, "try events again that were given up; says how many had their effect"),
    }
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}", description=service.about)
    parsers = parser.add_subparsers(required=True, metavar="command", dest="command")
    for name, (_, about) in commands.items():
        parsers.add_parser(name, help=about)
    command, _ = commands[parser.parse_args(arguments).command]
    try:
        settings = service.load(os.environ)
        logging.configure(service.name, settings.log_level)
        return command(service, settings)
    except (ConfigError, PortTakenError, migrations.OwnershipError) as error:
        return _say(service, str(error), 2)


def _serve(service: Service[Config], settings: Config) -> int:
    app = service.build(settings)
    if not _database_answers(service.engine_of(settings), settings.database_wait_s):
        return _say(service, f"the database did not answer within {settings.database_wait_s} seconds", 1)
    missing = migrations.pending(settings.database_url, service.name)
    if missing:
        remedy = f"run `python -m services.{service.name} migrate`"
        return _say(service, f"the database lacks {', '.join(missing)}: {remedy}", 1)
    sealer = chain.sealing_worker(
        service.name, service.engine_of(settings), _seal_times(settings), interval_s=settings.jobs_interval_s
    )
    _leave_what_stays()
    serving.serve(service.name, app.server, (*app.workers, sealer), app.internal, grace_s=settings.drain_s)
    return 0


def _leave_what_stays() -> None:
    """Tells the garbage collector that what is there now stays, and to look less often for what does not.

    A request makes thousands of small objects, of which hardly any are in cycles; at its usual threshold the collector
    ran several times for each, and now and then went through all that the process had imported.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_MAX)


def _migrate(service: Service[Config], settings: Config) -> int:
    if migrations.upgrade(settings.database_url, service.name, owner_url=settings.owner_database_url):
        # Rows of before the checker had digests to compare; what was applied just now is why they have none.
        _fill_digests(service, settings)
    return 0


def _digest(service: Service[Config], settings: Config) -> int:
    sys.stdout.write(json.dumps(_fill_digests(service, settings)) + "\n")
    return 0


def _fill_digests(service: Service[Config], settings: Config) -> dict[str, int]:
    """As the owner: what is written once the role that serves may not change."""
    url, serving = settings.owner_database_url or settings.database_url, service.engine_of(settings)
    engine = sa.create_engine(url, poolclass=sa.NullPool).execution_options(**serving.get_execution_options())
    try:
        return row_digests.fill(engine, service.metadata)
    finally:
        engine.dispose()


def _check(service: Service[Config], settings: Config) -> int:
    engine = service.engine_of(settings)
    findings = itertools.chain(
        service.check(settings),
        grants.excess(engine, grants.grants_of(service.name)),
        chain.verify(engine, service.name),
    )
    return checking.report(service.name, findings, sys.stdout)


def _seal(service: Service[Config], settings: Config) -> int:
    engine = service.engine_of(settings)
    chain.seal_all(engine, service.name, chain.facets_of(service.name), _seal_times(settings))
    head = chain.head(engine, service.name)
    sys.stdout.write(json.dumps(head and dataclasses.asdict(head)) + "\n")
    return 0


def _seal_times(settings: ServiceConfig) -> chain.SealTimes:
    return chain.SealTimes(after_s=settings.seal_after_s, span_s=settings.seal_span_s)


def _replay(service: Service[Config], settings: Config) -> int:
    done = sum(consumer.replay_dead_letters() for consumer in service.consumers(settings))
    sys.stdout.write(f"{done}\n")
    return 0


def _database_answers(engine: sa.Engine, wait_s: float) -> bool:
    try:
        for _ in range(max(1, int(wait_s / DATABASE_PAUSE_S))):
            if database.is_there(engine):
                return True
            time.sleep(DATABASE_PAUSE_S)
        return False
    finally:
        engine.dispose()


def _say(service: Service[Config], sentence: str, exit_code: int) -> int:
    sys.stderr.write(f"{service.name}: {sentence}\n")
    return exit_code
