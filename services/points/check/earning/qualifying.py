"""Questions about qualifying units: what counts is what earnings say, less what returns took of them."""

from __future__ import annotations

# Those earnings of purchases as they stand, claimed or not, that qualify.
_EARNINGS = """
                FROM purchases
                LEFT JOIN purchase_claims AS claims USING (purchase_id)
                CROSS JOIN LATERAL jsonb_to_recordset(coalesce(claims.earnings, purchases.earnings))
                    AS earning (rule_id uuid, wallet text, points bigint, qualifying boolean)
                WHERE qualifying AND points > 0
"""

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "qualifying_counted",
        "what counts of the earning is not what it gave when the purchase occurred",
        f"""
        SELECT concat_ws('/', member_id, purchase_id, rule_id)
        FROM (
            SELECT member_id, purchase_id, rule_id, program_id, wallet, occurred_at, sum(units)::bigint AS units
            FROM qualifying_movements WHERE return_id IS NULL AND purchase_id IS NOT NULL
            GROUP BY member_id, purchase_id, rule_id, program_id, wallet, occurred_at
        ) AS counted
        FULL JOIN (
            SELECT coalesce(claims.member_id, purchases.member_id) AS member_id, purchase_id,
                rule_id, program_id, wallet, occurred_at, points AS units
            {_EARNINGS}
        ) AS earned USING (member_id, purchase_id, rule_id)
        WHERE (counted.program_id, counted.wallet, counted.occurred_at, counted.units)
            IS DISTINCT FROM (earned.program_id, earned.wallet, earned.occurred_at, earned.units)
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
    (
        "qualifying_counted",
        "what no longer counts of the earning is not what the return took of it",
        f"""
        SELECT concat_ws('/', member_id, return_id, rule_id)
        FROM (
            SELECT member_id, return_id, rule_id, purchase_id, program_id, wallet, occurred_at,
                -sum(units)::bigint AS units
            FROM qualifying_movements WHERE return_id IS NOT NULL
            GROUP BY member_id, return_id, rule_id, purchase_id, program_id, wallet, occurred_at
        ) AS counted
        FULL JOIN (
            SELECT back.member_id, return_id, rule_id, purchase_id, program_id, wallet, occurred_at,
                (taken_by_rule->>rule_id::text)::bigint AS units
            FROM (
                SELECT return_id, purchase_id, member_id, taken_by_rule FROM returns WHERE purchase_id IS NOT NULL
                UNION ALL
                SELECT return_id, purchase_id, member_id, taken_by_rule FROM return_matches
            ) AS back
            JOIN (
                SELECT purchase_id, rule_id, program_id, wallet, occurred_at
                {_EARNINGS}
            ) AS earned USING (purchase_id)
            WHERE (taken_by_rule->>rule_id::text)::bigint > 0
            UNION ALL
            SELECT returns.member_id, return_id, rule_id, within_purchase_id, returns.program_id, wallet,
                purchases.occurred_at, points
            FROM returns JOIN purchases ON purchases.purchase_id = within_purchase_id
            CROSS JOIN LATERAL jsonb_to_recordset(valued)
                AS earning (rule_id uuid, wallet text, points bigint, qualifying boolean)
            WHERE qualifying AND points > 0
        ) AS taken USING (member_id, return_id, rule_id)
        WHERE (counted.purchase_id, counted.program_id, counted.wallet, counted.occurred_at, counted.units)
            IS DISTINCT FROM (taken.purchase_id, taken.program_id, taken.wallet, taken.occurred_at, taken.units)
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
    (
        "qualifying_counted",
        "what counts of the adjustment by hand is not what it gave or took",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM (
            SELECT member_id, wallet, entry_version AS version, program_id, occurred_at, sum(units)::bigint AS units
            FROM qualifying_movements WHERE entry_version IS NOT NULL
            GROUP BY member_id, wallet, entry_version, program_id, occurred_at
        ) AS counted
        FULL JOIN (
            SELECT member_id, wallet, version, program_id, occurred_at, amount AS units FROM entries WHERE qualifying
        ) AS adjusted USING (member_id, wallet, version)
        WHERE (counted.program_id, counted.occurred_at, counted.units)
            IS DISTINCT FROM (adjusted.program_id, adjusted.occurred_at, adjusted.units)
        """,
    ),
    (
        "qualifying_counted",
        "what counts of what the rule gave for the activity is not that",
        """
        SELECT concat_ws('/', member_id, activity_id, rule_id)
        FROM (
            SELECT member_id, activity_id, rule_id, program_id, wallet, occurred_at, sum(units)::bigint AS units
            FROM qualifying_movements WHERE activity_id IS NOT NULL
            GROUP BY member_id, activity_id, rule_id, program_id, wallet, occurred_at
        ) AS counted
        FULL JOIN (
            SELECT member_id, activity_id, rule_id, program_id, wallet, occurred_at, points AS units
            FROM activities
            CROSS JOIN LATERAL jsonb_to_recordset(earnings)
                AS earning (rule_id uuid, wallet text, points bigint, qualifying boolean)
            WHERE qualifying AND points > 0
        ) AS earned USING (member_id, activity_id, rule_id)
        WHERE (counted.program_id, counted.wallet, counted.occurred_at, counted.units)
            IS DISTINCT FROM (earned.program_id, earned.wallet, earned.occurred_at, earned.units)
        """,
    ),
    (
        "qualifying_not_negative",
        "less than nothing counts of what the rule gave for the purchase",
        """
        SELECT concat_ws('/', member_id, purchase_id, rule_id)
        FROM qualifying_movements
        WHERE purchase_id IS NOT NULL AND NOT EXISTS (
            -- Goods of no known purchase: what they would earn no longer counts, and it is not known what had.
            SELECT FROM returns WHERE returns.return_id = qualifying_movements.return_id AND valued IS NOT NULL
        )
        GROUP BY member_id, purchase_id, rule_id
        HAVING sum(units) < 0
        """,
    ),
)
