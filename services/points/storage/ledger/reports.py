"""What auditors ask: sums over entries, lots and holds as they stood at any instant. Nothing here locks or writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit.page import PageRequest
from services.points import tables
from services.points.domain.ledger.accounts import AccountKey, Entry, EntryKind
from services.points.domain.ledger.liability import AGE_BOUNDS_DAYS, OUTLOOK_MONTHS, FlowSum, LotSum
from services.points.domain.ledger.statement import KindSum, Period
from services.points.storage.ledger.accounts import entry_of
from services.points.storage.ledger.ends import ENDS_AT


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

    def held_now(self, program_id: UUID, wallet: str) -> int:
        """What the program's accounts hold together, as written."""
        return int(self._connection.scalar(_HELD_NOW, {"program_id": program_id, "wallet": wallet}) or 0)

    def flow_sums(self, program_id: UUID, wallet: str, period: Period, observed: Period) -> tuple[FlowSum, ...]:
        """What the program's entries came to in the period, after it and while observed, by kind.

        `observed` ends with the period.
        """
        given = _program(program_id, wallet) | _bounds(period) | {"observed_start": observed.start}
        rows = self._connection.execute(_FLOW_SUMS, given)
        return tuple(FlowSum(EntryKind(row.kind), row.given, row.taken, row.after, row.observed) for row in rows)

    def lot_sums(
        self, program_id: UUID, wallet: str, end: datetime, measured_at: datetime
    ) -> tuple[tuple[LotSum, ...], int]:
        """What the program's lots held before `end`, by age and expiry at `measured_at`; and what of it had lapsed.

        The lots are taken back to that time by undoing what entries recorded since have moved. Free units that make up
        for a deficit without an entry, when a hold ends, are noted with the newest entry there is and so count from its
        time on: until then lots and deficit are both told that much smaller, and the balance is exact.

        Points that lapse for inactivity are told to lapse as if nobody were active again after `end`.
        """
        bounds = {"end": end, "measured_at": measured_at, "ages": list(AGE_BOUNDS_DAYS), "months": OUTLOOK_MONTHS}
        rows = self._connection.execute(_LOT_SUMS, _program(program_id, wallet) | bounds).all()
        lapsed = sum(row.units for row in rows if row.what == "lapsed")
        return tuple(LotSum(row.age, row.month, row.units) for row in rows if row.what == "lots"), lapsed

    def redeemed_of_issued(self, program_id: UUID, wallet: str, period: Period) -> int:
        """How many of the points that purchases brought in the period were spent before its end, and stayed so."""
        given = _program(program_id, wallet) | _bounds(period)
        return int(self._connection.scalar(_REDEEMED_OF_ISSUED, given) or 0)


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

_HELD_NOW = sa.text("SELECT sum(posted) FROM accounts WHERE program_id = :program_id AND wallet = :wallet")

_FLOW_SUMS = sa.text("""
    SELECT kind,
        coalesce(sum(amount) FILTER (WHERE within AND amount > 0), 0)::bigint AS given,
        coalesce(-sum(amount) FILTER (WHERE within AND amount < 0), 0)::bigint AS taken,
        coalesce(sum(amount) FILTER (WHERE recorded_at >= :end), 0)::bigint AS after,
        coalesce(sum(amount) FILTER (WHERE seen), 0)::bigint AS observed
    FROM (
        SELECT kind, amount, recorded_at,
            recorded_at >= :start AND recorded_at < :end AS within,
            recorded_at >= :observed_start AND recorded_at < :end AS seen
        FROM entries
        WHERE program_id = :program_id AND wallet = :wallet AND recorded_at >= least(:start, :observed_start)
    ) AS told
    GROUP BY kind
""")

