"""Heads are read strictly: what two readers understand differently is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.front.head import HeadReader, environ_of
from gateway.refusals import BadRequest


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


GOOD = ("POST /v1/purchases?a=b HTTP/1.1", "Host: x")


@pytest.mark.parametrize(
    "lines",
    [
        ("get / HTTP/1.1", "Host: x"),
        ("Get / HTTP/1.1", "Host: x"),
        ("BREW / HTTP/1.1", "Host: x"),
        ("GET  / HTTP/1.1", "Host: x"),
        ("GET /", "Host: x"),
        ("GET / HTTP/2.0", "Host: x"),
        ("GET / HTTP/1.2", "Host: x"),
        ("GET / HTTP/9.9", "Host: x"),
        ("GET / http/1.1", "Host: x"),
        ("PRI * HTTP/2.0",),
        ("CONNECT x:80 HTTP/1.1", "Host: x"),
        ("GET / HTTP/1.1",),
        ("GET / HTTP/1.1", "Host:"),
        ("GET / HTTP/1.1", "Host: x", "Host: y"),
        ("GET /\x01 HTTP/1.1", "Host: x"),
        ("GET /é HTTP/1.1", "Host: x"),
        ("GET /#a HTTP/1.1", "Host: x"),
        ("GET / HTTP/1.1", "Host : x"),
        ("GET / HTTP/1.1", "Host: x", "no colon"),
        ("GET / HTTP/1.1", "Host: x", " folded: yes"),
        ("GET / HTTP/1.1", "Host: x", "A: b", "\tfolded"),
        ("GET / HTTP/1.1", "Host: x", ": no name"),
        ("GET / HTTP/1.1", "Host: x", "A: b\x00c"),
        ("GET / HTTP/1.1", "Host: x", "A: b\nC: d"),
        (*GOOD, "Content-Length: -1"),
        (*GOOD, "Content-Length: +1"),
        (*GOOD, "Content-Length: 1a"),
        (*GOOD, "Content-Length: 0x10"),
        (*GOOD, "Content-Length: 1, 1"),
        (*GOOD, "Content-Length: 1", "Content-Length: 2"),
        (*GOOD, "Content-Length: 1", "Content-Length: 1"),
        (*GOOD, "Content-Length: 99999999999999999999999"),
        (*GOOD, "Content-Length: 1", "Transfer-Encoding: chunked"),
        (*GOOD, "Transfer-Encoding: chunked", "Content-Length: 1"),
        (*GOOD, "Transfer-Encoding: gzip, chunked"),
        (*GOOD, "Transfer-Encoding: chunked, chunked"),
        (*GOOD, "Transfer-Encoding: identity"),
        (*GOOD, "Transfer-Encoding: xchunked"),
        (*GOOD, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("POST / HTTP/1.0", "Transfer-Encoding: chunked"),
        (*GOOD, "Expect: 200-ok"),
        (*GOOD, "Idempotency-Key: a", "Idempotency-Key: b"),
        (*GOOD, "Authorization: a", "authorization: b"),
        (*GOOD, "Content-Type: a", "Content-Type: b"),
        (*GOOD, "Upgrade: h2c", "Connection: Upgrade", "Content-Length: 1"),
    ],
)
def test_what_is_not_http_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest):
        HeadReader().head(head(*lines))


def test_a_head_is_read() -> None:
    found = HeadReader().head(
        head(
            *GOOD,
            "Content-Length: 12",
            "Content-Type: application/json",
            "X-A: 1",
            "X-A: 2",
            "X_A: 3",
            "Expect: 100-Continue",
        )
    )
    assert (found.method, found.target, found.length, found.expects_continue) == ("POST", "/v1/purchases?a=b", 12, True)
    assert found.headers["x-a"] == "1, 2"
    environ = environ_of(found, b"{}", ("1.2.3.4", 5), ("5.6.7.8", 9))
    assert (environ["PATH_INFO"], environ["QUERY_STRING"], environ["REMOTE_ADDR"]) == (
        "/v1/purchases",
        "a=b",
        "1.2.3.4",
    )
    assert (environ["HTTP_X_A"], environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == (
        "1, 2",
        "application/json",
        "2",
    )


@pytest.mark.parametrize(
    ("lines", "keeps_alive"),
    [
        (("GET / HTTP/1.1", "Host: x"), True),
        (("GET / HTTP/1.1", "Host: x", "Connection: close"), False),
        (("GET / HTTP/1.0",), False),
        (("GET / HTTP/1.0", "Connection: keep-alive"), True),
        (("GET / HTTP/1.1", "Host: x", "Upgrade: h2c", "Connection: Upgrade"), True),
    ],
)
def test_whether_a_connection_stays_is_the_clients_choice(lines: tuple[str, ...], keeps_alive: bool) -> None:
    assert HeadReader().head(head(*lines)).keeps_alive is keeps_alive


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.integers(1, 9))
def test_chunks_are_read_however_they_are_cut(pieces: list[bytes], step: int) -> None:
    reader = HeadReader()
    assert reader.head(head(*GOOD, "Transfer-Encoding: chunked")).length is None
    wire = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"
    found = b""
    for start in range(0, len(wire), step):
        assert not reader.is_complete
        reader.feed(wire[start : start + step])
        found += b"".join(reader.pieces)
        reader.pieces.clear()
    assert (reader.is_complete, reader.has_excess, found) == (True, False, b"".join(pieces))


@pytest.mark.parametrize(
    "wire", [b"x\r\n", b"-1\r\n", b"1\r\nab\r\n", b"1\nab", b"0x1\r\na\r\n", b"ffffffffffffffffff\r\n"]
)
def test_what_is_no_chunk_is_refused(wire: bytes) -> None:
    reader = HeadReader()
    reader.head(head(*GOOD, "Transfer-Encoding: chunked"))
    with pytest.raises(BadRequest):
        reader.feed(wire)


@given(st.binary(max_size=200))
@example(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
def test_whatever_bytes_come_they_are_read_or_refused(content: bytes) -> None:
    try:
        HeadReader().head(content + b"\r\n\r\n")
    except BadRequest:
        return
