"""The life of a process, with real processes and real signals."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit.call import Call
from kit.client import ServiceUnavailable, invoke
from kit.serving import DIE_WITH_PARENT_VARIABLE
from tests.integration.kit.wire.subject import DEADLINE_MS, FOR_EVER, MEMBER_ID, PATIENCE_S, REQUEST

SCRIPT = [sys.executable, "-m", "tests.integration.kit.wire.served_process"]
CALL = Call("till-4")
LONG_S = 3_600

ChannelTo = Callable[..., grpc.Channel]


class Process:
    """A process of `served_process`, read line by line."""

    def __init__(self, grace_s: float, environ: Mapping[str, str]) -> None:
        self._child = subprocess.Popen([*SCRIPT, str(grace_s)], stderr=subprocess.PIPE, text=True, env=dict(environ))
        self.pid = self._child.pid

    def line(self, event: str) -> dict[str, Any]:
        """Reads on until `event` is logged."""
        assert self._child.stderr is not None
        for text in self._child.stderr:
            line: dict[str, Any] = json.loads(text)
            if line["event"] == event:
                return line
        raise AssertionError(f"the process ended without {event}")

    def tell(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._child.send_signal(number)

    def wait(self) -> int:
        """Waits for the end and gives the exit code."""
        return self._child.wait(PATIENCE_S)

    def close(self) -> None:
        """Leaves nothing behind."""
        self._child.kill()
        self._child.wait()
        if self._child.stderr is not None:
            self._child.stderr.close()


@pytest.fixture
def process() -> Iterator[Callable[..., Process]]:
    with ExitStack() as exits:

        def start(grace_s: float = LONG_S, **variables: str) -> Process:
            started = Process(grace_s, os.environ | variables)
            exits.callback(started.close)
            return started

        yield start


def readiness(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_serves_until_it_is_told_to_go(
    process: Callable[..., Process], channel_to: ChannelTo, number: signal.Signals
) -> None:
    served = process()
    serving = served.line("serving")
    stub = MembersServiceStub(channel_to(serving["port"]))
    answered = invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)
    assert answered.response.member.member_id == MEMBER_ID
    assert readiness(serving["internal_port"]) == 200

    served.tell(number)

    assert served.line("draining")["signal"] == number.name
    assert served.line("stopped")["service"] == "subject"
    assert served.wait() == 0


def test_while_it_drains_it_is_not_ready_and_takes_nothing_new(
    process: Callable[..., Process], channel_to: ChannelTo
) -> None:
    served = process()
    serving = served.line("serving")
    at_work = start_endless_work(channel_to(serving["port"]))

    served.tell(signal.SIGTERM)
    served.line("draining")
    wait_until_refused(channel_to(serving["port"]))

    assert readiness(serving["internal_port"]) == 503
    at_work.cancel()


def test_a_second_signal_ends_it_at_once(process: Callable[..., Process], channel_to: ChannelTo) -> None:
    served = process()
    at_work = start_endless_work(channel_to(served.line("serving")["port"]))

    served.tell(signal.SIGTERM)
    served.line("draining")
    served.tell(signal.SIGTERM)

    assert served.wait() == 128 + signal.SIGTERM
    at_work.cancel()


# A launcher that starts one child, says the child's pid and then waits to be killed.
LAUNCHER = """
import os, subprocess, sys
variable, value, *command = sys.argv[1:]
child = subprocess.Popen(command, env=os.environ | {variable: value or str(os.getpid())})
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
@pytest.mark.parametrize("value", ["1", ""], ids=["asked", "by_pid"])
def test_a_process_dies_with_its_launcher(value: str) -> None:
    command = [sys.executable, "-c", LAUNCHER, DIE_WITH_PARENT_VARIABLE, value, *SCRIPT, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        assert launcher.stderr is not None
        rescue = threading.Timer(PATIENCE_S, os.kill, (int(launcher.stdout.readline()), signal.SIGKILL))
        rescue.start()
        assert json.loads(launcher.stderr.readline())["event"] == "serving"
        launcher.kill()

        # Both hold the other end of this pipe: it ends when the child is gone as well.
        events = [json.loads(line)["event"] for line in launcher.stderr]
        rescue.cancel()
    assert events[-2:] == ["draining", "stopped"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_process_whose_launcher_died_before_it_could_ask_ends_too(process: Callable[..., Process]) -> None:
    somebody_else = os.getppid()

    assert process(0, **{DIE_WITH_PARENT_VARIABLE: str(somebody_else)}).wait() == -signal.SIGTERM


def start_endless_work(channel: grpc.Channel) -> Any:
    """Begins an RPC that does not end, and answers once another on the same connection has gone through."""
    stub = MembersServiceStub(channel)
    at_work = stub.GetMember.future(FOR_EVER, timeout=PATIENCE_S)
    stub.GetMember(REQUEST, timeout=PATIENCE_S)
    return at_work


def wait_until_refused(channel: grpc.Channel) -> None:
    stub = MembersServiceStub(channel)
    while True:
        try:
            invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)
        except ServiceUnavailable:
            return
