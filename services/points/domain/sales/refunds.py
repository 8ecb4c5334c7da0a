"""Points that goods were paid with, and that come back with the goods, to the lots they were spent from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.errors import HoldNotFound, HoldOfRedemption
from services.points.domain.ledger.accounts import AccountKey

# How `rewards` refers to a redemption in the holds that it places.
_REDEMPTION = re.compile(r"redemption [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class PointsRefund:
    """A wish to have back what a hold spent; `amount` 0 means all that is left of it."""

    hold_id: UUID
    amount: int


@dataclass(frozen=True)
class Refunded:
    """What came back: points of a hold, by the entry of the hold's wallet that gave them.

    `lapsed` of them came back into lots whose time was over meanwhile, and lapsed again at once.
    """

    hold_id: UUID
    wallet: str
    points: int
    version: int
    lapsed: int = 0


@dataclass(frozen=True)
class PlacedHold:
    """What is known of a hold by its id alone."""

    hold_id: UUID
    key: AccountKey
    reference: str


def expect_refundable(hold: PlacedHold | None, asked: PointsRefund, member_id: UUID | None) -> PlacedHold:
    """The hold, if it is the member's; None stands for a member who is not known yet.

    What a redemption spent is not for a return to give back: the redemption would go on as if it were paid for.
    """
    if hold is None or member_id not in (None, hold.key.member_id):
        raise HoldNotFound("the member has no such hold", hold_id=str(asked.hold_id))
    if _REDEMPTION.fullmatch(hold.reference):
        raise HoldOfRedemption(
            "this hold paid for a redemption, and cancelling that gives its points back",
            hold_id=str(asked.hold_id),
            redemption_id=hold.reference.removeprefix("redemption "),
        )
    return hold
