"""Questions about what was taken and what could not be: points owed, lapsed and forgiven, and what returns say of them.

Of what a return is due, that much is forgiven which had lapsed, that much its entries take, and the rest is owed:

    owed = what returns were due − what their entries took − what was forgiven − what was recovered since
"""

from __future__ import annotations

# What returns were due of each account, where they say by which rule: all since that was written down.
_DUE = """
    SELECT member_id, wallet, sum(due) AS due
    FROM (
        SELECT coalesce(claims.member_id, purchases.member_id) AS member_id, earning.wallet,
            CAST(taken_by_rule->>CAST(earning.rule_id AS text) AS bigint) AS due
        FROM (
            SELECT purchase_id, taken_by_rule FROM returns WHERE purchase_id IS NOT NULL
            UNION ALL
            SELECT purchase_id, taken_by_rule FROM return_matches
        ) AS back
        JOIN purchases USING (purchase_id)
        LEFT JOIN purchase_claims AS claims USING (purchase_id)
        CROSS JOIN LATERAL jsonb_to_recordset(coalesce(claims.earnings, purchases.earnings))
            AS earning (rule_id uuid, wallet text)
    ) AS dues
    GROUP BY member_id, wallet
"""

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "owed_folds",
        "the account does not owe what returns were due, less what was taken, forgiven and recovered",
        f"""
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        LEFT JOIN ({_DUE}) AS due USING (member_id, wallet)
        LEFT JOIN (
            SELECT member_id, wallet, -sum(amount) AS taken
            FROM entries WHERE kind IN ('return', 'recovery') GROUP BY member_id, wallet
        ) AS taken USING (member_id, wallet)
        LEFT JOIN (
            SELECT member_id, wallet, sum(forgiven) AS forgiven FROM lots WHERE forgiven > 0 GROUP BY member_id, wallet
        ) AS forgiven USING (member_id, wallet)
        WHERE owed <> coalesce(due, 0) - coalesce(taken, 0) - coalesce(forgiven, 0)
            AND NOT EXISTS (
                SELECT FROM returns WHERE returns.member_id = accounts.member_id
                    AND (taken_by_rule IS NULL OR valued IS NOT NULL)
            )
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
    (
        "return_told",
        "the return's points are not those that it says it took by rule",
        """
        SELECT return_id
        FROM (
            SELECT return_id, points_returned, taken_by_rule FROM returns
            UNION ALL
            SELECT return_id, points_returned, taken_by_rule FROM return_matches
        ) AS back
        WHERE taken_by_rule IS NOT NULL AND points_returned <> (
            SELECT coalesce(sum(CAST(value AS bigint)), 0) FROM jsonb_each_text(taken_by_rule)
        )
        """,
    ),
    (
        "return_told",
        "the return is in another currency than its purchase, or of another member or program",
        """
        SELECT return_id
        FROM returns
        JOIN purchases USING (purchase_id)
        LEFT JOIN purchase_claims AS claims USING (purchase_id)
        WHERE (returns.currency, returns.program_id) <> (purchases.currency, purchases.program_id)
            OR returns.points_returned > 0
                AND returns.member_id IS DISTINCT FROM coalesce(claims.member_id, purchases.member_id)
        UNION ALL
        SELECT return_id
        FROM return_matches
        JOIN purchases USING (purchase_id)
        LEFT JOIN purchase_claims AS claims USING (purchase_id)
        WHERE points_returned > 0
            AND return_matches.member_id IS DISTINCT FROM coalesce(claims.member_id, purchases.member_id)
        """,
    ),
    (
        "return_told",
        "the return's entries are another member's, or of another time, or it is not there",
        """
        SELECT return_id
        FROM entries
        LEFT JOIN returns USING (return_id)
        LEFT JOIN return_matches AS matches USING (return_id)
        WHERE kind = 'return' AND (
            entries.member_id IS DISTINCT FROM coalesce(matches.member_id, returns.member_id)
            OR entries.recorded_at IS DISTINCT FROM coalesce(matches.matched_at, returns.recorded_at)
        )
        """,
    ),
    (
        "return_told",
        "the member owes, or has made up for, more than returns say was missing",
        """
        SELECT member_id
        FROM (
            SELECT member_id, sum(units) AS units
            FROM (
                SELECT member_id, owed AS units FROM accounts WHERE owed > 0
                UNION ALL
                SELECT member_id, -amount FROM entries WHERE kind = 'recovery'
            ) AS missed
            GROUP BY member_id
        ) AS missing
        LEFT JOIN (
            SELECT member_id, sum(shortfall) AS said
            FROM (
                SELECT member_id, shortfall FROM returns
                UNION ALL
                SELECT member_id, shortfall FROM return_matches
            ) AS back
            GROUP BY member_id
        ) AS told USING (member_id)
        WHERE units > coalesce(said, 0)
        """,
    ),
    (
        "lots_lapsed",
        "what lapsed of the lot is not what its expiries took",
        """
        SELECT concat_ws('/', member_id, lot_id)
        FROM lots
        LEFT JOIN (
            SELECT lot_movements.member_id, lot_id, -sum(units) AS expired
            FROM lot_movements
            JOIN entries ON entries.member_id = lot_movements.member_id AND entries.wallet = lot_movements.wallet
                AND version = entry_version
            WHERE kind = 'expiry'
            GROUP BY lot_movements.member_id, lot_id
        ) AS gone USING (member_id, lot_id)
        WHERE lapsed <> coalesce(expired, 0)
        """,
    ),
)
