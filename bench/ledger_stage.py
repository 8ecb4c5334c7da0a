"""The ledger alone: one database with many members, `points` with group commit and `points` without, and a copy."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import sqlalchemy as sa
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import earning_pb2
from loyalty.points.v1 import terms_pb2 as pb
from loyalty.points.v1.earning_pb2_grpc import EarningServiceStub

from bench.load import Plan, Way
from kit import client, database, row_digests
from kit.call import Call
from services.points import check, tables
from wafa.backends import Backends, Ports, databases
from wafa.backends.addresses import with_driver
from wafa.backends.process import free_port
from wafa.launcher.readiness import grpc_serves

PROGRAM_ID = "6e9b8a52-1c7f-4b0e-9d0e-3a5f0c1b2d4e"
COPY = "points_copy"
# Stays as it is while the other grows.
SMALL = "points_small"
SMALL_MEMBERS = 10_000
MEMBERS_AT_ONCE = 50_000
MEMBERS_ASKED_MAX = 100_000

# A member's life so far, of longer ago than events are kept: eight credits of ten points, the first six of them spent
# again by two entries.
_FILL: tuple[LiteralString, ...] = (
    """
    INSERT INTO standings (member_id, program_id, status, member_version)
    SELECT md5('m' || n)::uuid, %(program)s::uuid, 'active', 1 FROM generate_series(%(first)s::int, %(last)s::int) AS n
    """,
    """
    INSERT INTO accounts (member_id, wallet, program_id, posted, version)
    SELECT md5('m' || n)::uuid, 'points', %(program)s::uuid, 20, 10
    FROM generate_series(%(first)s::int, %(last)s::int) AS n
    """,
    """
    INSERT INTO entries (member_id, wallet, version, program_id, kind, contra, amount, balance_after, reason, actor,
        occurred_at, recorded_at)
    SELECT md5('m' || n)::uuid, 'points', v, %(program)s::uuid, 'adjustment', 'adjusted',
        CASE v WHEN 9 THEN -40 WHEN 10 THEN -20 ELSE 10 END,
        CASE v WHEN 9 THEN 40 WHEN 10 THEN 20 ELSE 10 * v END,
        'opening balance', 'bench', now() - interval '400 days', now() - interval '400 days'
    FROM generate_series(%(first)s::int, %(last)s::int) AS n, generate_series(1, 10) AS v
    """,
    """
    INSERT INTO lots (member_id, wallet, lot_id, program_id, units, remaining, held, lapsed, forgiven, available_at)
    SELECT md5('m' || n)::uuid, 'points', md5('l' || n || ':' || v)::uuid, %(program)s::uuid, 10,
        CASE WHEN v <= 6 THEN 0 ELSE 10 END, 0, 0, 0, now() - interval '400 days'
    FROM generate_series(%(first)s::int, %(last)s::int) AS n, generate_series(1, 8) AS v
    """,
    """
    INSERT INTO lot_movements (member_id, movement_id, wallet, entry_version, lot_id, units)
    SELECT md5('m' || n)::uuid, md5(n || ':' || v || ':' || sign)::uuid, 'points',
        CASE WHEN sign > 0 THEN v WHEN v <= 4 THEN 9 ELSE 10 END, md5('l' || n || ':' || v)::uuid, sign * 10
    FROM generate_series(%(first)s::int, %(last)s::int) AS n, generate_series(1, 8) AS v,
        (VALUES (1), (-1)) AS signs (sign)
    WHERE sign > 0 OR v <= 6
    """,
)


@dataclasses.dataclass
class LedgerStage:
    """Where the load goes."""

    backends: Backends
    grouped: str
    single: str
    small: str
    copy_url: str
    members: int = 0

    def plan(self, way: Way, target: str, clients: int, seconds: float) -> Plan:
        """Clients that sell to members taken from all over the database."""
        members = SMALL_MEMBERS if target == self.small else self.members
        numbers = random.Random(1).sample(range(1, members + 1), min(members, MEMBERS_ASKED_MAX))
        return Plan(way, target, "", PROGRAM_ID, (), tuple(map(member_id, numbers)), clients, 1_000_000, seconds)

    def grow(self, members: int, database: str = "points") -> None:
        """Makes members up to this number, each with ten entries, in one of the databases."""
        if self.backends.postgres is None:
            raise RuntimeError("the benchmark starts a PostgreSQL of its own")
        first = self.members + 1 if database == "points" else 1
        with self.backends.postgres.connect(database) as connection:
            connection.autocommit = True
            # Foreign keys hold by the way the rows are made.
            connection.execute("SET session_replication_role = replica")
            for start in range(first, members + 1, MEMBERS_AT_ONCE):
                last = min(start + MEMBERS_AT_ONCE - 1, members)
                for statement in _FILL:
                    connection.execute(statement, {"program": PROGRAM_ID, "first": start, "last": last})
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")
        if database == "points":
            self.members = members


def checked(stage: LedgerStage) -> tuple[int, float]:
    """How many entries the checker has gone through, and in how many seconds; it must find nothing."""
    url = stage.backends.database_urls["points"]
    engine = database.engine(url, database.PoolBounds(size_max=1, wait_ms=1_000))
    with engine.connect() as connection:
        entries = int(connection.scalar(sa.text("SELECT count(*) FROM entries")) or 0)
    # What was made here lacks what the service writes with each row.
    row_digests.fill(engine, tables.metadata)
    started = time.perf_counter()
    found = list(check.check(engine))
    seconds = time.perf_counter() - started
    engine.dispose()
    if found:
        raise RuntimeError(f"the checker complains: {found[0]}")
    return entries, seconds


def megabytes(stage: LedgerStage) -> int:
    """How large the database is on disk."""
    if stage.backends.postgres is None:
        raise RuntimeError("the benchmark starts a PostgreSQL of its own")
    with stage.backends.postgres.connect("points") as connection:
        row = connection.execute("SELECT pg_database_size('points') / 1000000").fetchone()
    return int(str(row[0])) if row else 0


def member_id(number: int) -> str:
    """The id of the member with this number, as the database makes it."""
    return str(uuid.UUID(hashlib.md5(f"m{number}".encode(), usedforsecurity=False).hexdigest()))


@contextlib.contextmanager
def set_up() -> Iterator[LedgerStage]:
    """A PostgreSQL and three processes of `points` on it, one of them on a database of its own; no members so far."""
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="wafa-bench-")))
        # The servers may run as another user, who has to pass through.
        folder.chmod(0o755)
        backends = exits.enter_context(Backends({}, folder / "servers", ports=Ports.free()))
        environ = {**os.environ, **backends.addresses.environ(), "POINTS_LOG_LEVEL": "warning"}
        copy_url, small_url = _another(backends, COPY), _another(backends, SMALL)
        _migrate(environ)
        for url in (copy_url, small_url):
            _migrate(environ | {"POINTS_DATABASE_URL": url, "POINTS_OWNER_DATABASE_URL": ""})
        grouped = exits.enter_context(_points(environ, folder / "grouped.log", {}))
        # Its transactions queue for connections; none is turned away for that.
        alone = {"POINTS_BATCH_MAX": "1", "POINTS_CONNECTION_WAIT_MS": "30000"}
        single = exits.enter_context(_points(environ, folder / "single.log", alone))
        apart = {"POINTS_DATABASE_URL": small_url}
        small = exits.enter_context(_points(environ, folder / "small.log", apart))
        for address in (grouped, small):
            _make_rule(address)
        plain_url = copy_url.replace("postgresql+psycopg://", "postgresql://")
        yield LedgerStage(backends, grouped, single, small, plain_url)


def _another(backends: Backends, name: str) -> str:
    if backends.postgres is None:
        raise RuntimeError("the benchmark starts a PostgreSQL of its own")
    password = secrets.token_urlsafe(24)
    with backends.postgres.connect() as connection:
        databases.provide_role(connection, name, password, 80)
        databases.provide_database(connection, name, name)
    return with_driver(backends.postgres.url(name, password, name))


def _migrate(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "services.points", "migrate"]
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=120)


@contextlib.contextmanager
def _points(environ: dict[str, str], log: Path, settings: dict[str, str]) -> Iterator[str]:
    port = free_port()
    own = {"POINTS_PORT": str(port), "POINTS_INTERNAL_PORT": str(free_port()), "WAFA_DIE_WITH_PARENT": str(os.getpid())}
    with log.open("wb") as out:
        command = [sys.executable, "-m", "services.points", "serve"]
        process = subprocess.Popen(command, env=environ | own | settings, stdout=out, stderr=out)
    address = f"127.0.0.1:{port}"
    try:
        for _ in range(600):
            if grpc_serves(address):
                break
            if process.poll() is not None:
                raise RuntimeError(f"points ended with exit code {process.returncode}: {log.read_text()[-2_000:]}")
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _make_rule(address: str) -> None:
    terms = pb.EarningTerms(
        name="Every purchase",
        points=1,
        per_amount_minor=100,
        currency="GBP",
        excluded_categories=["service", "gift_card"],
        starts_at=Timestamp(seconds=1_577_836_800),
        rounding=pb.ROUNDING_DOWN,
    )
    with client.channel(address) as channel:
        stub, call = EarningServiceStub(channel), Call("bench")
        create = earning_pb2.CreateEarningRuleRequest(program_id=PROGRAM_ID, request_id="create", terms=terms)
        made = client.invoke(stub.CreateEarningRule, create, call=call, deadline_ms=10_000).response.rule
        activate = earning_pb2.ActivateEarningRuleRequest(
            program_id=PROGRAM_ID, request_id="activate", rule_id=made.rule_id
        )
        client.invoke(stub.ActivateEarningRule, activate, call=call, deadline_ms=10_000)
