"""Redemptions whose hold is not what it has to be: `points` is older than `rewards`, or the other way round.

Where `points` is older, it lacks points that were spent for vouchers that members have: they are spent again under the
hold that had spent them. Where `rewards` is older, it has vouchers as good whose points went back since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wafa.checker.snapshot import DatabaseSnapshot, side_by_side
from wafa.reconciler.plans import LostSpending, Repair, RepairAction

# Those under way are left out: `rewards` itself brings them to an end.
REDEMPTIONS = """
    SELECT hold_id, program_id, member_id, redemption_id, redemptions.state, wallet, cost_points,
        vouchers.state = 'issued' AND vouchers.expires_at > now() AS is_voucher_good
    FROM redemptions LEFT JOIN vouchers USING (member_id, redemption_id)
    WHERE hold_id IS NOT NULL AND lease_until IS NULL
    ORDER BY hold_id
"""
HOLDS = """
    SELECT hold_id, state, reversed_at IS NOT NULL AS is_reversed, coalesce((
        SELECT reason FROM entries
        WHERE entries.member_id = holds.member_id AND entries.hold_id = holds.hold_id AND entries.kind = 'reversal'
        ORDER BY version DESC LIMIT 1
    ), '') AS reason
    FROM holds
    WHERE reference LIKE 'redemption %'
    ORDER BY hold_id
"""


def paid_otherwise(snapshot: DatabaseSnapshot) -> Iterator[Repair]:
    """A repair for each settled redemption whose hold is not captured for it, or captured for nothing."""
    redemptions, holds = snapshot.rows("rewards", REDEMPTIONS), snapshot.rows("points", HOLDS)
    for redemption, hold in side_by_side(redemptions, holds, lambda row: row.hold_id, lambda row: row.hold_id):
        if redemption is None:
            continue
        found = _of_confirmed(hold) if redemption.state == "confirmed" else _of_cancelled(hold)
        if found is not None:
            yield _repair(redemption, hold, *found)


def _of_confirmed(hold: Any | None) -> tuple[RepairAction, str] | None:
    if hold is None:
        return RepairAction.RESTORE_CAPTURE, "is confirmed, and points does not know that its points were spent"
    if hold.is_reversed:
        return RepairAction.CANCEL_REDEMPTION, "is confirmed, and points has given its points back"
    if hold.state == "open":
        return RepairAction.CAPTURE_HOLD, "is confirmed, and points holds its points and has not spent them"
    if hold.state in ("released", "expired"):
        return RepairAction.CANCEL_UNPAID, f"is confirmed, and its hold is {hold.state}: nothing was spent"
    return None


def _of_cancelled(hold: Any | None) -> tuple[RepairAction, str] | None:
    if hold is not None and hold.state == "open":
        return RepairAction.RELEASE_HOLD, "is cancelled, and points holds its points"
    if hold is not None and hold.state == "captured" and not hold.is_reversed:
        return RepairAction.REVERSE_CAPTURE, "is cancelled, and points has not given its points back"
    return None


def _repair(redemption: Any, hold: Any | None, action: RepairAction, why: str) -> Repair:
    spending = LostSpending(
        str(redemption.redemption_id),
        redemption.wallet,
        redemption.cost_points,
        bool(redemption.is_voucher_good),
        hold.reason if hold is not None else "",
    )
    return Repair(
        action,
        str(redemption.program_id),
        str(redemption.member_id),
        str(redemption.hold_id),
        f"redemption {redemption.redemption_id} of {redemption.cost_points} points {why}",
        spending=spending,
    )
