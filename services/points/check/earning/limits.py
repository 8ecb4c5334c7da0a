"""The checker's questions about limits of rules: counters, what moved them, and what they allow."""

from __future__ import annotations


def differing_from_what_moved(cause: str) -> str:
    """The end of a question that begins with what limits were `expected` to count, by the column of their cause."""
    return f"""
        FULL JOIN (
            SELECT {cause}, rule_id::text, scope, span, unit, starts_on::text, owner_id, one, sum(units) AS moved
            FROM (
                SELECT {cause}, rule_id, scope, span, unit, starts_on, member_id AS owner_id,
                    cashier_id AS one, units
                FROM cap_movements JOIN cap_counters USING (member_id, counter_id)
                WHERE {cause} IS NOT NULL
                UNION ALL
                SELECT {cause}, rule_id, scope, span, unit, starts_on, program_id, store_id, units
                FROM budget_movements JOIN budget_counters USING (program_id, counter_id)
                WHERE {cause} IS NOT NULL
            ) AS movements
            GROUP BY {cause}, rule_id, scope, span, unit, starts_on, owner_id, one
        ) AS counted
            USING ({cause}, rule_id, scope, span, unit, owner_id, one)
        WHERE coalesce(said, 0) <> coalesce(moved, 0) OR expected.starts_on IS DISTINCT FROM counted.starts_on
    """  # noqa: S608 - the name of a column, which no request reaches


QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "counter_folds",
        "what is used of the limit is not the sum of what moved it",
        """
        SELECT concat_ws('/', owner_id, counter_id)
        FROM (
            SELECT member_id AS owner_id, counter_id, used FROM cap_counters
            UNION ALL
            SELECT program_id, counter_id, used FROM budget_counters
        ) AS counters
        LEFT JOIN (
            SELECT member_id AS owner_id, counter_id, sum(units) AS total
            FROM cap_movements GROUP BY member_id, counter_id
            UNION ALL
            SELECT program_id, counter_id, sum(units) FROM budget_movements GROUP BY program_id, counter_id
        ) AS fold USING (owner_id, counter_id)
        WHERE used <> coalesce(total, 0)
        """,
    ),
    (
        "limit_counted",
        "what the purchase moved of a limit is not what is left of its earnings",
        f"""
        SELECT DISTINCT purchase_id
        FROM (
            SELECT purchase_id, earning->>'rule_id' AS rule_id, usage->'limit'->>'scope' AS scope,
                usage->'limit'->>'span' AS span, usage->'limit'->>'unit' AS unit, usage->>'starts_on' AS starts_on,
                CASE WHEN usage->'limit'->>'scope' IN ('member', 'member_and_cashier') THEN told.member_id
                    ELSE told.program_id END AS owner_id,
                CASE usage->'limit'->>'scope' WHEN 'member_and_cashier' THEN told.cashier_id
                    WHEN 'store' THEN told.store_id ELSE '' END AS one,
                CASE usage->'limit'->>'unit' WHEN 'purchases' THEN least(given.remaining, 1)
                    ELSE given.remaining END AS said
            FROM (
                SELECT purchase_id, program_id, store_id, sale->>'cashier_id' AS cashier_id,
                    coalesce(purchase_claims.member_id, purchases.member_id) AS member_id,
                    coalesce(purchase_claims.earnings, purchases.earnings) AS earnings
                FROM purchases LEFT JOIN purchase_claims USING (purchase_id)
            ) AS told
            CROSS JOIN LATERAL jsonb_array_elements(told.earnings) AS earning
            CROSS JOIN LATERAL (
                SELECT (earning->>'points')::bigint - coalesce(sum((taken_by_rule->>(earning->>'rule_id'))::bigint), 0)
                    AS remaining
                FROM (
                    SELECT purchase_id, taken_by_rule FROM returns
                    UNION ALL
                    SELECT purchase_id, taken_by_rule FROM return_matches
                ) AS taken
                WHERE taken.purchase_id = told.purchase_id
            ) AS given
            CROSS JOIN LATERAL jsonb_array_elements(earning->'explanation'->'limits') AS usage
            WHERE usage->'limit'->>'span' <> 'purchase' AND (earning->>'points')::bigint > 0
        ) AS expected
        {differing_from_what_moved("purchase_id")}
        """,  # noqa: S608 - a constant of this service, which no request reaches
    ),
    (
        "counter_within_limit",
        "more is used than any version of the rule allowed, or less than nothing",
        """
        SELECT concat_ws('/', owner_id, counter_id)
        FROM (
            SELECT member_id AS owner_id, program_id, counter_id, rule_id, scope, span, unit, used, allowed
            FROM cap_counters
            UNION ALL
            SELECT program_id, program_id, counter_id, rule_id, scope, span, unit, used, allowed FROM budget_counters
        ) AS counters
        LEFT JOIN (
            SELECT program_id, rule_id, said->>'scope' AS scope, said->>'span' AS span, said->>'unit' AS unit,
                max((said->>'at_most')::bigint) AS at_most
            FROM earning_rules, jsonb_array_elements(terms->'limits') AS said
            WHERE activated_at IS NOT NULL
            GROUP BY program_id, rule_id, said->>'scope', said->>'span', said->>'unit'
        ) AS limits USING (program_id, rule_id, scope, span, unit)
        WHERE used < 0 OR used > coalesce(at_most, 0) OR allowed > coalesce(at_most, 0)
        """,
    ),
)
