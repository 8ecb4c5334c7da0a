"""A service as a process: `python -m services.<word> serve | migrate | check | check-sealed | digest | replay`."""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from kit import chain, checking, database, logging, migrations, serving
from kit.chassis import databases
from kit.chassis.app import Service, assemble
from kit.chassis.databases import engine_of
from kit.chassis.settings import ServiceSettings
from kit.checking import Finding
from kit.config import ConfigError
from kit.migrations import grants
from kit.server import PortTakenError

# Objects that may have been made and not yet freed before the garbage collector looks for cycles.
GARBAGE_MAX = 50_000

# How long a starting process pauses before it tries to reach an absent database again.
DATABASE_PAUSE_S = 0.25

AnyService: TypeAlias = Service[Any, Any]


def main(service: AnyService, arguments: Sequence[str]) -> int:
    """Runs one command and gives the exit code: 0 well, 1 not well, 2 wrongly set up."""
    commands = {
        "serve": (_serve, "serve until a signal ends it"),
        "migrate": (_migrate, "bring the database forward"),
        "check": (_check, "compare the facts with what follows from them; JSON lines, exit code 1 on findings"),
        "check-sealed": (_check_sealed, "the same, after sealing all that can be; the first line is the chain's head"),
        "digest": (_digest, "give rows that have no digest theirs, after an upgrade; says how many, by table"),
        "replay": (_replay, "try events again that were given up; says how many had their effect"),
    }
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.word}", description=service.about)
    parsers = parser.add_subparsers(required=True, metavar="command", dest="command")
    for name, (_, about) in commands.items():
        parsers.add_parser(name, help=about)
    command, _ = commands[parser.parse_args(arguments).command]
    try:
        settings = service.load(os.environ)
        logging.configure(service.word, settings.log_level)
        return command(service, settings)
    except (ConfigError, PortTakenError, migrations.OwnershipError, migrations.OldDatabaseError) as error:
        return _say(service, str(error), 2)


def _serve(service: AnyService, settings: ServiceSettings) -> int:
    app = assemble(service, settings)
    if not _database_answers(engine_of(settings), settings.database_wait_s):
        return _say(service, f"the database did not answer within {settings.database_wait_s} seconds", 1)
    missing = migrations.pending(settings.database_url, service.word)
    if missing:
        remedy = f"run `python -m services.{service.word} migrate`"
        return _say(service, f"the database lacks {', '.join(missing)}: {remedy}", 1)
    sealer = chain.sealing_worker(
        service.word, engine_of(settings), _seal_times(settings), interval_s=settings.jobs_interval_s
    )
    _leave_what_stays()
    serving.serve(service.word, app.server, (*app.workers, sealer), app.internal, grace_s=settings.drain_s)
    return 0


def _leave_what_stays() -> None:
    """Freezes the objects of the start, and lets the garbage collector run less often.

    A request makes thousands of small objects, of which hardly any are in cycles; at its usual threshold the collector
    ran several times for each, and now and then went through all that the process had imported.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_MAX)


def _migrate(service: AnyService, settings: ServiceSettings) -> int:
    databases.migrate(service.word, settings, service.metadata)
    return 0


def _digest(service: AnyService, settings: ServiceSettings) -> int:
    sys.stdout.write(json.dumps(databases.fill_digests(settings, service.metadata)) + "\n")
    return 0


def findings(service: AnyService, settings: ServiceSettings) -> Iterator[Finding]:
    """All findings of a service's checker about its own database."""
    engine = engine_of(settings)
    try:
        yield from service.check(engine, settings)
        yield from grants.excess(engine, grants.grants_of(service.word))
        yield from chain.verify(engine, service.word)
    finally:
        engine.dispose()


def _check(service: AnyService, settings: ServiceSettings) -> int:
    return checking.report(service.word, findings(service, settings), sys.stdout)


def _check_sealed(service: AnyService, settings: ServiceSettings) -> int:
    engine = engine_of(settings)
    chain.seal_all(engine, service.word, chain.facets_of(service.word), _seal_times(settings))
    head = chain.head(engine, service.word)
    engine.dispose()
    sys.stdout.write(json.dumps({"head": head and dataclasses.asdict(head)}) + "\n")
    return _check(service, settings)


def _seal_times(settings: ServiceSettings) -> chain.SealTimes:
    return chain.SealTimes(after_s=settings.seal_after_s, span_s=settings.seal_span_s)


def _replay(service: AnyService, settings: ServiceSettings) -> int:
    consumers = service.consumers(engine_of(settings), settings)
    done = sum(consumer.replay_dead_letters() for consumer in consumers.values())
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


def _say(service: AnyService, sentence: str, exit_code: int) -> int:
    sys.stderr.write(f"{service.word}: {sentence}\n")
    return exit_code
