"""Defects to plant after a busy day, and how they are written."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Planted:
    """A defect: the row that the finding must name, and what makes it; braces and colons stand before a Day's names."""

    subject: str
    statements: tuple[str, ...]


def planted(subject: str, *statements: str) -> Planted:
    return Planted(subject, statements)


AMINA, BILAL = "{amina}/points", "{bilal}/points"
ANY_KIND = "ALTER TABLE entries DROP CONSTRAINT ck_entries_kind_fits"
