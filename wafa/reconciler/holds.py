"""Holds for redemptions that `rewards` does not know: its database is older than that of `points`.

Nothing was handed out for them that `rewards` would still honour, so the points go back to the member.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wafa.checker.snapshot import DatabaseSnapshot, side_by_side
from wafa.reconciler.plans import Repair, RepairAction

# Callers write references, too; those of `rewards` have exactly this form.
_FORM = "^redemption [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
HOLDS = f"""
    SELECT program_id, member_id, hold_id, state, captured - reversed AS spent, reference,
        right(reference, 36)::uuid AS redemption_id
    FROM holds
    WHERE reference ~ '{_FORM}' AND (state = 'open' OR (state = 'captured' AND reversed_at IS NULL))
    ORDER BY right(reference, 36)::uuid, hold_id
"""  # noqa: S608 - a constant of ours
REDEMPTIONS = "SELECT redemption_id FROM redemptions ORDER BY redemption_id"

WHY = "rewards does not know the redemption: its database is older than that of points"


def unexplained(snapshot: DatabaseSnapshot) -> Iterator[Repair]:
    """A repair for each hold whose redemption `rewards` does not know.

    A redemption is written before its points are held, and `rewards` is read after `points`.
    """
    known = snapshot.rows("rewards", REDEMPTIONS)
    pairs = side_by_side(
        snapshot.rows("points", HOLDS),
        known,
        # A redemption has one hold unless its points were spent again; then the redemption pairs with the first.
        lambda row: row.redemption_id,
        lambda row: row.redemption_id,
    )
    redemption_id = None
    for hold, redemption in pairs:
        if redemption is not None:
            redemption_id = redemption.redemption_id
        elif hold is not None and hold.redemption_id != redemption_id:
            yield _repair(hold)


def _repair(hold: Any) -> Repair:
    is_open = hold.state == "open"
    action = RepairAction.RELEASE_HOLD if is_open else RepairAction.REVERSE_CAPTURE
    said = "points are held" if is_open else f"{hold.spent} points are spent"
    why = f"{said} for {hold.reference}, and {WHY}; a voucher that the member shows for it is not good"
    return Repair(action, str(hold.program_id), str(hold.member_id), str(hold.hold_id), why)
