import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from structlog.testing import capture_logs

from kit import telemetry
from kit.ports import PortTakenError
from kit.telemetry import InternalServer
from kit.workers import Worker

PATIENCE_S = 30.0


@pytest.fixture
def internal() -> Iterator[Callable[..., InternalServer]]:
    """Makes started internal servers on free ports."""
    with ExitStack() as exits:

        def start(ready: Callable[[], bool] = lambda: True) -> InternalServer:
            server = InternalServer(0, ready)
            server.start()
            exits.callback(server.stop)
            return server

        yield start


def get(server: InternalServer, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_it_lives_and_is_ready_when_it_says_so(internal: Callable[..., InternalServer]) -> None:
    answers = iter([False, True])
    server = internal(lambda: next(answers))

    assert get(server, "/healthz")[0] == 200
    assert [get(server, "/readyz")[0] for _ in range(2)] == [503, 200]


def test_it_is_ready_only_while_every_condition_holds(internal: Callable[..., InternalServer]) -> None:
    answers = iter([True, False])
    server = internal()
    server.require(lambda: next(answers))

    assert [get(server, "/readyz")[0] for _ in range(2)] == [200, 503]


def test_who_is_leaving_is_not_ready(internal: Callable[..., InternalServer]) -> None:
    server = internal()
    server.leave()

    assert (get(server, "/readyz")[0], get(server, "/healthz")[0]) == (503, 200)


def test_a_question_that_fails_is_a_no(internal: Callable[..., InternalServer]) -> None:
    def ready() -> bool:
        raise RuntimeError("nobody knows")

    with capture_logs() as logs:
        assert get(internal(ready), "/readyz")[0] == 503
    assert [line["event"] for line in logs] == ["readiness_unknown"]


def test_metrics_are_shown(internal: Callable[..., InternalServer]) -> None:
    telemetry.count_rpc("shop.v1.Shop/ShowMetrics", "NOT_FOUND", 0.02)

    status, text = get(internal(), "/metrics")
    assert status == 200
    assert 'rpc_requests_total{code="NOT_FOUND",method="shop.v1.Shop/ShowMetrics"} 1.0' in text
    assert 'rpc_duration_seconds_bucket{le="0.025",method="shop.v1.Shop/ShowMetrics"} 1.0' in text


def test_the_health_of_workers_is_asked_at_each_scrape(internal: Callable[..., InternalServer]) -> None:
    failed = threading.Event()

    def bake() -> bool:
        if failed.is_set():
            return False
        failed.set()
        raise RuntimeError("the oven is cold")

    server, baker = internal(), Worker("baker", bake, interval_s=3_600.0)
    telemetry.watch_workers([baker])
    assert 'worker_healthy{worker="baker"} 1.0' in get(server, "/metrics")[1]

    with capture_logs():
        baker.start()
        assert failed.wait(PATIENCE_S)
        baker.stop()
    assert 'worker_healthy{worker="baker"} 0.0' in get(server, "/metrics")[1]


def test_other_paths_are_not_there(internal: Callable[..., InternalServer]) -> None:
    assert get(internal(), "/")[0] == 404


def test_a_taken_port_is_an_error(internal: Callable[..., InternalServer]) -> None:
    port = internal().port

    with pytest.raises(PortTakenError, match=f"cannot listen on 127.0.0.1:{port}"):
        InternalServer(port, lambda: True)


def test_a_server_that_never_started_gives_its_port_back() -> None:
    first = InternalServer(0, lambda: True)
    first.stop()

    InternalServer(first.port, lambda: True).stop()
