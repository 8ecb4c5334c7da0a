"""What auditors ask: sums over entries, lots and holds as they stood at any instant. Nothing here locks or writes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from kit.page import PageRequest
from services.points import tables
from services.points.domain.ledger import AccountKey, Entry, EntryKind
from services.points.domain.statement import KindSum, Period
from services.points.storage.accounts import entry_of


class Reports:
    """Reads of one snapshot; all of it sees one state of the books. `now` is when it was taken."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now

    def kind_sums(self, key: AccountKey, period: Period) -> tuple[KindSum, ...]:
        """What the account's entries came to before the period and within it, by kind."""
        rows = self._connection.execute(_KIND_SUMS, _account(key) | _bounds(period))
        return tuple(KindSum(EntryKind(row.kind), row.before, row.entries, row.given, row.taken) for row in rows)

    def movements(self, key: AccountKey, period: Period, page: PageRequest) -> list[Entry]:
        """The account's entries within the period, oldest first, one more than the page is long."""
        table = tables.entries
        query = sa.select(table).where(
            table.c.member_id == key.member_id,
            table.c.wallet == key.wallet,
            table.c.program_id == key.program_id,
            table.c.version > (int(page.after[0]) if page.after else 0),
            table.c.recorded_at >= period.start,
            table.c.recorded_at < period.end,
        )
        rows = self._connection.execute(query.order_by(table.c.version).limit(page.size + 1))
        return [entry_of(key, row) for row in rows]


# ---- Queries ---------------------------------------------------------------------------------------------------------

_KIND_SUMS = sa.text("""
    SELECT kind,
        coalesce(sum(amount) FILTER (WHERE recorded_at < :start), 0)::bigint AS before,
        count(*) FILTER (WHERE recorded_at >= :start) AS entries,
        coalesce(sum(amount) FILTER (WHERE recorded_at >= :start AND amount > 0), 0)::bigint AS given,
        coalesce(-sum(amount) FILTER (WHERE recorded_at >= :start AND amount < 0), 0)::bigint AS taken
    FROM entries
    WHERE member_id = :member_id AND wallet = :wallet AND program_id = :program_id AND recorded_at < :end
    GROUP BY kind
""")


def _account(key: AccountKey) -> dict[str, UUID | str]:
    return {"program_id": key.program_id, "member_id": key.member_id, "wallet": key.wallet}


def _bounds(period: Period) -> dict[str, datetime]:
    return {"start": period.start, "end": period.end}
