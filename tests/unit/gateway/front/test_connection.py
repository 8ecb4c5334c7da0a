"""A connection by the clock: what may last, and how long."""

from __future__ import annotations

import asyncio
import dataclasses
import typing
from typing import Any

import pytest

from gateway.config import Config
from gateway.front.admission import Admitted
from gateway.front.answers import HttpAnswer
from gateway.front.bounds import BODY_GRACE_S, LINGER_S, bounds_of
from gateway.front.budget import BodyBudget
from gateway.front.connection import HttpConnection
from gateway.front.connections import OpenConnections
from gateway.front.shared import Shared

BOUNDS = dataclasses.replace(
    bounds_of(Config()),
    connections_max=4,
    connections_per_address_max=2,
    head_deadline_s=10,
    idle_s=75,
    body_deadline_s=60,
    body_bytes_per_s_min=100,
    bodies_bytes_max=40_000,
    answer_deadline_s=60,
)
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
MOMENT = 0.001
PROXY = "10.0.0.254"


class Transport:
    """What a connection does to its socket."""

    def __init__(self, address: str) -> None:
        self.address, self.written, self.ending, self.unread = address, b"", "", 0

    def get_extra_info(self, name: str) -> Any:
        return None if name == "socket" else (self.address, 1)

    def write(self, content: bytes) -> None:
        self.written += content

    def get_write_buffer_size(self) -> int:
        return self.unread

    def write_eof(self) -> None:
        self.ending = "eof"

    def close(self) -> None:
        self.ending = "closed"

    def abort(self) -> None:
        self.ending = "aborted"

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Places:
    """Takes requests and begins none."""

    def __init__(self) -> None:
        self.taken: list[Admitted] = []

    def submit(self, request: Admitted) -> None:
        self.taken.append(request)

    def expire(self, now: float) -> None: ...


class Scene:
    """A server without sockets, whose time is set by hand."""

    def __init__(self) -> None:
        self.now, self.places, self.later = 0.0, Places(), []
        self.shared = Shared(
            loop=typing.cast(asyncio.AbstractEventLoop, self),
            bounds=BOUNDS,
            connections=OpenConnections(
                BOUNDS.connections_max, BOUNDS.connections_per_address_max, lambda address: address == PROXY
            ),
            bodies=BodyBudget(BOUNDS.bodies_bytes_max, lambda address: address == PROXY),
            admission=typing.cast(Any, self.places),
            run=lambda _: HttpAnswer("200 OK", []),
            bulkhead=lambda _method, _path: "gateway",
            now=lambda: self.now,
        )

    later: list[Any]

    def call_soon(self, work: Any) -> None:
        self.later.append(work)

    def connect(self, address: str = "10.0.0.1") -> tuple[HttpConnection, Transport]:
        connection, transport = HttpConnection(self.shared), Transport(address)
        connection.connection_made(typing.cast(asyncio.Transport, transport))
        return connection, transport

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.shared.expire()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_new_connection_has_the_time_of_a_head_to_say_something(scene: Scene) -> None:
    _, transport = scene.connect()
    scene.wait(BOUNDS.head_deadline_s - MOMENT)
    assert transport.ending == ""
    scene.wait(MOMENT)
    assert (transport.ending, transport.written) == ("closed", b"")


def test_a_head_that_comes_drop_by_drop_gains_no_time(scene: Scene) -> None:
    connection, transport = scene.connect()
    for byte in b"GET / HTT":
        connection.data_received(bytes([byte]))
        scene.wait(1)
    assert transport.ending == ""
    scene.wait(1)
    assert transport.ending == "eof"
    assert b" 408 " in transport.written
    scene.wait(LINGER_S)
    assert transport.ending == "aborted"


@pytest.mark.parametrize("share", [0.99, 1.0, 1.01])
def test_a_body_must_come_at_the_lowest_rate(scene: Scene, share: float) -> None:
    connection, transport = scene.connect()
    connection.data_received(HEAD % 5_000)
    sent = 0
    for second in range(1, 50):
        due = int((second - BODY_GRACE_S) * BOUNDS.body_bytes_per_s_min * share)
        if due > sent:
            connection.data_received(b"x" * (due - sent))
            sent = due
        scene.wait(1)
        if b" 408 " in transport.written:
            break
    assert (b" 408 " in transport.written) == (share < 1)


