"""Pages of a list: a bounded size and an opaque token that says where the next one begins."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import orjson

from kit.errors import Invalid

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 200

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True)
class PageRequest:
    """Which page is asked for. `after` holds the sort key of the last item of the page before, or nothing."""

    size: int
    after: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Page(Generic[Item]):
    """One page. `next_token` is empty on the last."""

    items: tuple[Item, ...]
    next_token: str = ""


def page_request(page_size: int, page_token: str, *, key_parts: int) -> PageRequest:
    """Reads what the caller gave; `key_parts` is how many parts the list's sort key has."""
    if not 0 <= page_size <= PAGE_SIZE_MAX:
        raise Invalid("page_size", f"must be between 1 and {PAGE_SIZE_MAX}, or 0 for {PAGE_SIZE_DEFAULT}")
    return PageRequest(page_size or PAGE_SIZE_DEFAULT, _parse_token(page_token, key_parts) if page_token else ())


def page_of(items: Sequence[Item], request: PageRequest, sort_key: Callable[[Item], tuple[str, ...]]) -> Page[Item]:
    """Cuts a page from `items`, which the storage has read one further than the page is long, to know of a next."""
    kept = tuple(items[: request.size])
    return Page(kept, _token(sort_key(kept[-1])) if len(items) > request.size else "")


def _token(key: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _parse_token(token: str, key_parts: int) -> tuple[str, ...]:
    try:
        key = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not (isinstance(key, list) and len(key) == key_parts and all(isinstance(part, str) for part in key)):
        raise Invalid("page_token", "is not a token that this list gave")
    return tuple(key)
