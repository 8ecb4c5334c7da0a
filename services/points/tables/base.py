"""What all tables share."""

from __future__ import annotations

import sqlalchemy as sa

from kit.database import metadata as new_metadata
from kit.row_digests import UNDIGESTED

metadata = new_metadata()


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    """A column of instants."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def lease(*, nullable: bool) -> sa.Column[object]:
    """Until when somebody is at work on the row; past that, whoever comes takes it over."""
    return sa.Column("lease_until", sa.DateTime(timezone=True), nullable=nullable, info=UNDIGESTED)
