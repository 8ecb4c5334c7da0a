"""Runs the WSGI application for one request, in a thread, to the last byte of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import structlog

from gateway.front.answers import HttpAnswer

_log = structlog.get_logger()

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_FAILED = HttpAnswer("500 Internal Server Error", [("Content-Type", "application/problem+json")], b"{}")


def run(application: Application, environ: dict[str, Any]) -> HttpAnswer:
    """The answer of the application, which is trusted to raise nothing; an accident is a bare 500 all the same."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], None]:
        started[:] = [(status, headers)]
        return _refuse_write

    try:
        chunks = application(environ, start_response)
        try:
            # The only piece of a body is taken as it is, and not copied.
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = started[0]
        return HttpAnswer(status, headers, body)
    except Exception:
        _log.exception("request_failed")
        return _FAILED


def _refuse_write(_content: bytes) -> None:
    # WSGI gives each application this older way to answer, besides returning; Flask never takes it.
    raise RuntimeError("the application answers by what it returns")
