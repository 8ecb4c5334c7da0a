"""`rewards` as a process: served, asked, told to go; and what it goes on with when it comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit import client
from tests.factories.rewards import Caller, Ledger, serving
from tests.fixtures.servers import as_owner
from wafa.backends.process import free_port
from wafa.launcher.readiness import grpc_serves

CHECKOUT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


@pytest.fixture
def environ(database_url: str, redis_url: str, ledger: Ledger) -> Iterator[dict[str, str]]:
    with serving(ledger) as points_address:
        own = {
            "REWARDS_DATABASE_URL": database_url,
            "REWARDS_PORT": str(free_port()),
            "REWARDS_INTERNAL_PORT": str(free_port()),
            "REWARDS_SWEEP_INTERVAL_MS": "20",
            "POINTS_ADDRESS": points_address,
            "REDIS_URL": redis_url,
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "protos" / "gen")]),
        }
        yield dict(os.environ) | own


@pytest.fixture
def process(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "services.rewards", "serve"]
    with subprocess.Popen(command, env=environ, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) as served:
        yield served
        served.kill()


@pytest.fixture
def caller(environ: dict[str, str], process: subprocess.Popen[str]) -> Iterator[Caller]:
    """A caller of the process, once it says that it serves."""
    address = f"127.0.0.1:{environ['REWARDS_PORT']}"
    while not grpc_serves(address):
        assert process.poll() is None, "it ended instead"
    with client.channel(address) as channel:
        yield Caller(channel)


def test_a_process_redeems_announces_and_leaves_when_told(
    process: subprocess.Popen[str], caller: Caller, ledger: Ledger, redis_url: str
) -> None:
    redemption = caller.redemption(ledger.member(), caller.reward(stock=1).reward_id)
    assert redemption.state == pb.REDEMPTION_STATE_CONFIRMED
    with redis.Redis.from_url(redis_url, decode_responses=True, protocol=2) as stream:
        ((_, entries),) = stream.xread({"wafa:rewards": "0"}, block=PATIENCE_S * 1_000)
    ((_, entry),) = entries
    assert (entry["type"], entry["subject"]) == ("redemption.confirmed", f"redemption/{redemption.redemption_id}")

    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert redemption.voucher.code.replace("-", "") not in log.replace("-", "")


def test_a_process_goes_on_with_what_was_abandoned(caller: Caller, ledger: Ledger, engine: sa.Engine) -> None:
    ledger.is_away("CaptureHold")
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    assert redemption.state == pb.REDEMPTION_STATE_ISSUED
    ledger.is_back()
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE redemptions SET lease_until = now()"))
    while caller.get_redemption(member, redemption.redemption_id).state != pb.REDEMPTION_STATE_CONFIRMED:
        pass


def test_the_books_are_checked_from_the_command_line(environ: dict[str, str], engine: sa.Engine) -> None:
    def check() -> tuple[int, dict[str, object]]:
        ended = subprocess.run(
            [sys.executable, "-m", "services.rewards", "check"],
            env=environ,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return ended.returncode, json.loads(ended.stdout.splitlines()[-1])

    assert check() == (0, {"service": "rewards", "findings": 0})
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO reward_stocks VALUES (gen_random_uuid(), gen_random_uuid(), 5)"),
        )
    # It has no movements, and the service did not write it.
    assert check() == (1, {"service": "rewards", "findings": 2})


def test_a_database_of_before_the_first_release_is_refused_in_a_sentence(database_url: str, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0010'"))
    ways = {"REWARDS_DATABASE_URL": database_url, "REWARDS_OWNER_DATABASE_URL": as_owner(database_url)}
    ended = subprocess.run(
        [sys.executable, "-m", "services.rewards", "migrate"],
        env=dict(os.environ) | ways,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2
    assert "rewards: this database was made by a version before 0.1.0" in ended.stderr
    assert "Traceback" not in ended.stderr
