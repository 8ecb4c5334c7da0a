"""One connection: a state machine over bytes, on the event loop. It waits for nothing and holds no thread.

    HEAD ──▶ BODY ──▶ WORKING ──▶ ANSWERING ──▶ HEAD
      │        │         │            └────────▶ LINGERING ──▶ gone
      └────────┴─────────┴──── what cannot be answered well is answered with a problem, and the connection ends

Each state has a deadline, which `expire` compares with the clock that the server shows it.
"""

from __future__ import annotations

import asyncio
import enum
from typing import Any

from gateway.addresses import bucket_of
from gateway.front import answers
from gateway.front.admission import Admitted
from gateway.front.answers import HttpAnswer
from gateway.front.bounds import BODY_GRACE_S, LINGER_S
from gateway.front.head import HeadReader, RequestHead, environ_of
from gateway.front.passing import BODY_PENDING, RECEIVED_AT, REQUEST_CONTEXT
from gateway.front.shared import Shared, prepare
from gateway.refusals import (
    BadRequest,
    BodyTooLarge,
    GatewayOverloaded,
    HeadTooLarge,
    RequestTooSlow,
    TooManyConnections,
    UnreadableRequest,
)
from kit.errors import Refusal

# What is read ahead of a request that is being worked on, and of a connection that ends.
AHEAD_BYTES_MAX = 65_536
SLICE_BYTES = 262_144
# Framing may make a chunked body so much longer on the wire.
CHUNK_FRAMING_BYTES_MAX = 65_536


class ConnectionState(enum.Enum):
    """What a connection is at."""

    HEAD = enum.auto()
    BODY = enum.auto()
    WORKING = enum.auto()
    ANSWERING = enum.auto()
    LINGERING = enum.auto()
    GONE = enum.auto()


