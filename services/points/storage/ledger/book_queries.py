"""The statements that open books. The accounts come as arrays of members and wallets, side by side."""

from __future__ import annotations

import sqlalchemy as sa

from kit import row_digests
from services.points.storage.ledger.ends import ENDS_AT
from services.points.tables import accounts

_KEYS = "unnest(CAST(:members AS uuid[]), CAST(:wallets AS text[])) AS wanted (member_id, wallet)"

HEADS = sa.text(f"SELECT accounts.* FROM accounts JOIN {_KEYS} USING (member_id, wallet)")  # noqa: S608 - constants

# Made before locked, and both in key order. What was made here is locked by that, and invisible to the second part.
MADE_OR_LOCKED = sa.text(f"""
    WITH made AS (
        INSERT INTO accounts (member_id, wallet, program_id, row_digest)
        SELECT wanted.*, {row_digests.made(accounts, "wanted", "member_id", "wallet", "program_id")}
        FROM unnest(CAST(:members AS uuid[]), CAST(:wallets AS text[]), CAST(:programs AS uuid[]))
            AS wanted (member_id, wallet, program_id)
        ON CONFLICT DO NOTHING
        RETURNING *
    ), locked AS (
        SELECT accounts.* FROM accounts JOIN {_KEYS} USING (member_id, wallet)
        ORDER BY member_id, wallet
        FOR UPDATE OF accounts
    )
    SELECT * FROM made UNION ALL SELECT * FROM locked
""")  # noqa: S608 - constants

# The open holds, and those that have ended and are asked for. In two parts, each with an index of its own: a member may
# have ended thousands.
HOLDS = sa.text(f"""
    WITH holds AS (
        SELECT holds.* FROM holds JOIN {_KEYS} USING (member_id, wallet) WHERE state = 'open'
        UNION ALL
        SELECT holds.*
        FROM unnest(CAST(:past_members AS uuid[]), CAST(:past_holds AS uuid[])) AS past (member_id, hold_id)
        JOIN holds USING (member_id, hold_id)
        JOIN {_KEYS} USING (member_id, wallet)
        WHERE state <> 'open'
    )
    SELECT holds.*, hold_parts.lot_id, hold_parts.units, hold_parts.captured AS part_captured,
        hold_parts.reversed AS part_reversed
    FROM holds
    JOIN hold_parts USING (member_id, hold_id)
    ORDER BY holds.placed_at, holds.hold_id, hold_parts.ordinal
""")  # noqa: S608 - constants

_LOT = "program_id, member_id, wallet, lot_id, units, remaining, held, lapsed, forgiven, available_at, expires_at"
_OF = "purchase_id, activity_id, rule_id, inactivity_days"

# The lots to open, and for each account what lies in those that stay closed: of one that is only credited, lots that
# are not due and in no hold, while no debt waits for free units. Lots without a unit left are found by their keys
# alone, since an account may have thousands.
LOTS = sa.text(f"""
    WITH wanted AS (
        SELECT member_id, wallet, active_at, credited AND owed = 0 AND deficit = 0 AS credited
        FROM unnest(CAST(:members AS uuid[]), CAST(:wallets AS text[]), CAST(:credited AS boolean[]))
            AS asked (member_id, wallet, credited)
        JOIN accounts USING (member_id, wallet)
    ), parts AS (
        SELECT *
        FROM unnest(CAST(:part_members AS uuid[]), CAST(:part_wallets AS text[]), CAST(:part_lots AS uuid[]))
            AS parts (member_id, wallet, lot_id)
    ), bought AS (
        SELECT * FROM unnest(CAST(:bought_members AS uuid[]), CAST(:purchases AS uuid[]))
            AS bought (member_id, purchase_id)
    ), unspent AS MATERIALIZED (
        SELECT lots.*, credited AND coalesce({ENDS_AT} > :now, true)
            AND (lots.member_id, lots.wallet, lots.lot_id) NOT IN (SELECT * FROM parts) AS closed
        FROM wanted JOIN lots USING (member_id, wallet)
        WHERE lots.remaining > 0
    ), spent AS (
        SELECT {_LOT}, {_OF} FROM parts JOIN lots USING (member_id, wallet, lot_id) WHERE remaining = 0
        UNION
        SELECT {_LOT}, {_OF} FROM bought JOIN lots USING (member_id, purchase_id) WHERE remaining = 0
    )
    SELECT {_LOT}, {_OF}, 0 AS closed_pending, 0 AS closed_spendable FROM unspent WHERE NOT closed
    UNION ALL
    SELECT {_LOT}, {_OF}, 0, 0 FROM spent
    UNION ALL
    SELECT program_id, member_id, wallet, NULL, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL,
        CAST(coalesce(sum(remaining) FILTER (WHERE available_at > :now), 0) AS bigint),
        CAST(coalesce(sum(remaining) FILTER (WHERE available_at <= :now), 0) AS bigint)
    FROM unspent WHERE closed GROUP BY program_id, member_id, wallet
""")  # noqa: S608 - constants

PLACED_HOLDS = sa.text("""
    SELECT hold_id, program_id, member_id, wallet, reference
    FROM holds
    JOIN unnest(CAST(:programs AS uuid[]), CAST(:holds AS uuid[])) AS wanted (program_id, hold_id)
        USING (program_id, hold_id)
""")

WALLETS_OF_HOLDS = sa.text("""
    SELECT member_id, hold_id, program_id, wallet
    FROM holds
    JOIN unnest(CAST(:members AS uuid[]), CAST(:holds AS uuid[])) AS wanted (member_id, hold_id)
        USING (member_id, hold_id)
""")
