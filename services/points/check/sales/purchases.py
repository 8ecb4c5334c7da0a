"""Questions about purchases and returns: what was told of them is what the ledger holds."""

from __future__ import annotations

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "purchase_earned",
        "the entries of the purchase do not give what it says",
        """
        SELECT purchase_id
        FROM (
            SELECT purchase_id, purchases.points_earned + coalesce(purchase_claims.points_earned, 0) AS said
            FROM purchases LEFT JOIN purchase_claims USING (purchase_id)
        ) AS told
        LEFT JOIN (
            SELECT purchase_id, sum(amount) AS given FROM entries WHERE kind = 'earn' GROUP BY purchase_id
        ) AS fold USING (purchase_id)
        WHERE said <> coalesce(given, 0)
        """,
    ),
    (
        "purchase_earned",
        "the entries of the return take more than it says",
        """
        SELECT return_id
        FROM returns
        LEFT JOIN (
            SELECT return_id, -sum(amount) AS taken FROM entries WHERE kind = 'return' GROUP BY return_id
        ) AS fold USING (return_id)
        LEFT JOIN return_matches USING (return_id)
        WHERE coalesce(taken, 0) > returns.points_returned + coalesce(return_matches.points_returned, 0)
        """,
    ),
    (
        "goods_taken_back",
        "what was taken back for the goods is not what the rules would have given for them",
        """
        SELECT return_id
        FROM returns
        LEFT JOIN (
            SELECT return_id, sum(points) AS points, jsonb_object_agg(rule_id, points) AS by_rule
            FROM returns CROSS JOIN LATERAL jsonb_to_recordset(valued) AS earning (rule_id uuid, points bigint)
            WHERE points > 0
            GROUP BY return_id
        ) AS worth USING (return_id)
        WHERE within_purchase_id IS NOT NULL AND purchase_id IS NULL AND awaited_purchase_id IS NULL
            AND (points_returned, taken_by_rule) IS DISTINCT FROM (coalesce(points, 0), coalesce(by_rule, '{}'))
        """,
    ),
    (
        "goods_taken_back",
        "the member's sale takes goods back, and nothing says what became of them",
        """
        SELECT purchases.purchase_id
        FROM purchases LEFT JOIN purchase_claims AS claims USING (purchase_id)
        WHERE coalesce(claims.earnings, purchases.earnings)
                @? '$[*].explanation.lines[*] ? (@.verdict == "taken_back")'
            AND NOT EXISTS (SELECT FROM returns WHERE within_purchase_id = purchases.purchase_id)
        """,
    ),
    (
        "goods_taken_back",
        "the receipt says where the goods were bought, and nothing was taken back of that purchase",
        """
        SELECT concat_ws('/', purchases.purchase_id, line->>'line_id')
        FROM purchases CROSS JOIN LATERAL jsonb_array_elements(sale->'lines') AS line
        WHERE jsonb_typeof(line->'original') = 'object' AND NOT EXISTS (
            SELECT FROM returns
            WHERE within_purchase_id = purchases.purchase_id
                AND original_source = line->'original'->'receipt'->>'source'
                AND original_store_id = line->'original'->'receipt'->>'store_id'
                AND original_terminal_id = line->'original'->'receipt'->>'terminal_id'
                AND original_business_day::text = line->'original'->'receipt'->>'business_day'
                AND original_receipt_number = line->'original'->'receipt'->>'receipt_number'
        )
        """,
    ),
    (
        "goods_taken_back",
        "more goods came back on the receipt of the sale than it takes back",
        """
        SELECT within_purchase_id
        FROM (
            SELECT within_purchase_id, sum((line->>'quantity_milli')::bigint) AS back
            FROM returns CROSS JOIN LATERAL jsonb_array_elements(lines) AS line
            WHERE within_purchase_id IS NOT NULL
            GROUP BY within_purchase_id
        ) AS told
        JOIN purchases ON purchases.purchase_id = within_purchase_id
        WHERE back > (
            SELECT coalesce(-sum(least((line->>'quantity_milli')::bigint, 0)), 0)
            FROM jsonb_array_elements(sale->'lines') AS line
        )
        """,
    ),
    (
        "return_refunded",
        "what the return gave back to the member is not what entries gave back",
        """
        SELECT return_id
        FROM returns
        LEFT JOIN (
            SELECT returns.return_id, sum((refund->>'points')::bigint) AS told, sum(amount) AS given
            FROM returns
            CROSS JOIN LATERAL jsonb_array_elements(refunds) AS refund
            LEFT JOIN entries ON entries.member_id = returns.member_id AND wallet = refund->>'wallet'
                AND version = (refund->>'version')::bigint AND kind = 'reversal'
                AND hold_id = (refund->>'hold_id')::uuid AND amount = (refund->>'points')::bigint
            GROUP BY returns.return_id
        ) AS fold USING (return_id)
        WHERE points_restored <> coalesce(told, 0) OR points_restored <> coalesce(given, 0)
        """,
    ),
    (
        "return_refunded",
        "more than one return says that it gave back what the entry did",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM (
            SELECT member_id, refund->>'wallet' AS wallet, refund->>'version' AS version
            FROM returns CROSS JOIN LATERAL jsonb_array_elements(refunds) AS refund
        ) AS refunds
        GROUP BY member_id, wallet, version
        HAVING count(*) > 1
        """,
    ),
    (
        "return_within_purchase",
        "more of the line has come back than was bought",
        """
        SELECT concat_ws('/', purchase_id, line_id)
        FROM (
            SELECT purchase_id, line->>'line_id' AS line_id, sum((line->>'quantity_milli')::bigint) AS back
            FROM (
                SELECT purchase_id, lines FROM returns WHERE purchase_id IS NOT NULL
                UNION ALL
                SELECT return_matches.purchase_id, lines FROM return_matches JOIN returns USING (return_id)
                WHERE misfit IS NULL
            ) AS told, jsonb_array_elements(lines) AS line
            GROUP BY purchase_id, line->>'line_id'
        ) AS returned
        JOIN purchases USING (purchase_id)
        WHERE back > coalesce((
            SELECT (line->>'quantity_milli')::bigint FROM jsonb_array_elements(sale->'lines') AS line
            WHERE line->>'line_id' = returned.line_id
        ), 0)
        """,
    ),
    (
        "return_meets_purchase",
        "the return waits for a purchase that is recorded",
        """
        SELECT return_id
        FROM returns
        JOIN purchases ON purchases.purchase_id = awaited_purchase_id
        WHERE NOT EXISTS (
            SELECT FROM return_matches
            WHERE return_matches.return_id = returns.return_id
                AND return_matches.purchase_id = awaited_purchase_id
        )
        """,
    ),
    (
        "return_meets_purchase",
        "the return is matched with a purchase that it did not wait for",
        """
        SELECT return_id
        FROM return_matches
        JOIN returns USING (return_id)
        WHERE awaited_purchase_id IS DISTINCT FROM return_matches.purchase_id
        """,
    ),
    (
        "return_meets_purchase",
        "nobody holds the slot of the purchase that the return waits for",
        """
        SELECT return_id
        FROM returns
        WHERE awaited_purchase_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM purchase_slots WHERE purchase_slots.purchase_id = awaited_purchase_id
        )
        """,
    ),
)