class HttpConnection(asyncio.Protocol):
    """Reads requests one after the other and writes their answers."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._bounds = shared.bounds
        self.address = ""
        self._state = ConnectionState.HEAD
        self._buffer = bytearray()
        self._since = 0.0
        self._has_asked = False
        self._has_ended = False
        self._is_full = False
        self._reset()

    def _reset(self) -> None:
        """Forgets the request before."""
        self._head: RequestHead | None = None
        self._reader: HeadReader | None = None
        self._request_context: Any = None
        self._body = bytearray()
        self._wire_bytes = 0
        self._reserved = 0
        self._admitted: Admitted | None = None
        self._rest = memoryview(b"")
        self._closes = False

    # ---- what the loop calls

    def connection_made(self, transport: Any) -> None:
        self._transport: Any = transport
        self._peer = _host_and_port(transport.get_extra_info("peername"))
        self._own = _host_and_port(transport.get_extra_info("sockname"))
        self.address = bucket_of(self._peer[0])
        self._since = self._shared.now()
        prepare(transport.get_extra_info("socket"))
        if not self._shared.connections.open(self):
            # It is counted nowhere, so it may not stay until its answer has been read.
            refusal = TooManyConnections("too many connections at once, come back in a moment")
            answer = answers.problem(refusal)
            transport.write(answers.head_of(answer, closing=True) + answer.body)
            self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        self._state = ConnectionState.GONE
        if self._admitted is not None:
            self._admitted.is_wanted = False
        self._release()
        self._shared.connections.close(self)

    def data_received(self, data: bytes) -> None:
        match self._state:
            case ConnectionState.HEAD:
                self._buffer += data
                self._read_head()
            case ConnectionState.BODY:
                self._buffer += data
                self._read_body()
            case ConnectionState.WORKING | ConnectionState.ANSWERING:
                self._buffer += data
                if len(self._buffer) > AHEAD_BYTES_MAX:
                    self._transport.pause_reading()
            case _:
                self._discard(len(data))

    def eof_received(self) -> bool:
        """A client that sends no more may still wait for its answer."""
        self._has_ended = True
        return self._state in {ConnectionState.WORKING, ConnectionState.ANSWERING}

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._write_on()

    # ---- what the server calls

    @property
    def is_idle(self) -> bool:
        return self._state is ConnectionState.HEAD

    def drop(self) -> None:
        self._state = ConnectionState.GONE
        self._shared.connections.close(self)
        self._transport.abort()

    def expire(self, now: float) -> None:
        waited = now - self._since
        match self._state:
            case ConnectionState.HEAD if not self._buffer:
                # Of a new connection a request is expected soon; nothing has been asked, so nothing is answered.
                if waited >= (self._bounds.idle_s if self._has_asked else self._bounds.head_deadline_s):
                    self._finish()
            case ConnectionState.HEAD:
                if waited >= self._bounds.head_deadline_s:
                    self._refuse(RequestTooSlow("the head of the request did not come in time"))
            case ConnectionState.BODY:
                if waited >= self._bounds.body_deadline_s or self._is_slow(waited):
                    self._refuse(RequestTooSlow("the body of the request came too slowly"))
            case ConnectionState.ANSWERING:
                if waited >= self._bounds.answer_deadline_s:
                    self.drop()
            case ConnectionState.LINGERING:
                unread = self._transport.get_write_buffer_size() > 0
                if waited >= (self._bounds.answer_deadline_s if unread else LINGER_S):
                    self.drop()

    # ---- head

    def _read_head(self) -> None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):
            # RFC 9112 §2.2: empty lines before a request are ignored.
            del buffer[:2]
        if not buffer:
            return
        if self._head is None and self._reader is None:
            self._reader = HeadReader()
            self._since = self._shared.now() if self._has_asked else self._since
        end = buffer.find(b"\r\n\r\n")
        try:
            if end < 0:
                self._refuse_hopeless()
                return
            if end > self._bounds.head_bytes_max:
                raise HeadTooLarge(f"the head of a request has at most {self._bounds.head_bytes_max} bytes")
            content = bytes(buffer[: end + 4])
            del buffer[: end + 4]
            self._head = self._known_reader.head(content)
        except UnreadableRequest as refusal:
            self._refuse(refusal)
            return
        self._begin_body()

    def _refuse_hopeless(self) -> None:
        """Refuses what can become no request, however much comes."""
        buffer = self._buffer
        if len(buffer) > self._bounds.head_bytes_max:
            raise HeadTooLarge(f"the head of a request has at most {self._bounds.head_bytes_max} bytes")
        if not b"A" <= buffer[:1] <= b"Z" and buffer[:1] != b"\r":
            raise BadRequest("a request begins with a method in capital letters")
        if buffer.count(b"\n") != buffer.count(b"\r\n"):
            raise BadRequest("lines of a request end with CR and LF")

    # ---- body

    def _begin_body(self) -> None:
        head, bounds = self._known_head, self._bounds
        if head.length is not None and head.length > bounds.body_bytes_max:
            self._refuse(BodyTooLarge("the body is longer than this gateway accepts"))
        elif head.length is not None and head.length <= bounds.body_unasked_bytes_max and not head.expects_continue:
            self._expect_body()
        else:
            # Long, of unknown length, or only sent when wanted: first it is found out whether anyone wants it.
            self._submit(body_pending=True)

    def _expect_body(self) -> None:
        self._state = ConnectionState.BODY
        self._since = self._shared.now()
        self._read_body()

    def _read_body(self) -> None:
        try:
            is_whole = self._take_chunks() if self._known_head.length is None else self._take_bytes()
        except Refusal as refusal:
            self._refuse(refusal)
            return
        if is_whole:
            self._submit(body_pending=False)

    def _take_bytes(self) -> bool:
        wanted = (self._known_head.length or 0) - len(self._body)
        piece = self._buffer[:wanted]
        del self._buffer[:wanted]
        self._keep(piece)
        return len(piece) == wanted

    def _take_chunks(self) -> bool:
        reader = self._known_reader
        content = bytes(self._buffer)
        self._buffer.clear()
        self._wire_bytes += len(content)
        reader.feed(content)
        for piece in reader.pieces:
            self._keep(piece)
        reader.pieces.clear()
        if self._wire_bytes > 2 * len(self._body) + CHUNK_FRAMING_BYTES_MAX:
            raise BadRequest("the chunks of the body hold more framing than body")
        if reader.has_excess:
            # Where a chunked body ends within a piece is the parser's secret: what came behind it is not answered.
            self._closes = True
        return reader.is_complete

    def _keep(self, piece: bytes | bytearray) -> None:
        if len(self._body) + len(piece) > self._bounds.body_bytes_max:
            raise BodyTooLarge("the body is longer than this gateway accepts")
        if piece and not self._shared.bodies.take(self.address, len(piece)):
            raise GatewayOverloaded("too many long bodies at once, come back in a moment")
        self._reserved += len(piece)
        self._body += piece

    def _is_slow(self, waited: float) -> bool:
        """Whether less has come than comes at the lowest rate, once the beginning is forgiven."""
        return len(self._body) < (waited - BODY_GRACE_S) * self._bounds.body_bytes_per_s_min

    def _release(self) -> None:
        if self._reserved:
            self._shared.bodies.give_back(self.address, self._reserved)
            self._reserved = 0

    # ---- the application

    def _submit(self, *, body_pending: bool) -> None:
        self._state = ConnectionState.WORKING
        self._has_asked = True
        environ = environ_of(self._known_head, bytes(self._body), self._peer, self._own)
        self._body.clear()
        environ[RECEIVED_AT] = self._since
        if body_pending:
            environ[BODY_PENDING] = self._known_head.length or 0
        if self._request_context is not None:
            environ[REQUEST_CONTEXT] = self._request_context
        self._admitted = Admitted(
            bulkhead=self._shared.bulkhead(environ["REQUEST_METHOD"], environ["PATH_INFO"]),
            run=lambda: self._shared.run(environ),
            done=lambda answer: self._worked(environ, answer, body_pending=body_pending),
            refused=lambda refusal: self._refused(refusal, body_pending=body_pending),
        )
        self._shared.admission.submit(self._admitted)

    def _worked(self, environ: dict[str, Any], answer: HttpAnswer, *, body_pending: bool) -> None:
        self._admitted = None
        if body_pending and REQUEST_CONTEXT in environ:
            self._request_context = environ[REQUEST_CONTEXT]
            if self._known_head.expects_continue and not self._buffer:
                self._transport.write(answers.CONTINUE)
            self._transport.resume_reading()
            self._expect_body()
            return
        # What was not read of a body would be taken for the next request.
        self._answer(answer, closing=body_pending)

    def _refused(self, refusal: Refusal, *, body_pending: bool) -> None:
        self._admitted = None
        self._answer(answers.problem(refusal), closing=body_pending)

    # ---- answers

    def _refuse(self, refusal: Refusal) -> None:
        """Answers with a problem and ends the connection: what follows on it cannot be understood."""
        self._answer(answers.problem(refusal), closing=True)

    def _answer(self, answer: HttpAnswer, *, closing: bool) -> None:
        self._release()
        self._state = ConnectionState.ANSWERING
        self._since = self._shared.now()
        keeps_alive = self._head is not None and self._head.keeps_alive
        self._closes = self._closes or closing or not keeps_alive or self._has_ended or self._shared.is_leaving
        without_body = self._head is not None and self._head.method == "HEAD"
        head, body = answers.head_of(answer, closing=self._closes), b"" if without_body else answer.body
        # Head and beginning in one piece: two would be two packets.
        self._transport.write(head + body[:SLICE_BYTES])
        self._rest = memoryview(body)[SLICE_BYTES:]
        self._write_on()

    def _write_on(self) -> None:
        """Writes as much as the reader takes; the transport says when it takes more."""
        while self._state is ConnectionState.ANSWERING and not self._is_full:
            if not self._rest:
                self._answered()
                return
            piece, self._rest = self._rest[:SLICE_BYTES], self._rest[SLICE_BYTES:]
            self._transport.write(piece)

    def _answered(self) -> None:
        if self._closes:
            self._linger()
            return
        self._reset()
        self._state = ConnectionState.HEAD
        self._since = self._shared.now()
        self._shared.connections.idle(self)
        self._transport.resume_reading()
        if self._buffer:
            # Not from here: a client may have sent thousands of requests at once.
            self._shared.loop.call_soon(self._read_ahead)

    def _read_ahead(self) -> None:
        if self._state is ConnectionState.HEAD and self._buffer:
            self._read_head()

    def _linger(self) -> None:
        """Ends the connection in order: a peer that is still sending would otherwise lose the answer to a reset."""
        if self._has_ended:
            self._finish()
            return
        self._state = ConnectionState.LINGERING
        self._since = self._shared.now()
        self._buffer.clear()
        self._transport.resume_reading()
        self._transport.write_eof()

    def _discard(self, size: int) -> None:
        self._wire_bytes += size
        if self._wire_bytes > self._bounds.body_bytes_max:
            self.drop()

    def _finish(self) -> None:
        self._state = ConnectionState.GONE
        self._transport.close()

    @property
    def _known_head(self) -> RequestHead:
        if self._head is None:
            raise RuntimeError("there is no request yet")
        return self._head

    @property
    def _known_reader(self) -> HeadReader:
        if self._reader is None:
            raise RuntimeError("there is no request yet")
        return self._reader


def _host_and_port(name: Any) -> tuple[str, int]:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("", 0)
