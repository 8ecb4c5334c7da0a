"""Undoing what an operation has done before it finds out that it may not."""

from __future__ import annotations

from collections.abc import Callable


def undo(part: object) -> Callable[[], None]:
    """What puts `part` back to how it is now.

    Its attributes are values that never change, and dicts and lists of such, which are written to in place.
    """
    kept = {name: _kept(value) for name, value in vars(part).items()}
    return lambda: vars(part).update(kept)


def _kept(value: object) -> object:
    if isinstance(value, dict):
        return {key: _kept(each) for key, each in value.items()}
    return list(value) if isinstance(value, list) else value
