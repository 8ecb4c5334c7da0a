"""Questions about the ledger itself: accounts, entries, lots and holds are folds of one another."""

from __future__ import annotations

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "contra_balanced",
        "the accounts of this program do not add up to what their contra accounts say",
        """
        SELECT program_id
        FROM (SELECT program_id, sum(posted) AS held FROM accounts GROUP BY program_id) AS own
        FULL JOIN (
            SELECT program_id, sum(issued) + sum(spent) + sum(expired) + sum(adjusted)
                + sum(transferred) AS given
            FROM (
                SELECT program_id,
                    CASE contra WHEN 'issued' THEN amount ELSE 0 END AS issued,
                    CASE contra WHEN 'spent' THEN amount ELSE 0 END AS spent,
                    CASE contra WHEN 'expired' THEN amount ELSE 0 END AS expired,
                    CASE contra WHEN 'adjusted' THEN amount ELSE 0 END AS adjusted,
                    CASE contra WHEN 'transferred' THEN amount ELSE 0 END AS transferred
                FROM entries
            ) AS split
            GROUP BY program_id
        ) AS contra USING (program_id)
        WHERE coalesce(own.held, 0) <> coalesce(contra.given, 0)
        """,
    ),
    (
        "liability_whole",
        "the lots of this wallet, less what accounts are below zero, are not what its contra accounts say",
        """
        SELECT concat_ws('/', program_id, wallet)
        FROM (
            SELECT program_id, wallet, sum(units) AS owed
            FROM (
                SELECT program_id, wallet, remaining AS units FROM lots
                UNION ALL
                SELECT program_id, wallet, -deficit FROM accounts
            ) AS held
            GROUP BY program_id, wallet
        ) AS own
        FULL JOIN (
            SELECT program_id, wallet, sum(amount) AS given
            FROM entries
            WHERE contra IN ('issued', 'spent', 'expired', 'adjusted', 'transferred')
            GROUP BY program_id, wallet
        ) AS contra USING (program_id, wallet)
        WHERE coalesce(owed, 0) <> coalesce(given, 0)
        """,
    ),
    (
        "liability_past",
        "after this entry the lots held less than the balance",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM (
            SELECT member_id, wallet, version, balance_after,
                sum(coalesce(moved, 0)) OVER (PARTITION BY member_id, wallet ORDER BY version) AS remained
            FROM entries
            LEFT JOIN (
                SELECT member_id, wallet, entry_version AS version, sum(units) AS moved
                FROM lot_movements
                GROUP BY member_id, wallet, entry_version
            ) AS by_entry USING (member_id, wallet, version)
        ) AS walked
        WHERE remained < balance_after
        """,
    ),
    (
        "movement_of_entry",
        "the movement of the lot belongs to no entry",
        """
        SELECT concat_ws('/', member_id, movement_id)
        FROM lot_movements
        WHERE NOT EXISTS (
            SELECT FROM entries
            WHERE entries.member_id = lot_movements.member_id AND entries.wallet = lot_movements.wallet
                AND entries.version = lot_movements.entry_version
        )
        """,
    ),
    (
        "recorded_in_order",
        "the entry was recorded long before the one that it follows",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM (
            SELECT member_id, wallet, version, recorded_at,
                lag(recorded_at) OVER (PARTITION BY member_id, wallet ORDER BY version) AS recorded_before
            FROM entries
        ) AS walked
        WHERE recorded_at < recorded_before - make_interval(secs => :recording_s_max)
        """,
    ),
    (
        "account_folds",
        "the account's balance is not the sum of its entries",
        """
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        LEFT JOIN (
            SELECT member_id, wallet, sum(amount) AS total FROM entries GROUP BY member_id, wallet
        ) AS fold USING (member_id, wallet)
        WHERE posted <> coalesce(total, 0)
        """,
    ),
    (
        "versions_contiguous",
        "the entry does not follow from the one before it",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM (
            SELECT member_id, wallet, version, amount, balance_after,
                lag(version, 1, 0::bigint) OVER life AS version_before,
                lag(balance_after, 1, 0::bigint) OVER life AS balance_before
            FROM entries
            WINDOW life AS (PARTITION BY member_id, wallet ORDER BY version)
        ) AS walked
        WHERE version <> version_before + 1 OR balance_after <> balance_before + amount
        """,
    ),
    (
        "versions_contiguous",
        "the account's version is not that of its last entry",
        """
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        LEFT JOIN (
            SELECT member_id, wallet, max(version) AS last FROM entries GROUP BY member_id, wallet
        ) AS life USING (member_id, wallet)
        WHERE version <> coalesce(last, 0)
        """,
    ),
    (
        "available_not_negative",
        "the account has a deficit though every return took what it took from lots",
        """
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        WHERE deficit > 0 AND NOT EXISTS (
            SELECT FROM entries
            WHERE entries.member_id = accounts.member_id AND entries.wallet = accounts.wallet AND kind = 'return'
                AND -amount > (
                    SELECT coalesce(-sum(units), 0)
                    FROM lot_movements AS moved
                    WHERE moved.member_id = entries.member_id AND moved.wallet = entries.wallet
                        AND moved.entry_version = entries.version
                )
        )
        """,
    ),
    (
        "available_not_negative",
        "the account has a deficit or owes points while lots have free units that should make up for it",
        """
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        WHERE (deficit > 0 OR owed > 0) AND EXISTS (
            SELECT FROM lots
            WHERE lots.member_id = accounts.member_id AND lots.wallet = accounts.wallet AND remaining > held
        )
        """,
    ),
    (
        "hold_ends_once",
        "the hold's state, its captured amount and its entries disagree",
        """
        SELECT concat_ws('/', member_id, hold_id)
        FROM holds
        LEFT JOIN (
            SELECT member_id, hold_id,
                sum(CASE kind WHEN 'spend' THEN -amount ELSE 0 END) AS spent,
                sum(CASE kind WHEN 'spend' THEN 1 ELSE 0 END) AS spends,
                sum(CASE kind WHEN 'reversal' THEN amount ELSE 0 END) AS restored
            FROM entries
            WHERE hold_id IS NOT NULL
            GROUP BY member_id, hold_id
        ) AS moved USING (member_id, hold_id)
        WHERE (coalesce(spends, 0), coalesce(spent, 0)) <> (CASE state WHEN 'captured' THEN 1 ELSE 0 END, captured)
            OR coalesce(restored, 0) <> CASE WHEN reversed_at IS NULL THEN reversed ELSE captured END
            OR reversed_at IS NULL AND reversed > 0 AND reversed = captured
        """,
    ),
    (
        "hold_ends_once",
        "the entry spends or restores a hold that is not there",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM entries
        WHERE hold_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM holds WHERE holds.member_id = entries.member_id AND holds.hold_id = entries.hold_id
        )
        """,
    ),
    (
        "hold_parts_whole",
        "the hold's parts do not add up to it",
        """
        SELECT concat_ws('/', member_id, hold_id)
        FROM holds
        LEFT JOIN (
            SELECT member_id, hold_id, sum(units) AS units, sum(captured) AS spent, sum(reversed) AS restored
            FROM hold_parts GROUP BY member_id, hold_id
        ) AS parts USING (member_id, hold_id)
        WHERE (parts.units, parts.spent, parts.restored)
            IS DISTINCT FROM (holds.amount::numeric, holds.captured::numeric, holds.reversed::numeric)
        """,
    ),
    (
        "entry_announced",
        "the entry has no event in the outbox, or one that tells another amount",
        """
        SELECT concat_ws('/', member_id, wallet, entries.version)
        FROM entries
        WHERE recorded_at > now() - make_interval(days => :kept_days) AND NOT EXISTS (
            SELECT FROM outbox
            WHERE aggregatetype = 'account' AND aggregateid = entries.member_id
                AND outbox.version = entries.version AND payload->>'wallet' = entries.wallet
                AND (payload->>'amount')::bigint = entries.amount
        )
        """,
    ),
    (
        "entry_announced",
        "the event tells of an entry that is not there",
        """
        SELECT id
        FROM outbox
        WHERE aggregatetype = 'account' AND NOT EXISTS (
            SELECT FROM entries
            WHERE member_id = aggregateid AND entries.version = outbox.version AND wallet = payload->>'wallet'
        )
        """,
    ),
    (
        "lots_fold",
        "what remains of the lot is not the sum of its movements",
        """
        SELECT concat_ws('/', member_id, lot_id)
        FROM lots
        LEFT JOIN (
            SELECT member_id, lot_id, sum(units) AS total FROM lot_movements GROUP BY member_id, lot_id
        ) AS fold USING (member_id, lot_id)
        WHERE remaining <> coalesce(total, 0)
        """,
    ),
    (
        "lots_hold_the_balance",
        "what remains in the account's lots, less its deficit, is not its balance",
        """
        SELECT concat_ws('/', member_id, wallet)
        FROM accounts
        LEFT JOIN (
            SELECT member_id, wallet, sum(remaining) AS total FROM lots GROUP BY member_id, wallet
        ) AS fold USING (member_id, wallet)
        WHERE coalesce(total, 0) - deficit <> posted
        """,
    ),
    (
        "lots_held",
        "what is held of the lot is not what open holds set aside of it",
        """
        SELECT concat_ws('/', member_id, lot_id)
        FROM lots
        LEFT JOIN (
            SELECT member_id, lot_id, sum(units) AS total
            FROM hold_parts JOIN holds USING (member_id, hold_id)
            WHERE state = 'open'
            GROUP BY member_id, lot_id
        ) AS open USING (member_id, lot_id)
        WHERE held <> coalesce(total, 0)
        """,
    ),
)
