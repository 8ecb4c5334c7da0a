"""Questions about points that members give to one another."""

from __future__ import annotations

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "transfer_balanced",
        "what was transferred is not what has arrived, come back, and is on its way",
        """
        SELECT concat_ws('/', program_id, wallet)
        FROM (
            SELECT program_id, wallet, -sum(amount) AS gone
            FROM entries WHERE contra = 'transferred' GROUP BY program_id, wallet
        ) AS own
        FULL JOIN (
            SELECT program_id, wallet, sum(amount) AS on_its_way
            FROM transfers
            WHERE state = 'sent' AND NOT EXISTS (
                SELECT FROM transfer_arrivals
                WHERE transfer_arrivals.member_id = recipient_id AND entry_version IS NOT NULL
                    AND transfer_arrivals.transfer_id = transfers.transfer_id
            )
            GROUP BY program_id, wallet
        ) AS under_way USING (program_id, wallet)
        WHERE coalesce(gone, 0) <> coalesce(on_its_way, 0)
        """,
    ),
    (
        "transfer_legs",
        "the entries of the transfer are not those of how far it is",
        """
        SELECT concat_ws('/', transfers.member_id, transfers.transfer_id)
        FROM transfers
        LEFT JOIN transfer_arrivals AS arrivals
            ON arrivals.member_id = recipient_id AND arrivals.transfer_id = transfers.transfer_id
        LEFT JOIN entries AS gone
            ON gone.member_id = transfers.member_id AND gone.transfer_id = transfers.transfer_id
                AND gone.kind = 'transfer_out'
        LEFT JOIN entries AS got
            ON got.member_id = recipient_id AND got.transfer_id = transfers.transfer_id AND got.kind = 'transfer_in'
        LEFT JOIN entries AS home
            ON home.member_id = transfers.member_id AND home.transfer_id = transfers.transfer_id
                AND home.kind = 'transfer_back'
        WHERE (gone.wallet, gone.amount, gone.version)
                IS DISTINCT FROM (transfers.wallet, -transfers.amount, transfers.sent_version)
            OR (arrivals.amount, arrivals.wallet, arrivals.sender_id)
                <> (transfers.amount, transfers.wallet, transfers.member_id)
            OR CASE WHEN arrivals.entry_version IS NULL THEN got.version IS NOT NULL
                ELSE (got.wallet, got.amount, got.version)
                    IS DISTINCT FROM (transfers.wallet, transfers.amount, arrivals.entry_version) END
            OR CASE WHEN returned_version IS NULL THEN home.version IS NOT NULL
                ELSE (home.wallet, home.amount, home.version)
                    IS DISTINCT FROM (transfers.wallet, transfers.amount, transfers.returned_version) END
            OR CASE state WHEN 'done' THEN arrivals.entry_version IS NULL
                WHEN 'returned' THEN arrivals.transfer_id IS NULL OR arrivals.entry_version IS NOT NULL
                ELSE false END
        """,
    ),
    (
        "transfer_legs",
        "what left the sender's lots is not the transfer's amount",
        """
        SELECT concat_ws('/', member_id, transfer_id)
        FROM transfers
        WHERE amount <> (SELECT sum((part->>'units')::bigint) FROM jsonb_array_elements(parts) AS part)
        """,
    ),
    (
        "transfer_legs",
        "the entry is of a transfer that is not there",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM entries
        WHERE transfer_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM transfers
            WHERE transfers.transfer_id = entries.transfer_id AND entries.member_id =
                CASE kind WHEN 'transfer_in' THEN transfers.recipient_id ELSE transfers.member_id END
        )
        """,
    ),
)
