"""The gateway's own HTTP server: what slow, silent, greedy and broken clients cost the others, which is nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from loyalty.members.v1 import members_pb2

from tests.fixtures.waiting import wait_until
from tests.fixtures.wire import request, wire, wires, write
from tests.integration.gateway.conventions import ENROLMENT
from tests.integration.gateway.stage import Gateway, Puppets, member, open_gateway

BODY = json.dumps(ENROLMENT).encode()
INDEX = request("GET", "/")
OTHER_ADDRESS = "127.0.0.2"


@pytest.fixture(scope="module")
def narrow() -> Iterator[Gateway]:
    """A gateway with two places, few connections and little patience."""
    bounds = {"connections_max": 60, "connections_per_address_max": 20, "head_deadline_s": 1, "idle_s": 1}
    with open_gateway(Puppets(), threads=2, body_deadline_s=2, **bounds) as found:
        yield found


@pytest.fixture(autouse=True)
def puppets(narrow: Gateway) -> Puppets:
    narrow.puppets.forget()
    narrow.puppets.says["Enrol"] = members_pb2.EnrolResponse(member=member())
    return narrow.puppets


@pytest.mark.parametrize("length", [len(BODY), 100_000])
def test_bodies_that_do_not_come_keep_nobody_waiting(narrow: Gateway, puppets: Puppets, length: int) -> None:
    key = puppets.new_key("app")
    with wires(narrow, 16) as slow, wire(narrow, address=OTHER_ADDRESS) as other:
        for each in slow:
            each.send(write(key, BODY[:1], length=length))
        for _ in range(20):
            assert other.send(write(key, BODY)).answer()[0] == 201
        for each in slow:
            each.problem(408, "REQUEST_TOO_SLOW")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", INDEX])
def test_connections_that_say_nothing_more_keep_no_address_out(narrow: Gateway, sent: bytes) -> None:
    addresses = [f"127.0.0.{number}" for number in range(10, 16)]
    with wires(narrow, 30, address=addresses[0]) as silent:
        for each in silent:
            each.send(sent)
        for address in addresses[1:]:
            with wires(narrow, 15, address=address) as more:
                for each in more:
                    each.send(sent)
                for newcomer in (address, OTHER_ADDRESS):
                    with wire(narrow, address=newcomer) as other:
                        assert other.send(INDEX).answer()[0] == 200


def test_an_address_that_is_busy_with_all_its_connections_keeps_only_itself_out(
    narrow: Gateway, puppets: Puppets
) -> None:
    key = puppets.new_key("app")
    with wires(narrow, 20) as slow:
        for each in slow:
            assert each.send(write(key, length=len(BODY), Expect="100-continue")).answer()[0] == 100
        assert is_kept_out(narrow)
        with wire(narrow, address=OTHER_ADDRESS) as other:
            assert other.send(INDEX).answer()[0] == 200
    wait_until(lambda: not is_kept_out(narrow), what="its connections are given back")


def is_kept_out(gateway: Gateway) -> bool:
    with wire(gateway) as one:
        status, headers, body = one.send(INDEX).answer()
        if status == 200:
            return False
        assert (status, body["reason"], headers["retry-after"]) == (503, "TOO_MANY_CONNECTIONS", "1")
        return True


def test_a_connection_without_a_request_ends_silently_and_one_with_half_a_request_is_told(narrow: Gateway) -> None:
    with wires(narrow, 4) as (silent, idle, half, dripping):
        assert idle.send(INDEX).answer()[0] == 200
        half.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        dripping.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        for each in (half, dripping):
            each.problem(408, "REQUEST_TOO_SLOW")
        assert silent.is_ended()
        assert idle.is_ended()


BROKEN = [
    b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\nHost: x\n\n",
    b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n A: folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 100,
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n",
]


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_not_http_is_a_problem_and_ends_the_connection(narrow: Gateway, content: bytes) -> None:
    with wire(narrow) as one:
        one.send(content).problem(400, "BAD_REQUEST")


@pytest.mark.parametrize("filler", [b"A: " + b"x" * 20_000, b"A: b\r\n" * 5_000, b"x" * 100_000])
def test_a_head_that_is_too_long_is_a_problem(narrow: Gateway, filler: bytes) -> None:
    with wire(narrow) as one:
        one.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + filler + b"\r\n\r\n").problem(431, "HEAD_TOO_LARGE")
    with wire(narrow) as one:
        one.send(b"GET /" + b"x" * 20_000).problem(431, "HEAD_TOO_LARGE")


def test_a_chunk_that_is_none_is_a_problem(narrow: Gateway, puppets: Puppets) -> None:
    head = write(puppets.new_key("app"), Transfer_Encoding="chunked")
    with wire(narrow) as one:
        one.send(head + b"nonsense\r\n").problem(400, "BAD_REQUEST")
    with wire(narrow) as one:
        one.send(head + b"1;" + b"x" * 200_000).problem(400, "BAD_REQUEST")


def test_a_body_may_come_in_chunks_and_in_pieces(narrow: Gateway, puppets: Puppets) -> None:
    head = write(puppets.new_key("app"), Transfer_Encoding="chunked")
    with wire(narrow) as one:
        for _ in range(2):
            one.send(head)
            for byte in BODY:
                one.send(b"1\r\n%c\r\n" % byte)
            assert one.send(b"0\r\n\r\n").answer()[0] == 201
    assert len(puppets.requests("Enrol")) == 2


def test_chunks_beyond_the_longest_body_are_a_problem(narrow: Gateway, puppets: Puppets) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with wire(narrow) as one:
        one.send(write(puppets.new_key("app"), Transfer_Encoding="chunked") + 17 * chunk + b"0\r\n\r\n")
        status, _, body = one.answer()
        assert (status, body["reason"]) == (413, "BODY_TOO_LARGE")


def test_a_client_that_asks_first_is_told_to_go_on(narrow: Gateway, puppets: Puppets) -> None:
    with wire(narrow) as one:
        one.send(write(puppets.new_key("app"), length=len(BODY), Expect="100-continue"))
        assert one.answer()[0] == 100
        assert one.send(BODY).answer()[0] == 201
        assert one.send(INDEX).answer()[0] == 200


@pytest.mark.parametrize("headers", [{"Expect": "100-continue"}, {"Transfer_Encoding": "chunked"}, {}])
def test_a_strangers_body_is_not_read(narrow: Gateway, headers: dict[str, str]) -> None:
    length = None if "Transfer_Encoding" in headers else 1_000_000
    with wire(narrow) as one:
        one.send(write("nonsense", b"", length=length, **headers)).problem(401, "API_KEY_MALFORMED")


def test_the_caller_of_a_request_with_a_long_body_is_found_and_counted_once(puppets: Puppets) -> None:
    with open_gateway(puppets, key_fresh_s=0) as gateway, wire(gateway) as one:
        key = puppets.new_key("app")
        for number in range(1, 4):
            assert one.send(write(key, BODY + b" " * 100_000)).answer()[0] == 201
            assert len(puppets.requests("AuthenticateApiKey")) == number


def test_requests_that_come_at_once_are_answered_in_order(narrow: Gateway) -> None:
    paths = ["/", "/v1/nowhere", "/openapi.json", "/v1/rewards"] * 20
    with wire(narrow) as one:
        one.send(b"".join(request("GET", path) for path in paths))
        assert [one.answer()[0] for _ in paths] == [200, 404, 200, 401] * 20


def test_a_large_answer_waits_for_a_slow_reader_and_keeps_no_place(narrow: Gateway) -> None:
    page = "/docs/scalar.standalone.js"
    with wires(narrow, 5) as readers, wire(narrow, address=OTHER_ADDRESS) as other:
        for each in readers:
            each.send(request("GET", page))
        for _ in range(5):
            assert other.send(INDEX).answer()[0] == 200
        sizes = {len(each.answer()[2]) for each in readers}
        assert len(sizes) == 1
        assert sizes.pop() > 1_000_000


def test_head_has_the_length_and_no_body(narrow: Gateway) -> None:
    with wire(narrow) as one:
        one.send(request("HEAD", "/") + INDEX)
        head, _, _ = (one.socket.recv(65_536)).partition(b"HTTP/1.1 200 OK\r\n")
    assert head == b""


@pytest.mark.parametrize("path", ["/v1/members%2Fresolve", "/v1//members", "/v1/./members", "/v1/members;a", "/v1\\x"])
def test_another_spelling_of_a_path_is_no_route(narrow: Gateway, puppets: Puppets, path: str) -> None:
    with wire(narrow) as one:
        key = puppets.new_key("app")
        status, _, body = one.send(request("POST", path, BODY, Authorization=f"Bearer {key}")).answer()
        assert (status, body["reason"]) == (404, "ROUTE_NOT_FOUND")


def test_a_client_that_sends_no_more_still_gets_its_answer(narrow: Gateway) -> None:
    with wire(narrow) as one:
        one.send(INDEX).socket.shutdown(1)
        assert one.answer()[0] == 200
        assert one.is_ended()


def test_http_1_0_is_answered_and_ended(narrow: Gateway) -> None:
    with wire(narrow) as one:
        assert one.send(b"GET / HTTP/1.0\r\n\r\n").answer()[0] == 200
        assert one.is_ended()
