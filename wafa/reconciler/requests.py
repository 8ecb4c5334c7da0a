"""How repairs present themselves to the services."""

from __future__ import annotations

from kit.ids import derived_id
from wafa.reconciler.plans import Repair

DEADLINE_MS = 10_000
# What request ids are made of, and our name as the one who decided an adjustment.
PURPOSE = "reconcile"
ACTOR = "wafa reconcile"


def request_id(repair: Repair, *parts: str) -> str:
    """The same for the same repair and parts.

    Where a refusal may not be replayed to a later run, a part names the run: a repair is carried out once all the same,
    since what is repaired already is refused, or is as it should be.
    """
    return str(derived_id(PURPOSE, repair.action.value, repair.member_id, repair.subject_id, *parts))
