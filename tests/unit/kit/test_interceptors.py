from typing import Any, cast

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from structlog.testing import capture_logs

from kit.interceptors import answer


class Ended(Exception):
    """What the fake raises where gRPC would end the RPC."""


class Context:
    """As much of a servicer's context as there is before the work begins."""

    def __init__(self, time_remaining: float) -> None:
        self._time_remaining = time_remaining

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    def time_remaining(self) -> float:
        return self._time_remaining

    def abort_with_status(self, status: grpc.Status) -> None:
        raise Ended(status.code.name)


def ask(time_remaining: float) -> object:
    context = cast(Any, Context(time_remaining))
    request = StringValue(value="a jar")
    return answer("shop.v1.Shop/Buy", lambda request, _context: f"{request.value} bought", request, context)


def test_work_begins_while_the_caller_waits_for_it() -> None:
    with capture_logs() as logs:
        assert ask(0.001) == "a jar bought"
    assert [line["code"] for line in logs] == ["OK"]


def test_nothing_is_begun_past_the_deadline() -> None:
    with capture_logs() as logs, pytest.raises(Ended, match="DEADLINE_EXCEEDED"):
        ask(0.0)
    assert [line["code"] for line in logs] == ["DEADLINE_EXCEEDED"]
