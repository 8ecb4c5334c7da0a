"""Questions about what came in: each lot is one credit, on the terms of what gave it, to the member that earned it."""

from __future__ import annotations

# Of a member's purchase or of an activity: what its entry must say.
_EARNED = """
    SELECT purchases.purchase_id AS told, coalesce(claims.member_id, purchases.member_id) AS member_id, program_id,
        occurred_at, coalesce(claims.claimed_at, purchases.recorded_at) AS recorded_at,
        coalesce(claims.earnings, purchases.earnings) AS earnings
    FROM purchases LEFT JOIN purchase_claims AS claims USING (purchase_id)
    UNION ALL
    SELECT activity_id, member_id, program_id, occurred_at, recorded_at, earnings FROM activities
"""

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "rule_told",
        "earnings say something else of the rule's version than it says, or there is none",
        """
        SELECT concat_ws('/', given.program_id, given.rule_id, given.version)
        FROM (
            SELECT DISTINCT program_id, earning.rule_id, earning.rule_version AS version, earning.rule_name,
                earning.wallet, coalesce(earning.qualifying, false) AS qualifying,
                coalesce(explanation->>'effect', 'per_amount') AS effect,
                CAST(explanation->>'per_amount_minor' AS bigint) AS per_amount_minor
            FROM (
                SELECT program_id, earnings FROM purchases
                UNION ALL
                SELECT program_id, purchase_claims.earnings FROM purchase_claims JOIN purchases USING (purchase_id)
                UNION ALL
                SELECT program_id, earnings FROM activities
            ) AS told
            CROSS JOIN LATERAL jsonb_to_recordset(earnings) AS earning
                (rule_id uuid, rule_version bigint, rule_name text, wallet text, qualifying boolean, explanation jsonb)
        ) AS given
        LEFT JOIN earning_rules AS rules USING (program_id, rule_id, version)
        WHERE (rules.name, terms->>'name', terms->>'wallet', coalesce(CAST(terms->>'qualifying' AS boolean), false),
               coalesce(terms->>'effect', 'per_amount'), CAST(terms->>'per_amount_minor' AS bigint))
            IS DISTINCT FROM (rule_name, rule_name, given.wallet, given.qualifying, given.effect,
                given.per_amount_minor)
        """,
    ),
    (
        "lot_credited",
        "the lot is not one credit, of its amount and on the terms of what gave it",
        # The entry that brought a lot is the first that moved it.
        """
        SELECT concat_ws('/', lots.member_id, lots.lot_id)
        FROM lots
        LEFT JOIN (
            SELECT DISTINCT ON (member_id, wallet, lot_id) member_id, wallet, lot_id, entry_version, units AS credited
            FROM lot_movements ORDER BY member_id, wallet, lot_id, entry_version, units DESC
        ) AS first USING (member_id, wallet, lot_id)
        LEFT JOIN entries ON entries.member_id = lots.member_id AND entries.wallet = lots.wallet
            AND version = entry_version
        LEFT JOIN adjustments
            ON adjustments.member_id = lots.member_id AND adjustments.adjustment_id = entries.adjustment_id
        WHERE credited IS DISTINCT FROM lots.units
            OR (lots.program_id, lots.purchase_id, lots.activity_id)
                IS DISTINCT FROM (entries.program_id, entries.purchase_id, entries.activity_id)
            OR CASE kind
                WHEN 'earn' THEN entries.amount <> lots.units
                    OR (rule_id, available_at, lots.inactivity_days) IS DISTINCT FROM (
                        CAST(earning->>'rule_id' AS uuid), CAST(earning->>'available_at' AS timestamptz),
                        CAST(earning->>'inactivity_days' AS integer))
                    OR CASE WHEN lots.inactivity_days IS NULL
                        THEN lots.expires_at IS DISTINCT FROM CAST(earning->>'expires_at' AS timestamptz)
                        ELSE false END
                WHEN 'adjustment' THEN (entries.amount, available_at) IS DISTINCT FROM (lots.units, entries.recorded_at)
                    OR rule_id IS NOT NULL OR lots.inactivity_days IS NOT NULL
                    OR adjustments.adjustment_id IS NOT NULL AND lots.expires_at IS DISTINCT FROM
                        entries.recorded_at + nullif(adjustments.expiry_days, 0) * interval '24 hours'
                WHEN 'transfer_in' THEN rule_id IS NOT NULL
                ELSE true END
        """,
    ),
    (
        "lot_credited",
        "the lot of transferred points has other terms than those that they were sent with",
        """
        SELECT concat_ws('/', member_id, lot_id)
        FROM (
            SELECT lots.*, entries.transfer_id
            FROM lots
            JOIN lot_movements AS moved USING (member_id, wallet, lot_id)
            JOIN entries USING (member_id, wallet)
            WHERE entries.version = entry_version AND kind = 'transfer_in' AND moved.units > 0
        ) AS got
        WHERE NOT EXISTS (
            SELECT
            FROM transfers
            CROSS JOIN LATERAL jsonb_to_recordset(parts) AS part
                (units bigint, available_at timestamptz, expires_at timestamptz, inactivity_days integer)
            WHERE transfers.transfer_id = got.transfer_id AND recipient_id = got.member_id
                AND (part.units, part.available_at, part.inactivity_days)
                    IS NOT DISTINCT FROM (got.units, got.available_at, got.inactivity_days)
                AND (got.inactivity_days IS NOT NULL OR part.expires_at IS NOT DISTINCT FROM got.expires_at)
        )
        """,
    ),
    (
        "credited_as_earned",
        "the entry is not what the purchase or the activity says that its member earned",
        f"""
        SELECT concat_ws('/', entries.member_id, entries.wallet, entries.version)
        FROM entries
        LEFT JOIN ({_EARNED}) AS earned
            ON told = coalesce(entries.purchase_id, entries.activity_id) AND earned.member_id = entries.member_id
        WHERE kind = 'earn' AND (
            (earned.program_id, earned.occurred_at, earned.recorded_at)
                IS DISTINCT FROM (entries.program_id, entries.occurred_at, entries.recorded_at)
            OR NOT earnings @> jsonb_build_array(earning)
            OR (entries.wallet, entries.amount)
                IS DISTINCT FROM (earning->>'wallet', CAST(earning->>'points' AS bigint))
        )
        """,  # noqa: S608 - constants of this service, which no request reaches
    ),
    (
        "credited_as_earned",
        "the purchase or the activity was answered with another member's account",
        """
        SELECT told
        FROM (
            SELECT purchase_id AS told, member_id, account_after FROM purchases
            UNION ALL SELECT activity_id, member_id, account_after FROM activities
        ) AS answered
        WHERE member_id IS DISTINCT FROM CAST(account_after->>'member_id' AS uuid)
        """,
    ),
)
