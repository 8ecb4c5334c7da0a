"""Readers and writers of dataclasses, made once each."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

Value = TypeVar("Value")

_adapters: dict[type, TypeAdapter[Any]] = {}


def adapter_of(kind: type[Value]) -> TypeAdapter[Value]:
    """The reader and writer of `kind`; made once, since making one costs milliseconds."""
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(kind)
    return adapter
