"""Questions about what was set aside or is on its way: amounts and times against the entries that moved them."""

from __future__ import annotations

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "hold_moved",
        "the hold did not end when and as the entry that spent it says",
        """
        SELECT concat_ws('/', holds.member_id, holds.hold_id)
        FROM holds
        LEFT JOIN entries ON entries.member_id = holds.member_id AND entries.hold_id = holds.hold_id AND kind = 'spend'
        WHERE state = 'captured'
                AND (captured_version, ended_at, holds.wallet)
                    IS DISTINCT FROM (entries.version, entries.recorded_at, entries.wallet)
            OR state = 'expired' AND ended_at <> expires_at
            OR ended_at < placed_at OR expires_at <= placed_at
            OR state IN ('captured', 'released') AND ended_at > expires_at
        """,
    ),
    (
        "hold_moved",
        "the hold was not given back when its last reversal was made",
        """
        SELECT concat_ws('/', member_id, hold_id)
        FROM holds
        JOIN (
            SELECT member_id, hold_id, max(recorded_at) AS restored_at, bool_or(corrects_version <> captured) AS other
            FROM (
                SELECT member_id, hold_id, recorded_at, corrects_version, captured_version AS captured
                FROM entries JOIN holds USING (member_id, hold_id)
                WHERE kind = 'reversal'
            ) AS reversals
            GROUP BY member_id, hold_id
        ) AS restored USING (member_id, hold_id)
        WHERE reversed_at <> restored_at OR other
        """,
    ),
    (
        "hold_moved",
        "the part of the hold is not what entries took from its lot and gave back",
        """
        SELECT concat_ws('/', member_id, hold_id, lot_id)
        FROM hold_parts
        FULL JOIN (
            SELECT moved.member_id, hold_id, lot_id,
                -sum(units) FILTER (WHERE kind = 'spend') AS spent,
                coalesce(sum(units) FILTER (WHERE kind = 'reversal' AND units > 0), 0) AS restored
            FROM entries
            JOIN lot_movements AS moved ON moved.member_id = entries.member_id AND moved.wallet = entries.wallet
                AND entry_version = version
            WHERE kind IN ('spend', 'reversal')
            GROUP BY moved.member_id, hold_id, lot_id
        ) AS moved USING (member_id, hold_id, lot_id)
        LEFT JOIN holds USING (member_id, hold_id)
        WHERE coalesce(hold_parts.captured, 0) > coalesce(spent, 0)
            -- Code of before reversed the whole and counted nothing.
            OR coalesce(hold_parts.reversed, 0) <> coalesce(restored, 0)
                AND (reversed_at IS NOT NULL AND holds.reversed = 0 AND hold_parts.reversed = 0
                    AND restored = hold_parts.captured) IS NOT TRUE
        """,
    ),
    (
        "transfer_dated",
        "the transfer's times are not those of its entries",
        """
        SELECT concat_ws('/', transfers.member_id, transfers.transfer_id)
        FROM transfers
        LEFT JOIN entries AS gone
            ON gone.member_id = transfers.member_id AND gone.transfer_id = transfers.transfer_id
                AND gone.kind = 'transfer_out'
        LEFT JOIN entries AS home
            ON home.member_id = transfers.member_id AND home.transfer_id = transfers.transfer_id
                AND home.kind = 'transfer_back'
        WHERE (gone.recorded_at, gone.reason) IS DISTINCT FROM (sent_at, transfers.reason)
            OR sent_on <> CAST(sent_at AT TIME ZONE 'UTC' AS date)
            OR ended_at < sent_at
            OR state = 'returned' AND (home.recorded_at, home.corrects_version)
                IS DISTINCT FROM (ended_at, sent_version)
        """,
    ),
    (
        "transfer_dated",
        "the transfer did not arrive when its entry says, in its program",
        """
        SELECT concat_ws('/', arrivals.member_id, arrivals.transfer_id)
        FROM transfer_arrivals AS arrivals
        LEFT JOIN entries AS got USING (member_id, transfer_id)
        LEFT JOIN transfers ON transfers.member_id = sender_id AND transfers.transfer_id = arrivals.transfer_id
        WHERE got.recorded_at <> arrived_at OR transfers.program_id IS DISTINCT FROM arrivals.program_id
            OR transfers.recipient_id IS DISTINCT FROM arrivals.member_id
        """,
    ),
    (
        "transfer_dated",
        "the part of the transfer is not what left its lot",
        """
        SELECT concat_ws('/', member_id, transfer_id)
        FROM (
            SELECT member_id, transfer_id, lot_id, sum(units) AS told
            FROM transfers CROSS JOIN LATERAL jsonb_to_recordset(parts) AS part (lot_id uuid, units bigint)
            GROUP BY member_id, transfer_id, lot_id
        ) AS parts
        FULL JOIN (
            SELECT moved.member_id, transfer_id, lot_id, -sum(units) AS gone
            FROM entries
            JOIN lot_movements AS moved ON moved.member_id = entries.member_id AND moved.wallet = entries.wallet
                AND entry_version = version
            WHERE kind = 'transfer_out'
            GROUP BY moved.member_id, transfer_id, lot_id
        ) AS moved USING (member_id, transfer_id, lot_id)
        WHERE coalesce(told, 0) > coalesce(gone, 0)
        """,
    ),
)
