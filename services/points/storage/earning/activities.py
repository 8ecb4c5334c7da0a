"""Activities: rows that are appended and never change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.points import tables
from services.points.domain.earning.activities import Activity, ActivityKind, ActivityReport
from services.points.domain.ledger.accounts import AccountView
from services.points.storage.documents import account_document, dump, earnings_document, load
from services.points.storage.sales.purchases import Recorded
from services.points.storage.writer import Writer


class Activities:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, activity_ids: Iterable[UUID]) -> dict[UUID, Recorded[Activity]]:
        """The activities that are recorded, as they were first answered."""
        table = tables.activities
        wanted = sa.literal(list(activity_ids), postgresql.ARRAY(sa.Uuid))
        rows = self._connection.execute(sa.select(table).where(table.c.activity_id == sa.any_(wanted)))
        return {
            row.activity_id: Recorded(_activity(row), load(account_document, row.account_after), row.digests)
            for row in rows
        }

    def append(self, writer: Writer, activity: Activity, account: AccountView, digests: dict[str, str]) -> None:
        """Hands a new activity to the writer."""
        report = activity.report
        writer.add(
            tables.activities,
            {
                "activity_id": activity.activity_id,
                "program_id": activity.program_id,
                "member_id": activity.member_id,
                "kind": report.kind.value,
                "name": report.name,
                "source": report.source,
                "activity_key": report.activity_key,
                "store_id": report.store_id,
                "cashier_id": report.cashier_id,
                "attributes": orjson.dumps(report.attributes).decode(),
                "occurred_at": report.occurred_at,
                "points_earned": activity.points_earned,
                "earnings": dump(earnings_document, activity.earnings),
                "account_after": dump(account_document, account),
                "digests": orjson.dumps(digests).decode(),
                "recorded_at": activity.recorded_at,
                "local_year": activity.local_year,
            },
        )


def _activity(row: Any) -> Activity:
    report = ActivityReport(
        kind=ActivityKind(row.kind),
        name=row.name,
        occurred_at=row.occurred_at,
        source=row.source,
        activity_key=row.activity_key,
        store_id=row.store_id,
        cashier_id=row.cashier_id,
        attributes=row.attributes,
    )
    return Activity(
        activity_id=row.activity_id,
        program_id=row.program_id,
        member_id=row.member_id,
        report=report,
        earnings=load(earnings_document, row.earnings),
        recorded_at=row.recorded_at,
        local_year=row.local_year,
    )
