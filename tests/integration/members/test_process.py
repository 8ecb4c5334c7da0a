"""`members` as a process: migrated, served, asked, told to go, checked."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import redis

from kit import client
from tests.factories.members import MASTER_KEY, PEPPER, Caller, card
from tests.fixtures.servers import as_owner
from wafa.backends.process import free_port
from wafa.launcher.readiness import grpc_serves

CHECKOUT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


@pytest.fixture
def environ(database_url: str, redis_url: str) -> dict[str, str]:
    own = {
        "MEMBERS_DATABASE_URL": database_url,
        "MEMBERS_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        "MEMBERS_LOOKUP_PEPPER": base64.b64encode(PEPPER).decode(),
        "MEMBERS_PORT": str(free_port()),
        "MEMBERS_INTERNAL_PORT": str(free_port()),
        "REDIS_URL": redis_url,
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "protos" / "gen")]),
    }
    return dict(os.environ) | own


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.members", *arguments]
    return subprocess.run(
        command, env=environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


@pytest.fixture
def process(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "services.members", "serve"]
    with subprocess.Popen(command, env=environ, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) as served:
        yield served
        served.kill()


@pytest.fixture
def channel(environ: dict[str, str], process: subprocess.Popen[str]) -> Iterator[grpc.Channel]:
    """A channel to the process, once it says that it serves."""
    address = f"127.0.0.1:{environ['MEMBERS_PORT']}"
    while not grpc_serves(address):
        assert process.poll() is None, "it ended instead"
    with client.channel(address) as found:
        yield found


def test_a_process_serves_announces_and_leaves_when_told(
    environ: dict[str, str], process: subprocess.Popen[str], channel: grpc.Channel, redis_url: str
) -> None:
    caller = Caller(channel)
    member = caller.member(caller.program(), card("CARD-4711-XY"))
    with redis.Redis.from_url(redis_url, decode_responses=True, protocol=2) as stream:
        ((_, entries),) = stream.xread({"wafa:members": "0"}, block=PATIENCE_S * 1_000)
    ((_, entry),) = entries
    assert (entry["type"], entry["subject"]) == ("member.enrolled", f"member/{member.member_id}")
    assert json.loads(entry["data"]) == {"status": "active", "tier": "", "segments": [], "attributes": {}}

    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "CARD-4711-XY" not in log

    checked = run(environ, "check")
    assert (checked.returncode, json.loads(checked.stdout)) == (0, {"service": "members", "findings": 0})


def test_migrating_a_migrated_database_does_nothing(environ: dict[str, str]) -> None:
    owner = {"MEMBERS_OWNER_DATABASE_URL": as_owner(environ["MEMBERS_DATABASE_URL"])}
    assert run(environ | owner, "migrate").returncode == 0


def test_a_database_without_tables_is_not_served(environ: dict[str, str], blank_database: str) -> None:
    served = run(environ | {"MEMBERS_DATABASE_URL": blank_database}, "serve")
    assert served.returncode == 1
    assert "migrate" in served.stderr


def test_a_key_of_the_wrong_length_is_named_and_not_shown(environ: dict[str, str]) -> None:
    short = base64.b64encode(b"too short").decode()
    for variable in ("MEMBERS_MASTER_KEY", "MEMBERS_MASTER_KEYS_RETIRED", "MEMBERS_LOOKUP_PEPPER"):
        served = run(environ | {variable: short}, "serve")
        assert served.returncode == 2
        assert variable in served.stderr
        assert short not in served.stderr
