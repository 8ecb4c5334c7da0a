"""A reward as it stands for one member: what they would meet if they redeemed it now."""

from __future__ import annotations

import dataclasses
import enum
from datetime import datetime

from services.rewards.domain.rewards import Reward, has_ended, has_started, is_limit_reached, is_out_of_stock


class UnavailabilityReason(enum.Enum):
    """Why a reward cannot be had."""

    NOT_STARTED = "not_started"
    ENDED = "ended"
    OUT_OF_STOCK = "out_of_stock"
    LIMIT_REACHED = "limit_reached"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    MEMBER_MAY_NOT_SPEND = "member_may_not_spend"


class MemberStatus(enum.Enum):
    """What `members` last announced of a member."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EARN_ONLY = "earn_only"
    TERMINATED = "terminated"


@dataclasses.dataclass(frozen=True)
class Standing:
    """What is known of a member when rewards are listed for them.

    `status` is None for one who was never announced: `points`, which is the judge, may know better. `taken` counts
    their redemptions of the reward, `available` their points in its wallet.
    """

    status: MemberStatus | None
    taken: int
    available: int


@dataclasses.dataclass(frozen=True)
class Unavailability:
    """One reason. The points are set for INSUFFICIENT_BALANCE alone."""

    reason: UnavailabilityReason
    required_points: int = 0
    available_points: int = 0
    missing_points: int = 0


@dataclasses.dataclass(frozen=True)
class MemberReward:
    """A reward and every reason that keeps it from the member, in the order a redemption would meet them."""

    reward: Reward
    unavailabilities: tuple[Unavailability, ...]


def for_member(reward: Reward, standing: Standing, now: datetime) -> MemberReward:
    """How the reward stands for a member."""
    terms = reward.terms
    met = (
        (UnavailabilityReason.NOT_STARTED, not has_started(terms, now)),
        (UnavailabilityReason.ENDED, has_ended(terms, now)),
        (UnavailabilityReason.OUT_OF_STOCK, is_out_of_stock(reward)),
        (UnavailabilityReason.LIMIT_REACHED, is_limit_reached(terms, standing.taken)),
        (UnavailabilityReason.MEMBER_MAY_NOT_SPEND, standing.status not in (None, MemberStatus.ACTIVE)),
    )
    reasons = [Unavailability(reason) for reason, is_met in met if is_met]
    return MemberReward(reward, (*reasons, *_shortage(terms.cost_points, standing.available)))


def _shortage(required: int, available: int) -> tuple[Unavailability, ...]:
    if available >= required:
        return ()
    return (Unavailability(UnavailabilityReason.INSUFFICIENT_BALANCE, required, available, required - available),)