def test_a_body_has_a_deadline_however_fast_it_comes(scene: Scene) -> None:
    connection, transport = scene.connect()
    connection.data_received(HEAD % 60_000)
    for _ in range(60):
        connection.data_received(b"x" * 120)
        scene.wait(1)
    assert b" 408 " in transport.written
    assert scene.places.taken == []


def test_what_is_under_way_has_no_deadline_here(scene: Scene) -> None:
    connection, transport = scene.connect()
    connection.data_received(HEAD % 0)
    scene.wait(3_600)
    assert transport.ending == ""
    scene.places.taken[0].done(HttpAnswer("200 OK", [], b"done"))
    assert transport.written.endswith(b"done")
    scene.wait(BOUNDS.idle_s - MOMENT)
    assert transport.ending == ""
    scene.wait(MOMENT)
    assert transport.ending == "closed"


def test_an_answer_that_is_not_read_is_given_up(scene: Scene) -> None:
    connection, transport = scene.connect()
    connection.data_received(HEAD % 0)
    connection.pause_writing()
    scene.places.taken[0].done(HttpAnswer("200 OK", [], b"x" * 10_000_000))
    assert len(transport.written) < 1_000_000
    scene.wait(BOUNDS.answer_deadline_s)
    assert transport.ending == "aborted"


def test_one_that_goes_while_it_waits_is_not_begun(scene: Scene) -> None:
    connection, _ = scene.connect()
    connection.data_received(HEAD % 0)
    connection.connection_lost(None)
    assert not scene.places.taken[0].is_wanted


def test_the_longest_idle_of_an_address_makes_room(scene: Scene) -> None:
    _, first = scene.connect()
    second, second_transport = scene.connect()
    _, third = scene.connect()
    assert (first.ending, second_transport.ending, third.ending) == ("aborted", "", "")
    second.data_received(HEAD % 0)
    _, fourth = scene.connect()
    assert (third.ending, second_transport.ending, fourth.ending) == ("aborted", "", "")


def test_an_address_whose_connections_are_all_at_work_gets_no_more(scene: Scene) -> None:
    for _ in range(2):
        connection, _ = scene.connect()
        connection.data_received(HEAD % 10)
    _, refused = scene.connect()
    assert (refused.ending, b"TOO_MANY_CONNECTIONS" in refused.written) == ("closed", True)
    _, other = scene.connect("10.0.0.2")
    assert other.ending == ""


def test_a_proxy_has_as_many_as_there_are(scene: Scene) -> None:
    transports = [scene.connect(PROXY)[1] for _ in range(BOUNDS.connections_max)]
    assert {each.ending for each in transports} == {""}


def test_the_addresses_of_an_ipv6_network_count_as_one(scene: Scene) -> None:
    transports = [scene.connect(f"2001:db8::{number}")[1] for number in range(1, 4)]
    assert [each.ending for each in transports] == ["aborted", "", ""]


def test_over_all_addresses_the_longest_idle_makes_room(scene: Scene) -> None:
    transports = [scene.connect(f"10.0.0.{number}")[1] for number in range(6)]
    assert [each.ending for each in transports] == ["aborted", "aborted", "", "", "", ""]
    assert len(scene.shared.connections) == BOUNDS.connections_max


def test_bodies_of_one_address_take_a_part_of_the_memory_and_give_it_back(scene: Scene) -> None:
    first, first_transport = scene.connect()
    first.data_received(HEAD % 9_000 + b"x" * 8_000)
    second, second_transport = scene.connect()
    second.data_received(HEAD % 9_000 + b"x" * 8_000)
    assert b"GATEWAY_OVERLOADED" in second_transport.written
    other, other_transport = scene.connect("10.0.0.2")
    other.data_received(HEAD % 9_000 + b"x" * 8_000)
    assert (first_transport.written, other_transport.written) == (b"", b"")
    first.connection_lost(None)
    second.connection_lost(None)
    again, transport = scene.connect()
    again.data_received(HEAD % 9_000 + b"x" * 8_000)
    assert transport.written == b""


def test_a_process_that_leaves_ends_connections_with_their_answers(scene: Scene) -> None:
    connection, transport = scene.connect()
    _, idle = scene.connect()
    connection.data_received(HEAD % 0)
    scene.shared.is_leaving = True
    scene.shared.connections.drop_idle()
    scene.places.taken[0].done(HttpAnswer("200 OK", []))
    assert (idle.ending, transport.ending) == ("aborted", "eof")
    assert b"Connection: close" in transport.written
