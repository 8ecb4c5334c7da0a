"""What all tables share."""

from __future__ import annotations

import sqlalchemy as sa

from kit.database import metadata as new_metadata

metadata = new_metadata()


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    """A column of instants."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