# Only lots that hold something now or have been touched since are looked at, which for a recent day are few of all. An
# account that has been active since was active before when its earlier entries say.
_LOT_SUMS = sa.text(f"""
    WITH later AS (
        SELECT member_id, version, amount, counted FROM entries
        WHERE program_id = :program_id AND wallet = :wallet AND recorded_at >= :end
    ), undone AS (
        SELECT lots.member_id, lots.lot_id, lots.available_at, lots.expires_at, lots.inactivity_days,
            -lot_movements.units AS units
        FROM later
        JOIN lot_movements ON lot_movements.member_id = later.member_id AND lot_movements.wallet = :wallet
            AND lot_movements.entry_version = later.version
        JOIN lots ON lots.member_id = lot_movements.member_id AND lots.wallet = :wallet
            AND lots.lot_id = lot_movements.lot_id
    ), unspent AS MATERIALIZED (
        SELECT member_id, lot_id, available_at, expires_at, inactivity_days, sum(units) AS units
        FROM (
            SELECT member_id, lot_id, available_at, expires_at, inactivity_days, remaining AS units FROM lots
            WHERE program_id = :program_id AND wallet = :wallet AND remaining > 0
            UNION ALL
            SELECT * FROM undone
        ) AS both_ways
        GROUP BY member_id, lot_id, available_at, expires_at, inactivity_days
        HAVING sum(units) <> 0
    ), activity AS (
        SELECT accounts.member_id, CASE WHEN since.member_id IS NULL THEN active_at ELSE (
            SELECT max(occurred_at) FROM entries
            WHERE entries.member_id = accounts.member_id AND entries.wallet = :wallet AND counted
                AND recorded_at < :end
        ) END AS active_at
        FROM (SELECT DISTINCT member_id FROM unspent WHERE inactivity_days IS NOT NULL) AS awaiting
        JOIN accounts ON accounts.member_id = awaiting.member_id AND accounts.wallet = :wallet
        LEFT JOIN (SELECT DISTINCT member_id FROM later WHERE counted) AS since ON since.member_id = accounts.member_id
    ), standing AS MATERIALIZED (
        SELECT member_id, lot_id, available_at, {ENDS_AT} AS ends_at, units
        FROM unspent LEFT JOIN activity USING (member_id)
    ), held AS (
        SELECT member_id, lot_id, sum(units) AS units
        FROM holds JOIN hold_parts USING (member_id, hold_id)
        WHERE program_id = :program_id AND wallet = :wallet AND placed_at < :end
            AND (ended_at IS NULL OR ended_at >= :end) AND holds.expires_at > :measured_at
        GROUP BY member_id, lot_id
    ), lapsed AS (
        SELECT member_id, sum(greatest(standing.units - coalesce(held.units, 0), 0)) AS units
        FROM standing LEFT JOIN held USING (member_id, lot_id)
        WHERE ends_at <= :measured_at
        GROUP BY member_id
    ), balances AS (
        SELECT accounts.member_id, posted - coalesce(since, 0) AS balance
        FROM lapsed
        JOIN accounts ON accounts.member_id = lapsed.member_id AND accounts.wallet = :wallet
        LEFT JOIN (SELECT member_id, sum(amount) AS since FROM later GROUP BY member_id) AS moved
            ON moved.member_id = lapsed.member_id
    )
    SELECT 'lots' AS what, age, month, sum(units)::bigint AS units
    FROM (
        SELECT units,
            CASE WHEN available_at > :measured_at THEN -1 ELSE width_bucket(days, CAST(:ages AS int[])) END AS age,
            CASE WHEN ends_at IS NULL THEN NULL WHEN ends_at <= :measured_at THEN -1
                ELSE least(CAST(:months AS int), last_month - this_month) END AS month
        FROM standing, LATERAL (
            SELECT floor(extract(epoch FROM CAST(:measured_at AS timestamptz) - available_at) / 86400)::int AS days,
                (extract(year FROM lapses) * 12 + extract(month FROM lapses))::int AS last_month,
                (extract(year FROM today) * 12 + extract(month FROM today))::int AS this_month
            FROM (
                SELECT ends_at AT TIME ZONE 'UTC' AS lapses,
                    CAST(:measured_at AS timestamptz) AT TIME ZONE 'UTC' AS today
            ) AS calendar
        ) AS reckoned
    ) AS told
    GROUP BY age, month
    UNION ALL
    -- What is free makes up for what an account is below zero first; only the rest can lapse.
    SELECT 'lapsed', NULL, NULL,
        coalesce(sum(greatest(lapsed.units - greatest(whole.units - balance, 0), 0)), 0)::bigint
    FROM lapsed
    JOIN balances USING (member_id)
    JOIN (SELECT member_id, sum(units) AS units FROM standing GROUP BY member_id) AS whole USING (member_id)
""")  # noqa: S608 - a constant

_REDEEMED_OF_ISSUED = sa.text("""
    WITH issued AS (
        SELECT DISTINCT lot_movements.member_id, lot_movements.lot_id
        FROM entries
        JOIN lot_movements ON lot_movements.member_id = entries.member_id AND lot_movements.wallet = entries.wallet
            AND lot_movements.entry_version = entries.version
        WHERE entries.program_id = :program_id AND entries.wallet = :wallet AND entries.kind = 'earn'
            AND entries.recorded_at >= :start AND entries.recorded_at < :end AND lot_movements.units > 0
    )
    SELECT coalesce((
        SELECT sum(hold_parts.captured)
        FROM issued
        JOIN hold_parts USING (member_id, lot_id)
        JOIN holds USING (member_id, hold_id)
        WHERE state = 'captured' AND ended_at < :end
    ), 0) - coalesce((
        SELECT sum(lot_movements.units)
        FROM issued
        JOIN lot_movements USING (member_id, lot_id)
        JOIN entries ON entries.member_id = lot_movements.member_id AND entries.wallet = lot_movements.wallet
            AND entries.version = lot_movements.entry_version
        WHERE entries.kind = 'reversal' AND entries.recorded_at < :end AND lot_movements.units > 0
    ), 0)
""")


def _program(program_id: UUID, wallet: str) -> dict[str, Any]:
    return {"program_id": program_id, "wallet": wallet}


def _account(key: AccountKey) -> dict[str, UUID | str]:
    return {"program_id": key.program_id, "member_id": key.member_id, "wallet": key.wallet}


def _bounds(period: Period) -> dict[str, datetime]:
    return {"start": period.start, "end": period.end}
