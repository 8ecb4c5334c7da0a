"""The head of a request: read strictly, because what two readers understand differently lets one request hide another.

The grammar is llhttp's, by `httptools`; what stands here besides is what it leaves to servers.
"""

from __future__ import annotations

import dataclasses
import io
import re
from typing import Any

import httptools

from gateway.front import targets
from gateway.refusals import BadRequest

# What may stand once at the most: WSGI would join two of them into one value that neither client nor proxy meant.
_ONCE = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "idempotency-key",
        "transfer-encoding",
    }
)
# The parser is lenient about blanks here, and knows methods and versions that this server does not.
_REQUEST_LINE = re.compile(rb"[A-Z]+ [\x21\x22\x24-\x7e]+ HTTP/1\.[01]\r\n")
_NAME = re.compile(rb"[A-Za-z0-9-]+")
_LENGTH = re.compile(r"[0-9]{1,15}")


@dataclasses.dataclass(frozen=True)
class RequestHead:
    """What was asked; `length` is None for a chunked body."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    length: int | None
    keeps_alive: bool
    expects_continue: bool


class HeadReader:
    """Takes the parser's events for one request: the head first, then the pieces of a chunked body."""

    def __init__(self) -> None:
        self._parser: Any = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._messages = 0
        self._keeps_alive = False
        self.pieces: list[bytes] = []
        self.is_complete = False

    @property
    def has_excess(self) -> bool:
        """Whether something came behind the end of the body."""
        return self._messages > 1

    def feed(self, content: bytes) -> None:
        """Takes some of the request, or raises BadRequest."""
        try:
            self._parser.feed_data(content)
        except httptools.HttpParserUpgrade:
            # Nothing here speaks another protocol; the request is answered as one that did not offer it.
            self.is_complete = True
        except httptools.HttpParserError:
            raise BadRequest("this is not HTTP/1.1") from None

    def head(self, content: bytes) -> RequestHead:
        """Reads the head, all of it, or raises BadRequest."""
        if not _REQUEST_LINE.match(content):
            raise BadRequest("a request begins with a method in capital letters, a target and HTTP/1.1")
        self.feed(content)
        version = self._parser.get_http_version()
        headers = _joined(self._headers)
        method = self._parser.get_method().decode()
        _refuse_framing(method, version, headers)
        chunked = "transfer-encoding" in headers
        return RequestHead(
            method,
            self._target.decode(),
            version,
            headers,
            None if chunked else int(headers.get("content-length", "0")),
            self._keeps_alive,
            "expect" in headers and version == "1.1",
        )

    # ---- what the parser calls

    def on_message_begin(self) -> None:
        self._messages += 1

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_complete and len(self.pieces) == 0:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        # RequestModel later, the parser means the request after this one.
        self._keeps_alive = self._parser.should_keep_alive()

    def on_body(self, content: bytes) -> None:
        if self._messages == 1:
            self.pieces.append(content)

    def on_message_complete(self) -> None:
        self.is_complete = True


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        # With underscores a name would become another's in WSGI, where both are one.
        if not _NAME.fullmatch(name):
            continue
        key, text = name.decode().lower(), value.decode("latin-1").strip(" \t")
        if key in found and key in _ONCE:
            raise BadRequest(f"the header {key} stands twice")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _refuse_framing(method: str, version: str, headers: dict[str, str]) -> None:
    if version == "1.1" and not headers.get("host"):
        raise BadRequest("a request needs the header host")
    encoding = headers.get("transfer-encoding")
    if encoding is not None and (encoding.lower() != "chunked" or version == "1.0" or "content-length" in headers):
        raise BadRequest("the only transfer encoding is chunked, without a content-length")
    if "content-length" in headers and not _LENGTH.fullmatch(headers["content-length"]):
        raise BadRequest("content-length is not a whole number")
    if headers.get("expect", "100-continue").lower() != "100-continue":
        raise BadRequest("the only expectation is 100-continue")
    has_body = encoding is not None or headers.get("content-length", "0").strip("0") != ""
    if method == "CONNECT" or ("upgrade" in headers and has_body):
        raise BadRequest("this server is no tunnel and upgrades nothing")


def environ_of(head: RequestHead, body: bytes, peer: tuple[str, int], own: tuple[str, int]) -> dict[str, Any]:
    """The request for WSGI (PEP 3333)."""
    path, query = targets.split(head.target)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": targets.decoded(path),
        "QUERY_STRING": query,
        "RAW_URI": head.target,
        "REQUEST_URI": head.target,
        "SERVER_PROTOCOL": f"HTTP/{head.version}",
        "SERVER_NAME": own[0],
        "SERVER_PORT": str(own[1]),
        "REMOTE_ADDR": peer[0],
        "REMOTE_PORT": str(peer[1]),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in head.headers.items():
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif name not in {"content-length", "transfer-encoding"}:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ
