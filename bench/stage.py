"""What is measured, set up side by side: the suite as `make run` starts it, and the plain way, on one PostgreSQL."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.load import Plan, Way
from bench.plain.tables import Account, ApiKey, Base, Member, Rule
from kit.peers.identity import hash_of
from wafa.backends import Backends, Ports, databases
from wafa.backends.addresses import with_driver
from wafa.backends.process import free_port
from wafa.demo import programme
from wafa.gateway_client import GatewayClient
from wafa.launcher.stopping import Stop
from wafa.launcher.suite import running
from wafa.screen import Screen

MEMBERS = 1_000
THREADS = 8
PLAIN_KEY = "plain-till"
RATE_LIMIT_OFF = "1000000000"


@dataclasses.dataclass(frozen=True)
class Stage:
    """Where the load goes, and on whose behalf."""

    gateway_url: str
    points_address: str
    plain_url: str
    till_key: str
    admin_key: str
    program_id: str
    cards: tuple[str, ...]
    member_ids: tuple[str, ...]
    token: str

    def admin(self) -> GatewayClient:
        """A connection with an admin's key, for one thread."""
        return GatewayClient(self.gateway_url, self.admin_key)

    def plan(self, way: Way, target: str, api_key: str) -> Plan:
        """A plan against one of the targets, for one client and one request until it says otherwise."""
        return Plan(
            way,
            target,
            api_key,
            self.program_id,
            self.cards,
            self.member_ids,
            clients=1,
            requests_max=1,
            seconds_max=1.0,
            token=self.token,
        )


@contextlib.contextmanager
def set_up() -> Iterator[Stage]:
    """Everything running, with members enrolled on both sides, while the block runs."""
    screen, stop = Screen(), Stop()
    with contextlib.ExitStack() as exits:
        folder = exits.enter_context(_folder())
        backends = exits.enter_context(Backends({}, folder / "servers", ports=Ports.free()))
        token = secrets.token_urlsafe(24)
        environ = _environ(folder, backends, token)
        suite = exits.enter_context(running(environ, stop, screen, port=free_port()))
        made = programme.provide(suite.home, suite.whereabouts)
        with screen.step(f"{MEMBERS:,} members"):
            cards = tuple(f"bench-{number}" for number in range(MEMBERS))
            member_ids = _enrol(suite.whereabouts.gateway_url, made.keys["till"], cards)
        program_id = made.program.program_id
        with screen.step("the plain way"):
            plain_url = exits.enter_context(_plain(backends, program_id, cards))
        yield Stage(
            suite.whereabouts.gateway_url,
            suite.whereabouts.services["points"],
            plain_url,
            made.keys["till"],
            made.keys["admin"],
            program_id,
            cards,
            member_ids,
            token,
        )


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wafa-bench-") as name:
        # The servers may run as another user, who has to pass through.
        Path(name).chmod(0o755)
        yield Path(name)


def _environ(folder: Path, backends: Backends, token: str) -> dict[str, str]:
    return {
        **os.environ,
        **backends.addresses.environ(),
        "WAFA_STATE_DIR": str(folder / "suite"),
        "GATEWAY_THREADS": str(THREADS),
        "POINTS_PEERS": "bench: RecordPurchase, RecordPurchases",
        "POINTS_PEER_TOKENS": f"bench: {hash_of(token)}",
        "GATEWAY_TILL_REQUESTS_PER_S": RATE_LIMIT_OFF,
        "GATEWAY_ADMIN_REQUESTS_PER_S": RATE_LIMIT_OFF,
        "GATEWAY_TILL_LOOKUPS_PER_MIN": RATE_LIMIT_OFF,
    }


def _enrol(gateway_url: str, key: str, cards: tuple[str, ...]) -> tuple[str, ...]:
    def enrol(part: tuple[str, ...]) -> list[str]:
        found = []
        with GatewayClient(gateway_url, key) as gateway:
            for card in part:
                body = {"identifiers": [{"kind": "card", "value": card}]}
                answer = gateway.post("/v1/members", body, idempotency_key=f"enrol-{card}")
                if not answer.ok:
                    raise RuntimeError(f"{answer.status}: {answer.body}")
                found.append(answer.body["member_id"])
        return found

    parts = [cards[start : start + 125] for start in range(0, len(cards), 125)]
    with ThreadPoolExecutor(8) as pool:
        return tuple(member_id for part in pool.map(enrol, parts) for member_id in part)


@contextlib.contextmanager
def _plain(backends: Backends, program_id: str, cards: tuple[str, ...]) -> Iterator[str]:
    url = _plain_database(backends)
    _fill_plain(url, uuid.UUID(program_id), cards)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.plain.server", str(port), str(THREADS)],
        env={**os.environ, "PLAIN_DATABASE_URL": url, "WAFA_DIE_WITH_PARENT": str(os.getpid())},
    )
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _plain_database(backends: Backends) -> str:
    if backends.postgres is None:
        raise RuntimeError("the benchmark starts a PostgreSQL of its own")
    password = secrets.token_urlsafe(24)
    with backends.postgres.connect() as connection:
        databases.provide_role(connection, "plain", password, 50)
        databases.provide_database(connection, "plain", "plain")
    return with_driver(backends.postgres.url("plain", password, "plain"))


def _fill_plain(url: str, program_id: uuid.UUID, cards: tuple[str, ...]) -> None:
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        key_hash = hashlib.sha256(PLAIN_KEY.encode()).digest()
        session.add(ApiKey(key_hash=key_hash, key_id="till", program_id=program_id, role="till"))
        session.add(
            Rule(
                rule_id=uuid.uuid4(),
                program_id=program_id,
                name="Every purchase",
                points=1,
                per_amount_minor=100,
                excluded={"categories": ["service", "gift_card"]},
            )
        )
        for card in cards:
            member_id = uuid.uuid4()
            session.add(Member(member_id=member_id, program_id=program_id, card=card, status="active"))
            session.add(Account(member_id=member_id, balance=0, version=0))
    engine.dispose()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            raise RuntimeError(f"the plain server ended with exit code {process.returncode}")
        time.sleep(0.05)
    raise RuntimeError("the plain server did not come up")
