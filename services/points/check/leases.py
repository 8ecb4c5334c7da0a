"""The question about leases, which no digest tells of: work that is parked for years is work that is not done."""

from __future__ import annotations

# No worker takes a row for longer. What lies further ahead was written by other means, or by a clock gone wrong.
LEASE_S_MAX = 3_600

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "lease_bounded",
        "the lease lasts longer than any worker takes one for",
        """
        SELECT concat_ws('/', held, owner_id, leased_id)
        FROM (
            SELECT 'transfers' AS held, member_id AS owner_id, CAST(transfer_id AS text) AS leased_id, lease_until
            FROM transfers WHERE lease_until IS NOT NULL
            UNION ALL
            SELECT 'rehearsals', program_id, CAST(rehearsal_id AS text), lease_until
            FROM rehearsals WHERE state = 'running'
            UNION ALL
            SELECT 'pending_activities', member_id, kind, lease_until FROM pending_activities
        ) AS leases
        WHERE lease_until > now() + make_interval(secs => :lease_s_max)
        """,
    ),
)
