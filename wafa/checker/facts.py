"""How much there was to check, counted from the tables themselves."""

from __future__ import annotations

from wafa.checker.snapshot import DatabaseSnapshot

# What is counted, by the words a person would use, in the order of the story.
COUNTED: dict[str, tuple[str, str]] = {
    "members": ("members", "members"),
    "purchases": ("points", "purchases"),
    "returns": ("points", "returns"),
    "entries": ("points", "entries"),
    "lots": ("points", "lots"),
    "holds": ("points", "holds"),
    "redemptions": ("rewards", "redemptions"),
    "vouchers": ("rewards", "vouchers"),
    "events": ("members", "outbox"),
}


def count(snapshot: DatabaseSnapshot) -> dict[str, int]:
    """Rows by name."""
    found: dict[str, int] = {}
    for name, (word, table) in COUNTED.items():
        (row,) = snapshot.rows(word, f"SELECT count(*) AS rows FROM {table}")  # noqa: S608 - a constant of ours
        found[name] = row.rows
    return found
