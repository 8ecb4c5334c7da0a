"""Questions whether rows have the identity that is made of what they say, and say what their documents say."""

from __future__ import annotations


def derived_id(*parts: str) -> str:
    """The SQL of what `kit.ids.derived_id` makes of the same texts."""
    told = " || ".join(
        f"int4send(octet_length(convert_to({part}, 'UTF8'))) || convert_to({part}, 'UTF8')" for part in parts
    )
    digest = f"substring(sha256({told}) FOR 16)"
    version = f"set_byte({digest}, 6, get_byte({digest}, 6) & 15 | 128)"
    return f"CAST(encode(set_byte({version}, 8, get_byte({digest}, 8) & 63 | 128), 'hex') AS uuid)"


_RECEIPT = ("source", "store_id", "terminal_id", "CAST(business_day AS text)", "receipt_number")
_ORIGINAL = tuple(part.replace("(b", "(original_b") if "(" in part else f"original_{part}" for part in _RECEIPT)
_CAUSE = "CAST(coalesce(return_id, purchase_id, activity_id) AS text)"
_COUNTER_ID = derived_id(
    "'counter'",
    "CAST(program_id AS text)",
    "CAST(rule_id AS text)",
    "scope",
    "one",
    "span",
    "unit",
    "coalesce(CAST(starts_on AS text), '')",
)

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "receipt_identifies",
        "the purchase or the return has not the id that its program and receipt make",
        f"""
        SELECT purchase_id FROM purchases
        WHERE purchase_id <> {derived_id("'purchase'", "CAST(program_id AS text)", *_RECEIPT)}
        UNION ALL
        SELECT return_id FROM returns
        WHERE within_purchase_id IS NULL
            AND return_id <> {derived_id("'return'", "CAST(program_id AS text)", *_RECEIPT)}
        """,  # noqa: S608 - constants of this service, which no request reaches
    ),
    (
        "receipt_identifies",
        "the return names another receipt of its purchase than the purchase has",
        f"""
        SELECT return_id
        FROM returns
        WHERE within_purchase_id IS NULL
            AND coalesce(purchase_id, awaited_purchase_id)
            IS DISTINCT FROM CASE WHEN original_source IS NOT NULL
            THEN {derived_id("'purchase'", "CAST(program_id AS text)", *_ORIGINAL)} END
            -- Of before returns waited: one whose purchase came later stayed unmatched.
            AND NOT (purchase_id IS NULL AND awaited_purchase_id IS NULL AND EXISTS (
                SELECT FROM purchases
                WHERE purchases.purchase_id =
                    {derived_id("'purchase'", "CAST(returns.program_id AS text)", *_ORIGINAL)}
            ))
        """,  # noqa: S608 - constants of this service, which no request reaches
    ),
    (
        "sale_told",
        "the purchase says something else than the sale that it keeps",
        """
        SELECT purchase_id
        FROM purchases
        CROSS JOIN LATERAL jsonb_to_record(sale->'receipt') AS receipt
            (source text, store_id text, terminal_id text, business_day date, receipt_number text)
        WHERE (purchases.source, purchases.store_id, purchases.terminal_id, purchases.business_day,
               purchases.receipt_number, occurred_at, currency)
            IS DISTINCT FROM (receipt.source, receipt.store_id, receipt.terminal_id, receipt.business_day,
                receipt.receipt_number, CAST(sale->>'occurred_at' AS timestamptz), sale->>'currency')
            OR total_minor <> (
                SELECT sum(CAST(line->>'amount_minor' AS bigint)) FROM jsonb_array_elements(sale->'lines') AS line
            )
        """,
    ),
    (
        "earnings_told",
        "the points of the purchase, its claim or the activity are not those of its earnings",
        """
        SELECT told
        FROM (
            SELECT purchase_id AS told, points_earned, earnings FROM purchases
            UNION ALL SELECT purchase_id, points_earned, earnings FROM purchase_claims
            UNION ALL SELECT activity_id, points_earned, earnings FROM activities
        ) AS earned
        WHERE points_earned <> (
            SELECT coalesce(sum(CAST(earning->>'points' AS bigint)), 0) FROM jsonb_array_elements(earnings) AS earning
        )
        """,
    ),
    (
        "counter_identifies",
        "the counter has not the id that its rule, limit and window make",
        f"""
        SELECT concat_ws('/', owner_id, counter_id)
        FROM (
            SELECT member_id AS owner_id, counter_id, program_id, rule_id, scope, cashier_id AS one, span, unit,
                starts_on FROM cap_counters
            UNION ALL
            SELECT program_id, counter_id, program_id, rule_id, scope, store_id, span, unit, starts_on
            FROM budget_counters
        ) AS counters
        WHERE counter_id <> {_COUNTER_ID}
        """,  # noqa: S608 - constants of this service, which no request reaches
    ),
    (
        "movement_identifies",
        "what counts towards tiers has not the id that its cause makes",
        f"""
        SELECT concat_ws('/', member_id, movement_id)
        FROM qualifying_movements
        WHERE movement_id <> CASE WHEN entry_version IS NULL
            THEN {derived_id("'qualifying'", _CAUSE, "CAST(rule_id AS text)")}
            ELSE {derived_id("'qualifying'", "wallet", "CAST(entry_version AS text)")} END
        """,  # noqa: S608 - constants of this service, which no request reaches
    ),
)
