"""A reward: what it promises, what it asks for, and when it can be had."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from datetime import datetime

from services.rewards.domain.errors import (
    LimitReached,
    OutOfStock,
    RewardEnded,
    RewardNotStarted,
    VersionMismatch,
)

VOUCHER_VALIDITY_DAYS_DEFAULT = 90


class BenefitKind(enum.Enum):
    """What sort of thing a voucher gives."""

    FIXED_DISCOUNT = "fixed_discount"
    PERCENTAGE_DISCOUNT = "percentage_discount"
    FREE_PRODUCT = "free_product"


@dataclasses.dataclass(frozen=True)
class Benefit:
    """What the till does when the voucher is shown. Only the fields of its kind are set."""

    kind: BenefitKind
    amount_minor: int = 0
    currency: str = ""
    basis_points: int = 0
    sku: str = ""


@dataclasses.dataclass(frozen=True)
class Terms:
    """What a reward says. A `limit_per_member` of 0 means none."""

    name: str
    description: str
    benefit: Benefit
    cost_points: int
    wallet: str
    starts_at: datetime | None
    ends_at: datetime | None
    limit_per_member: int
    voucher_validity_days: int


@dataclasses.dataclass(frozen=True)
class Reward:
    """Something in the catalogue. `stock` is what is left; None means no limit."""

    program_id: uuid.UUID
    reward_id: uuid.UUID
    terms: Terms
    stock: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class Unit(enum.Enum):
    """Whether there is a unit of a reward to be taken."""

    LEFT = "left"
    NOT_COUNTED = "not_counted"
    NONE_LEFT = "none_left"


def changed(reward: Reward, terms: Terms, stock: int | None, expected_version: int, now: datetime) -> Reward:
    """The next version of a reward; VersionMismatch when the caller decided on another one.

    An `expected_version` of 0 takes any version, a `stock` of None keeps it as it is.
    """
    if expected_version not in (0, reward.version):
        raise VersionMismatch(
            f"the reward is at version {reward.version}, not {expected_version}",
            version=reward.version,
            expected_version=expected_version,
        )
    left = reward.stock if stock is None else stock
    return dataclasses.replace(
        reward, terms=terms, stock=left, version=reward.version + 1, updated_at=max(now, reward.updated_at)
    )


def has_started(terms: Terms, now: datetime) -> bool:
    """Whether the reward can be had already."""
    return terms.starts_at is None or terms.starts_at <= now


def has_ended(terms: Terms, now: datetime) -> bool:
    """Whether the reward can no longer be had."""
    return terms.ends_at is not None and terms.ends_at <= now


def is_out_of_stock(reward: Reward) -> bool:
    """Whether no unit is left, at a glance: the unit is taken later, and then under a lock."""
    return reward.stock is not None and reward.stock <= 0


def is_limit_reached(terms: Terms, taken: int) -> bool:
    """Whether a member who has `taken` of it may have no more."""
    return 0 < terms.limit_per_member <= taken


def refuse_unless_redeemable(reward: Reward, taken: int, now: datetime) -> None:
    """Raises the first reason that keeps the reward from a member who has `taken` of it."""
    terms = reward.terms
    if not has_started(terms, now):
        raise RewardNotStarted("the reward cannot be redeemed yet", starts_at=_written(terms.starts_at))
    if has_ended(terms, now):
        raise RewardEnded("the reward can no longer be redeemed", ends_at=_written(terms.ends_at))
    if is_out_of_stock(reward):
        raise OutOfStock("no unit of the reward is left")
    if is_limit_reached(terms, taken):
        raise LimitReached(
            f"a member may redeem this reward {terms.limit_per_member} times", limit_per_member=terms.limit_per_member
        )


def _written(instant: datetime | None) -> str:
    return instant.isoformat() if instant else ""
