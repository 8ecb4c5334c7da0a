"""Questions about points that lapse when their owner has not been active."""

from __future__ import annotations

from services.points.storage.ledger.ends import ENDS_AT

# How far apart the clocks of two processes may be for one account, and the waits in their queues.
APART_S_MAX = 600

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "activity_noted",
        "the account was not last active when its entries say",
        """
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        LEFT JOIN (
            SELECT member_id, wallet, max(occurred_at) AS latest FROM entries WHERE counted GROUP BY member_id, wallet
        ) AS fold USING (member_id, wallet)
        WHERE active_at IS DISTINCT FROM latest
        """,
    ),
    (
        "lapsed_at_its_end",
        "the points did not lapse when and why their lot ended",
        """
        SELECT concat_ws('/', entries.member_id, entries.wallet, entries.version)
        FROM entries
        WHERE kind = 'expiry' AND NOT EXISTS (
            SELECT FROM lot_movements JOIN lots USING (member_id, wallet, lot_id)
            WHERE lot_movements.member_id = entries.member_id AND lot_movements.wallet = entries.wallet
                AND entry_version = entries.version AND lot_movements.units = amount AND expires_at = occurred_at
                AND lots.inactivity_days IS NOT DISTINCT FROM entries.inactivity_days
        )
        """,
    ),
    (
        "inactivity_ends",
        "the lot did not end so long after what activity there had been",
        # Activity that was recorded before the end had put it off; what came afterwards did not, unless the lot was
        # empty then and got something back.
        f"""
        SELECT concat_ws('/', lots.member_id, lots.lot_id)
        FROM lots, LATERAL (
            SELECT max(recorded_at) AS filled_at
            FROM lot_movements
            JOIN entries ON entries.member_id = lot_movements.member_id AND entries.wallet = lot_movements.wallet
                AND entries.version = lot_movements.entry_version
            WHERE lot_movements.member_id = lots.member_id AND lot_movements.lot_id = lots.lot_id AND units > 0
        ) AS filling, LATERAL (
            SELECT
                greatest(available_at, max(occurred_at) FILTER (
                    WHERE recorded_at < expires_at - interval '{APART_S_MAX} seconds'
                )) + lots.inactivity_days * interval '24 hours' AS at_the_earliest,
                greatest(available_at, max(occurred_at) FILTER (
                    WHERE recorded_at < greatest(expires_at, filled_at) + interval '{APART_S_MAX} seconds'
                )) + lots.inactivity_days * interval '24 hours' AS at_the_latest
            FROM entries
            WHERE entries.member_id = lots.member_id AND entries.wallet = lots.wallet AND counted
        ) AS activity
        WHERE lots.inactivity_days IS NOT NULL AND expires_at IS NOT NULL
            AND NOT expires_at BETWEEN at_the_earliest AND at_the_latest
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
    (
        "inactivity_ends",
        "activity came too late for the lot and yet revived it",
        f"""
        WITH breaks AS (
            SELECT *
            FROM (
                SELECT member_id, wallet, version, recorded_at,
                    max(occurred_at) OVER (
                        PARTITION BY member_id, wallet ORDER BY version ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW
                    ) AS active_before
                FROM entries WHERE counted
            ) AS walked
            JOIN (
                SELECT member_id, wallet, min(inactivity_days) AS days_min
                FROM lots WHERE inactivity_days IS NOT NULL GROUP BY member_id, wallet
            ) AS awaiting USING (member_id, wallet)
            WHERE recorded_at > coalesce(active_before, '-infinity') + days_min * interval '24 hours'
        )
        SELECT DISTINCT concat_ws('/', lots.member_id, lots.lot_id)
        FROM breaks
        JOIN lots USING (member_id, wallet), LATERAL (
            SELECT greatest(available_at, active_before) + lots.inactivity_days * interval '24 hours' AS ended_at
        ) AS due
        WHERE recorded_at > ended_at + interval '{APART_S_MAX} seconds' AND coalesce(expires_at, 'infinity') > ended_at
            AND 0 < (
                SELECT sum(units) FROM lot_movements
                WHERE lot_movements.member_id = lots.member_id AND lot_movements.lot_id = lots.lot_id
                    AND entry_version < breaks.version
            )
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
    (
        "inactivity_ends",
        "a lot of the account may end before anybody looks",
        f"""
        SELECT concat_ws('/', member_id, wallet)
        FROM lots JOIN accounts USING (member_id, wallet)
        WHERE inactivity_days IS NOT NULL AND expires_at IS NULL AND remaining > 0
        GROUP BY member_id, wallet, inactivity_due_at
        HAVING inactivity_due_at IS NULL OR min({ENDS_AT}) < inactivity_due_at
        """,  # noqa: S608 - constants of this service, which no request reaches
    ),
)
