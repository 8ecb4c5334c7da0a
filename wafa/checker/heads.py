"""The heads of the services' chains of seals: made, kept in a file elsewhere, and looked for again.

A head that is still in the chain proves that everything sealed up to it is as it was when the head was kept, provided
that the chain is whole and what it covers is as sealed, which each service's own check says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.checking import Finding
from wafa.backends import WORDS
from wafa.backends.state import write_private
from wafa.checker.snapshot import DatabaseSnapshot, SnapshotError

CHECK = "head_kept"
SEALS = "SELECT number, encode(hash, 'hex') AS hash FROM seals ORDER BY number"

Head = Mapping[str, Any]


def keep(heads: Sequence[Head], file: Path) -> None:
    """Writes the heads for `read`. Raises SnapshotError where that is not possible."""
    try:
        write_private(file, json.dumps({"heads": list(heads)}, indent=1) + "\n")
    except OSError as error:
        raise SnapshotError(f"{file} cannot be written: {error.strerror}.") from error


def read(file: Path) -> list[Head]:
    """The heads that were kept in a file. Raises SnapshotError where it holds none."""
    try:
        heads: list[Head] = json.loads(file.read_text())["heads"]
        if not heads or not all(_is_head(head) for head in heads):
            raise ValueError("it names no head of a service")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"{file} holds no heads of seals: {error}.") from error
    return heads


def against(snapshot: DatabaseSnapshot, heads: Sequence[Head]) -> Iterator[Finding]:
    """The heads that are not in the chains any more."""
    for head in heads:
        service, number = head["service"], head["number"]
        there = next((row.hash for row in snapshot.rows(service, SEALS) if row.number == number), None)
        subject = f"{service}, seal {number}"
        if there is None:
            yield Finding(CHECK, subject, "the seal that was kept is gone: the chain was cut off, or is another")
        elif there != head["hash"]:
            yield Finding(CHECK, subject, "the seal that was kept is another now: the chain was made anew")


def _is_head(head: Any) -> bool:
    return head["service"] in WORDS and isinstance(head["number"], int) and isinstance(head["hash"], str)
