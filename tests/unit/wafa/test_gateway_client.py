"""How a caller bears what the gateway and the network do to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from wafa.backends import free_port
from wafa.gateway_client import TRIES_MAX, GatewayClient, GatewayError

Reply = tuple[int, dict[str, str], bytes] | None
Served = Callable[[list[Reply]], "Gateway"]


class Gateway:
    """Gives its replies in turn and the last one for ever; None closes the connection without one."""

    def __init__(self, replies: list[Reply]) -> None:
        seen: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append({**self.headers, "body": body.decode(), "path": self.path})
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                if reply is None:
                    self.close_connection = True
                    return
                status, headers, content = reply
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815 - the standard library's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                pass

        self.seen = seen
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()


@pytest.fixture
def serve() -> Iterator[Served]:
    made: list[Gateway] = []

    def serve(replies: list[Reply]) -> Gateway:
        made.append(Gateway(replies))
        return made[-1]

    yield serve
    for gateway in made:
        gateway.server.shutdown()
        gateway.thread.join()
        gateway.server.server_close()


def ok(body: object = None, **headers: str) -> Reply:
    return 201, {name.replace("_", "-"): value for name, value in headers.items()}, orjson.dumps(body)


def problem(status: int, reason: str, **headers: str) -> Reply:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, orjson.dumps({"reason": reason})


def test_a_write_carries_its_key_and_the_callers(serve: Served) -> None:
    gateway = serve([ok({"points": 7})])
    with GatewayClient(gateway.url, "wafa_till_x") as client:
        answer = client.post("/v1/purchases", {"lines": []}, "key-1")
    assert (answer.ok, answer.body, answer.replayed, answer.tries) == (True, {"points": 7}, False, 1)
    (seen,) = gateway.seen
    assert (seen["Authorization"], seen["Idempotency-Key"]) == ("Bearer wafa_till_x", "key-1")
    assert (seen["path"], seen["body"]) == ("/v1/purchases", '{"lines":[]}')


def test_a_replay_is_noticed(serve: Served) -> None:
    with GatewayClient(serve([ok(Idempotent_Replayed="true")]).url, "") as client:
        assert client.post("/", {}, "key").replayed


def test_a_refusal_is_an_answer_with_its_reason(serve: Served) -> None:
    gateway = serve([problem(409, "RECEIPT_CONFLICT")])
    with GatewayClient(gateway.url, "") as client:
        answer = client.post("/", {}, "key")
    assert (answer.ok, answer.reason, len(gateway.seen)) == (False, "RECEIPT_CONFLICT", 1)


def test_a_full_house_is_asked_again_after_the_time_it_names(serve: Served) -> None:
    pauses: list[float] = []
    gateway = serve([problem(429, "RATE_LIMITED", Retry_After="2"), ok()])
    with GatewayClient(gateway.url, "", pause=pauses.append) as client:
        answer = client.post("/", {}, "key")
    assert (answer.ok, answer.tries, pauses) == (True, 2, [2.0])
    assert [seen["Idempotency-Key"] for seen in gateway.seen] == ["key", "key"]


def test_a_lost_answer_is_asked_for_again_with_the_same_key(serve: Served) -> None:
    gateway = serve([None, ok()])
    with GatewayClient(gateway.url, "", pause=lambda s: None) as client:
        assert client.post("/", {}, "key").tries == 2
    assert [seen["Idempotency-Key"] for seen in gateway.seen] == ["key", "key"]


def test_a_house_that_stays_full_is_an_answer_in_the_end(serve: Served) -> None:
    gateway = serve([problem(503, "SERVICE_BUSY", Retry_After="1")])
    with GatewayClient(gateway.url, "", pause=lambda s: None) as client:
        answer = client.post("/", {}, "key")
    assert (answer.ok, answer.reason, len(gateway.seen)) == (False, "SERVICE_BUSY", TRIES_MAX)


def test_a_gateway_that_does_not_answer_is_reported_in_a_sentence() -> None:
    with (
        GatewayClient(f"http://127.0.0.1:{free_port()}", "", pause=lambda s: None) as client,
        pytest.raises(GatewayError) as error,
    ):
        client.get("/")
    assert "does not answer" in str(error.value)


def test_an_answer_that_is_no_json_is_a_refusal_without_a_reason_of_ours(serve: Served) -> None:
    with GatewayClient(serve([(502, {}, b"<html>")]).url, "") as client:
        answer = client.get("/")
    assert (answer.ok, answer.body, answer.reason) == (False, None, "HTTP_502")
