"""Pages of a list: a bounded size and an opaque token that says where the next one begins.

A token holds a digest of the list that gave it: the RPC's request without its page, and the caller. So no list takes a
token of another one, nor of itself with other filters, for another program or another caller.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import orjson
from google.protobuf.message import Message

from kit import texts
from kit.call import caller_id_now
from kit.errors import Invalid

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 200
DIGEST_LENGTH = 16

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True)
class PageRequest:
    """Which page is asked for. `after` holds the sort key of the last item of the page before, or nothing.

    `list_digest` says of which list, for the token of the next page.
    """

    size: int
    after: tuple[str, ...] = ()
    list_digest: str = ""


@dataclasses.dataclass(frozen=True)
class Page(Generic[Item]):
    """One page. `next_token` is empty on the last."""

    items: tuple[Item, ...]
    next_token: str = ""


def page_request(request: Message, *, key_parts: int) -> PageRequest:
    """Reads `page_size` and `page_token` of an RPC's request; `key_parts` is how many parts the list's sort key has."""
    page_size: int = request.page_size  # type: ignore[attr-defined]  # every list's request has it (AIP-158)
    page_token: str = request.page_token  # type: ignore[attr-defined]  # as above
    if not 0 <= page_size <= PAGE_SIZE_MAX:
        raise Invalid("page_size", f"must be between 1 and {PAGE_SIZE_MAX}, or 0 for {PAGE_SIZE_DEFAULT}")
    list_digest = _digest_of(request)
    after = _parse_token(page_token, list_digest, key_parts) if page_token else ()
    return PageRequest(page_size or PAGE_SIZE_DEFAULT, after, list_digest)


def page_of(items: Sequence[Item], request: PageRequest, sort_key: Callable[[Item], tuple[str, ...]]) -> Page[Item]:
    """Cuts a page from `items`, which the storage has read one further than the page is long, to know of a next."""
    kept = tuple(items[: request.size])
    return Page(kept, _token(request.list_digest, sort_key(kept[-1])) if len(items) > request.size else "")


def _digest_of(request: Message) -> str:
    wanted = type(request)()
    wanted.CopyFrom(request)
    for name in ("page_size", "page_token"):
        wanted.ClearField(name)
    for field, value in wanted.ListFields():
        # Written in another way it is the same list.
        if isinstance(value, str):
            setattr(wanted, field.name, texts.name(value))
    parts = (
        request.DESCRIPTOR.full_name.encode(),
        caller_id_now().encode(),
        wanted.SerializeToString(deterministic=True),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:DIGEST_LENGTH]


def _token(list_digest: str, key: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps((list_digest, *key))).decode().rstrip("=")


def _parse_token(token: str, list_digest: str, key_parts: int) -> tuple[str, ...]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not (isinstance(found, list) and len(found) == key_parts + 1 and all(isinstance(part, str) for part in found)):
        raise Invalid("page_token", "is not a token that this list gave")
    digest, *key = found
    if digest != list_digest:
        raise Invalid("page_token", "is a token of another list, of other filters or of another caller")
    return tuple(key)
