"""What was announced of a redemption."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from services.rewards import announces, tables


def announced(engine: sa.Engine, redemption_id: str) -> list[tuple[str, int, dict[str, Any]]]:
    """Types, versions and payloads of what was announced of a redemption, in order."""
    outbox = tables.outbox
    query = sa.select(outbox.c.type, outbox.c.version, outbox.c.payload).where(
        outbox.c.aggregateid == uuid.UUID(redemption_id), outbox.c.aggregatetype == announces.AGGREGATE_TYPE
    )
    with engine.connect() as connection:
        return [(row.type, row.version, row.payload) for row in connection.execute(query.order_by(outbox.c.version))]
