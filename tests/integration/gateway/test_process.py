"""The gateway as a process: two workers, its internal port, its log, and how it goes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message
from loyalty.members.v1 import members_pb2
from loyalty.rewards.v1 import rewards_pb2

from kit import apikey
from tests.fixtures.launcher import children
from tests.fixtures.suite import Caller
from tests.fixtures.waiting import wait_until
from tests.integration.gateway.conventions import ENROLMENT
from tests.integration.gateway.stage import Gateway, Puppets, member, timestamp
from wafa.backends.process import command_line, free_port, has_ended

ROOT = Path(__file__).resolve().parents[3]
START_S = 120.0
WORKERS = 2
needs_leash = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a worker that its parent has gone")


class Process:
    """A running `python -m gateway`."""

    def __init__(self, running: subprocess.Popen[bytes], port: int, internal_port: int, log: Path) -> None:
        self.running = running
        self.url = f"http://127.0.0.1:{port}"
        self.internal_port = internal_port
        self._log = log

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def inside(self, path: str) -> tuple[int, str]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.internal_port, timeout=5)) as connection:
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.read().decode()
            except OSError:
                return 0, ""


@pytest.fixture(scope="module")
def process(shared_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with started(shared_gateway, tmp_path_factory.mktemp("gateway") / "log") as found:
        yield found


@contextlib.contextmanager
def started(gateway: Gateway, log: Path, **settings: str) -> Iterator[Process]:
    """The gateway, once it is ready."""
    with begun(gateway, log, **settings) as found:
        wait_until(lambda: found.inside("/readyz")[0] == 200, what="it is ready", within_s=START_S)
        yield found


@contextlib.contextmanager
def begun(gateway: Gateway, log: Path, **settings: str) -> Iterator[Process]:
    """The gateway, as soon as its first process exists."""
    port, internal_port = free_port(), free_port()
    config = gateway.config
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}",
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "GATEWAY_INTERNAL_PORT": str(internal_port),
        "GATEWAY_WORKERS": str(WORKERS),
        "GATEWAY_MEMBERS_ADDRESS": config.members_address,
        "GATEWAY_REWARDS_ADDRESS": config.rewards_address,
        "GATEWAY_WRITE_DEADLINE_MS": "20000",
        "GATEWAY_LOOKUP_DEADLINE_MS": "20000",
        **settings,
    }
    with log.open("wb") as out:
        running = subprocess.Popen([sys.executable, "-m", "gateway"], env=environ, cwd=ROOT, stdout=out, stderr=out)
    try:
        yield Process(running, port, internal_port, log)
    finally:
        running.kill()
        running.wait()


def test_it_serves_and_counts_over_all_workers(process: Process) -> None:
    # Workers share the port, and the kernel spreads connections over them.
    for _ in range(20):
        Caller(process.url, "").get("/").expect(200)
    status, metrics = process.inside("/metrics")
    assert status == 200
    assert 'http_requests_total{method="GET",route="/",status="200"} 20.0' in metrics


def test_what_one_worker_has_changed_every_worker_has_forgotten_at_once(
    process: Process, gateway: Gateway, puppets: Puppets
) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    puppets.says["RevokeApiKey"] = revoked
    puppets.says["ListApiKeys"] = members_pb2.ListApiKeysResponse()
    admin = Caller(process.url, puppets.new_key("admin"))
    for _ in range(5):
        key = puppets.new_key("till")
        till, key_hash = Caller(process.url, key), apikey.hash_of(key)
        for _ in range(10):  # so that both remember it
            till.get("/v1/rewards").expect(200)
        del puppets.roles[key_hash]
        admin.delete(f"/v1/api-keys/{uuid.UUID(bytes=key_hash[:16])}").expect(200)
        assert {till.get("/v1/rewards").status for _ in range(10)} == {401}


def revoked(request: members_pb2.RevokeApiKeyRequest) -> Message:
    key = members_pb2.ApiKey(
        api_key_id=request.api_key_id, role=members_pb2.CALLER_ROLE_TILL, created_at=timestamp(), revoked_at=timestamp()
    )
    return members_pb2.RevokeApiKeyResponse(api_key=key)


def test_nothing_that_was_sent_reaches_the_log(process: Process, gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["Enrol"] = RuntimeError("boom")
    caller = Caller(process.url, puppets.new_key("app"))
    identifier = {"kind": "phone", "value": "+923001234567"}
    caller.post("/v1/members", {"identifiers": [identifier], "x": "Zulekha"}).expect(422)
    caller.post("/v1/members", {"identifiers": [identifier]}, X_Request_Id="lost-and-found").expect(500)
    caller.get("/v1/vouchers/AAAA-BBBB-CCCC").expect(500)
    lines = process.lines()
    written = json.dumps(lines, ensure_ascii=False)
    for text in ("+923001234567", "Zulekha", "AAAA-BBBB-CCCC", caller.api_key):
        assert text not in written
    failed = [line for line in lines if line.get("correlation_id") == "lost-and-found"]
    assert [line["event"] for line in failed] == ["request_failed", "request"]
    assert failed[1]["route"] == "/v1/members"


def test_told_to_go_it_finishes_what_it_has_begun(gateway: Gateway, puppets: Puppets, tmp_path: Path) -> None:
    told_to_go = threading.Event()

    def slowly(_request: object) -> Message:
        told_to_go.wait(60)
        return members_pb2.EnrolResponse(member=member())

    puppets.says["Enrol"] = slowly
    with started(gateway, tmp_path / "log") as process:
        caller = Caller(process.url, puppets.new_key("app"))
        caller.get("/v1/members/42").expect(422)
        place = process.url.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(place, timeout=30)) as connection:
            headers = {
                "Authorization": f"Bearer {caller.api_key}",
                "Idempotency-Key": "k",
                "Content-Type": "application/json",
            }
            connection.request("POST", "/v1/members", json.dumps(ENROLMENT), headers)
            wait_until(lambda: puppets.requests("Enrol"), what="the request is under way")
            process.running.send_signal(signal.SIGTERM)
            wait_until(lambda: any(line["event"] == "draining" for line in process.lines()), what="it drains")
            told_to_go.set()
            assert connection.getresponse().status == 201
        assert process.running.wait(30) == 0
        events = [line["event"] for line in process.lines()]
        assert [event for event in events if event in {"serving", "draining", "stopped"}] == [
            "serving",
            "draining",
            "stopped",
        ]
        wait_until(lambda: not accepts(process), what="it accepts nobody any more")


@needs_leash
def test_a_worker_that_dies_is_replaced(gateway: Gateway, tmp_path: Path) -> None:
    with started(gateway, tmp_path / "log") as process:
        wait_until(lambda: len(spawned(process)) == WORKERS, what="both workers have begun")
        before = spawned(process)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not set(before) & set(spawned(process)), what="both are noticed", within_s=START_S)
        wait_until(lambda: accepts(process), what="others serve", within_s=START_S)
        assert {line["event"] for line in process.lines()} >= {"worker_died"}


@needs_leash
def test_killed_it_leaves_no_worker_behind(gateway: Gateway, tmp_path: Path) -> None:
    with started(gateway, tmp_path / "log") as process:
        workers = spawned(process)
        assert len(workers) == WORKERS
        process.running.kill()
        process.running.wait()
        wait_until(lambda: all(map(has_ended, workers)), what="all workers are gone")
        assert not accepts(process)


@needs_leash
def test_killed_while_it_starts_it_leaves_no_worker_behind(gateway: Gateway, tmp_path: Path) -> None:
    # A worker that has only begun must not take whoever adopts it for its parent.
    with begun(gateway, tmp_path / "log") as process:
        wait_until(lambda: len(spawned(process)) == WORKERS, what="both workers have begun")
        workers = spawned(process)
        process.running.kill()
        process.running.wait()
        wait_until(lambda: all(map(has_ended, workers)), what="all workers are gone")


def spawned(process: Process) -> list[int]:
    """Its workers, by what Python calls processes that begin with nothing."""
    return [pid for pid in children(process.running.pid) if "spawn_main" in command_line(pid)]


def accepts(process: Process) -> bool:
    try:
        Caller(process.url, "").get("/")
    except OSError:
        return False
    return True


def test_a_port_that_another_has_is_named(gateway: Gateway, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with begun(gateway, tmp_path / "log", GATEWAY_PORT=str(port)) as process:
            assert process.running.wait(START_S) == 1
    assert (tmp_path / "log").read_text() == f"gateway: cannot listen on 127.0.0.1:{port}; does another process?\n"


def test_a_setting_that_cannot_be_read_is_named() -> None:
    environ = {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}", "GATEWAY_PORT": "eighty"}
    finished = subprocess.run(
        [sys.executable, "-m", "gateway"], env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (
        1,
        "",
        "gateway: GATEWAY_PORT is not a whole number\n",
    )
