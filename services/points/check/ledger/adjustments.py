"""Questions about adjustments that take two people."""

from __future__ import annotations

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "adjustment_posted_once",
        "the adjustment was approved and has not its entry, or has one without an approval",
        """
        SELECT concat_ws('/', member_id, adjustment_id)
        FROM adjustments
        LEFT JOIN entries USING (member_id, adjustment_id)
        WHERE CASE state WHEN 'approved'
            THEN (entries.wallet, version, entries.amount, actor, approved_by, entries.reason, entries.qualifying,
                    entries.recorded_at)
                IS DISTINCT FROM (adjustments.wallet, entry_version, adjustments.amount, requested_by, decided_by,
                    adjustments.reason, adjustments.qualifying, decided_at)
            ELSE version IS NOT NULL END
        """,
    ),
    (
        "adjustment_posted_once",
        "the entry posts an adjustment that nobody asked for",
        """
        SELECT concat_ws('/', member_id, wallet, version)
        FROM entries
        WHERE adjustment_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM adjustments
            WHERE adjustments.member_id = entries.member_id AND adjustments.adjustment_id = entries.adjustment_id
        )
        """,
    ),
    (
        "adjustment_by_two",
        "the adjustment was approved by whoever asked for it",
        # Names that pass for one another are compared in Python: `check.names`.
        """
        SELECT concat_ws('/', member_id, adjustment_id)
        FROM adjustments
        WHERE state = 'approved' AND decided_caller = requested_caller
        """,
    ),
)
