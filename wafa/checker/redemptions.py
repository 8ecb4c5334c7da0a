"""What no service sees alone: every confirmed redemption was paid for, and nothing else was.

redemption_paid      a confirmed redemption has a captured hold of its price, and a voucher
redemption_undone    a cancelled redemption holds and has spent nothing, and its voucher is worth nothing
hold_explained       points held for a redemption were spent only if there is such a redemption
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kit.checking import Finding
from wafa.checker.snapshot import DatabaseSnapshot, side_by_side

# Those under way (their lease says so) are left out; what they come to is checked when they have come to it.
REDEMPTIONS = """
    SELECT hold_id, member_id, redemption_id, redemptions.state, cost_points, lease_until IS NOT NULL AS under_way,
           coalesce(vouchers.state, 'none') AS voucher, wallet, redemptions.program_id
    FROM redemptions LEFT JOIN vouchers USING (member_id, redemption_id)
    WHERE hold_id IS NOT NULL
    ORDER BY hold_id
"""
HOLDS = """
    SELECT hold_id, member_id, state, captured, reversed_at IS NOT NULL AS is_reversed,
        reversed AS given_back, reference, wallet, program_id
    FROM holds
    WHERE reference LIKE 'redemption %'
    ORDER BY hold_id
"""
UNPAID = """
    SELECT member_id, redemption_id FROM redemptions WHERE state = 'confirmed' AND hold_id IS NULL
"""

GOOD_VOUCHERS = frozenset({"issued", "used"})
WORTHLESS_VOUCHERS = frozenset({"none", "void", "cancelled"})


def check(snapshot: DatabaseSnapshot) -> Iterator[Finding]:
    """Holds every redemption against its points."""
    for row in snapshot.rows("rewards", UNPAID):
        yield Finding("redemption_paid", f"{row.member_id}/{row.redemption_id}", "is confirmed and names no hold")
    pairs = side_by_side(
        snapshot.rows("rewards", REDEMPTIONS),
        snapshot.rows("points", HOLDS),
        lambda row: row.hold_id,
        lambda row: row.hold_id,
    )
    for redemption, hold in pairs:
        if redemption is None:
            yield from _unexplained(hold)
        elif not redemption.under_way:
            yield from _of_redemption(redemption, hold)


def _of_redemption(redemption: Any, hold: Any | None) -> Iterator[Finding]:
    subject = f"{redemption.member_id}/{redemption.redemption_id}"
    if redemption.state == "confirmed":
        yield from (Finding("redemption_paid", subject, problem) for problem in _why_unpaid(redemption, hold))
    elif redemption.state == "cancelled":
        yield from (Finding("redemption_undone", subject, problem) for problem in _why_not_undone(redemption, hold))


def _why_unpaid(redemption: Any, hold: Any | None) -> Iterator[str]:
    if hold is None:
        yield "is confirmed, and points knows nothing of its hold"
    elif hold.member_id != redemption.member_id:
        yield "is confirmed, and its hold is another member's"
    elif (hold.wallet, hold.program_id) != (redemption.wallet, redemption.program_id):
        yield "is confirmed, and its hold is in another wallet or program"
    elif hold.state != "captured" or hold.is_reversed:
        yield f"is confirmed, and its hold is {'reversed' if hold.is_reversed else hold.state}"
    elif hold.given_back:
        yield f"is confirmed, and {hold.given_back} of its points were given back"
    elif hold.captured != redemption.cost_points:
        yield f"is confirmed for {redemption.cost_points} points, and {hold.captured} were captured"
    if redemption.voucher not in GOOD_VOUCHERS:
        yield f"is confirmed, and its voucher is {redemption.voucher}"


def _why_not_undone(redemption: Any, hold: Any | None) -> Iterator[str]:
    if hold is not None and hold.state == "open":
        yield "is cancelled, and its hold is open"
    if hold is not None and hold.state == "captured" and not hold.is_reversed:
        yield "is cancelled, and its points are spent"
    if redemption.voucher not in WORTHLESS_VOUCHERS:
        yield f"is cancelled, and its voucher is {redemption.voucher}"


def _unexplained(hold: Any) -> Iterator[Finding]:
    """An open hold may be a redemption's whose next step is being written; a captured one comes after that step."""
    if hold.state == "captured" and not hold.is_reversed:
        subject = f"{hold.member_id}/{hold.hold_id}"
        yield Finding("hold_explained", subject, f"{hold.captured} points were spent for a {hold.reference} unknown")
