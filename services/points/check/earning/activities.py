"""The checker's questions about activities: what was told of them is what the ledger holds and what limits counted."""

from __future__ import annotations

from services.points.check.earning.limits import differing_from_what_moved

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "activity_earned",
        "the entries of the activity do not give what it says",
        """
        SELECT activity_id
        FROM activities
        LEFT JOIN (
            SELECT activity_id, sum(amount) AS given
            FROM entries WHERE kind = 'earn' AND activity_id IS NOT NULL GROUP BY activity_id
        ) AS fold USING (activity_id)
        WHERE points_earned <> coalesce(given, 0)
        """,
    ),
    (
        "activity_earned",
        "the entry is of an activity that is not there, or is another member's",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM entries
        WHERE activity_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM activities
            WHERE activities.activity_id = entries.activity_id AND activities.member_id = entries.member_id
        )
        """,
    ),
    (
        "earned_by_one",
        "the entry was earned by neither a purchase nor an activity, or by both",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM entries
        WHERE kind = 'earn' AND num_nonnulls(purchase_id, activity_id) <> 1
        """,
    ),
    (
        "earned_by_one",
        "what the entry brought did not come into a lot of the same purchase or activity",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM entries
        WHERE kind = 'earn' AND activity_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM lot_movements JOIN lots USING (member_id, wallet, lot_id)
            WHERE lot_movements.member_id = entries.member_id AND lot_movements.wallet = entries.wallet
                AND entry_version = entries.version AND lots.activity_id = entries.activity_id
                AND lots.purchase_id IS NULL AND lots.units = entries.amount
        )
        """,
    ),
    (
        "earner_told_once",
        "another earning than the first tells whom the rules saw",
        """
        SELECT told
        FROM (
            SELECT purchase_id AS told, earnings FROM purchases
            UNION ALL SELECT purchase_id, earnings FROM purchase_claims
            UNION ALL SELECT activity_id, earnings FROM activities
        ) AS earned
        WHERE jsonb_path_exists(earnings, '$[1 to last].explanation.member_segments[*]')
            OR jsonb_path_exists(earnings, '$[1 to last].explanation.member_attributes.*')
        """,
    ),
    (
        "activity_once",
        "the member has enrolled, or had a birthday in the same year, before",
        """
        SELECT concat_ws('/', member_id, kind)
        FROM activities
        WHERE kind IN ('enrolment', 'birthday')
        GROUP BY program_id, member_id, kind,
            CASE kind WHEN 'birthday'
                THEN coalesce(local_year, extract(year FROM occurred_at AT TIME ZONE 'UTC')) END
        HAVING count(*) > 1
        """,
    ),
    (
        "activity_waits",
        "the activity that waits to be recorded is of nobody whom `members` has told of",
        """
        SELECT concat_ws('/', member_id, kind)
        FROM pending_activities
        WHERE NOT EXISTS (
            SELECT FROM standings
            WHERE standings.member_id = pending_activities.member_id
                AND standings.program_id = pending_activities.program_id
        )
        """,
    ),
    (
        "limit_counted",
        "what the activity moved of a limit is not what it earned",
        f"""
        SELECT DISTINCT activity_id
        FROM (
            SELECT activity_id, earning->>'rule_id' AS rule_id, usage->'limit'->>'scope' AS scope,
                usage->'limit'->>'span' AS span, usage->'limit'->>'unit' AS unit, usage->>'starts_on' AS starts_on,
                CASE WHEN usage->'limit'->>'scope' IN ('member', 'member_and_cashier') THEN member_id
                    ELSE program_id END AS owner_id,
                CASE usage->'limit'->>'scope' WHEN 'member_and_cashier' THEN cashier_id
                    WHEN 'store' THEN store_id ELSE '' END AS one,
                CASE usage->'limit'->>'unit' WHEN 'purchases' THEN 1 ELSE (earning->>'points')::bigint END AS said
            FROM activities
            CROSS JOIN LATERAL jsonb_array_elements(earnings) AS earning
            CROSS JOIN LATERAL jsonb_array_elements(earning->'explanation'->'limits') AS usage
            WHERE (earning->>'points')::bigint > 0
        ) AS expected
        {differing_from_what_moved("activity_id")}
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
)
