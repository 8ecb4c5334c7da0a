"""Paths as they stand on the wire. Each route has one spelling, so that whatever filters paths in front of the gateway
sees the same path as the gateway does.

RFC 3986 lets a path be written in many ways that different readers resolve differently: `%2F` and `%5C` as separators
or as text, `%61` for `a`, `//`, `/./` and `/../`, parameters after `;`. None of them is needed here.
"""

from __future__ import annotations

import re
import urllib.parse

from gateway.refusals import RouteNotFound

# Segments of pchar (RFC 3986 §3.3) without ";", and percent-encoded only what could not stand there as it is.
_PLAIN = r"[A-Za-z0-9\-._~!$&'()*+,=:@]"
_ENCODED = r"%(?:20|22|23|3[CcEeFf]|5[BbDdEe]|60|7[BbCcDd]|[89A-Fa-f][0-9A-Fa-f])"
_PATH = re.compile(rf"(?:/(?!\.{{1,2}}(?:/|$))(?:{_PLAIN}|{_ENCODED})+)+|/")
# RFC 9112 §3.2.2: servers take the absolute form, too.
_ABSOLUTE = re.compile(r"https?://[^/?#]+", re.IGNORECASE)


def split(target: str) -> tuple[str, str]:
    """The path and the query of a request target, as they were sent."""
    absolute = _ABSOLUTE.match(target)
    path, _, query = (target[absolute.end() :] or "/" if absolute else target).partition("?")
    return path or "/", query


def decoded(path: str) -> str:
    """The path for WSGI: decoded, its bytes as characters."""
    return urllib.parse.unquote_to_bytes(path).decode("latin-1")


def refuse_other_spellings(target: str) -> None:
    """Refuses a target whose path could be read as another one."""
    path, _ = split(target)
    if not _PATH.fullmatch(path.removesuffix("/") or "/"):
        raise RouteNotFound("there is nothing at this path; a path is written without dots, empty parts and escapes")
