"""Clients that speak HTTP by hand, from any address of this machine, and well or badly."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any

from tests.integration.gateway.stage import Door

TIMEOUT_S = 30.0


@dataclasses.dataclass
class Wire:
    """One connection to the gateway."""

    socket: socket.socket
    _rest: bytes = b""

    def send(self, content: bytes) -> Wire:
        self.socket.sendall(content)
        return self

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: its status, headers, and body, read as JSON where it is."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(self._rest) < int(headers.get("content-length", "0")):
            self._more()
        size = int(headers.get("content-length", "0"))
        body, self._rest = self._rest[:size], self._rest[size:]
        return status, headers, json.loads(body) if "json" in headers.get("content-type", "") else body

    def is_ended(self) -> bool:
        """Whether the gateway ends the connection without another byte."""
        try:
            return self._rest == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def problem(self, status: int, reason: str) -> None:
        """Expects a problem and the end of the connection."""
        found, headers, body = self.answer()
        assert (found, body["status"], body["reason"]) == (status, status, reason), body
        assert headers["content-type"] == "application/problem+json"
        assert headers["x-request-id"] == body["request_id"]
        assert headers["connection"] == "close"
        assert self.is_ended()

    def _more(self) -> None:
        content = self.socket.recv(65_536)
        if not content:
            raise EOFError(self._rest)
        self._rest += content


@contextlib.contextmanager
def wires(door: Door, count: int, *, address: str = "127.0.0.1") -> Iterator[list[Wire]]:
    """So many connections from the address."""
    place = urllib.parse.urlsplit(door.url)
    with contextlib.ExitStack() as exits:
        found = []
        for _ in range(count):
            opened = socket.create_connection((place.hostname, place.port), TIMEOUT_S, (address, 0))
            found.append(Wire(exits.enter_context(opened)))
        yield found


@contextlib.contextmanager
def wire(door: Door, *, address: str = "127.0.0.1") -> Iterator[Wire]:
    """One of them."""
    with wires(door, 1, address=address) as (found,):
        yield found


def request(method: str, path: str, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """A request as it goes over the wire; `length` announces more than there is."""
    sent = {"Host": "gateway", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body or length is not None:
        sent["Content-Length"] = str(len(body) if length is None else length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def write(api_key: str, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """An enrolment, which the key may ask for."""
    known = {"Authorization": f"Bearer {api_key}", "Idempotency_Key": "k", "Content_Type": "application/json"}
    return request("POST", "/v1/members", body, length=length, **{**known, **headers})
