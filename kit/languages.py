"""The language in which the caller of the request under way wants its answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_asked: ContextVar[str] = ContextVar("language", default="")


@contextlib.contextmanager
def asking(tag: str) -> Iterator[None]:
    """Lets the request under way be answered in the language of a BCP 47 tag."""
    token = _asked.set(tag)
    try:
        yield
    finally:
        _asked.reset(token)


def asked() -> str:
    """The BCP 47 tag of the language that texts for people are wanted in; empty when it does not matter."""
    return _asked.get()
