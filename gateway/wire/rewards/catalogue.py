"""The catalogue: rewards, and how they stand for one member."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.rewards.v1 import rewards_pb2 as pb
from pydantic import Field, StrictInt

from gateway.wire.base import (
    Currency,
    Id,
    Instant,
    MaybeProse1000,
    MaybeText50,
    Points,
    Prose100,
    RequestModel,
    ResponseModel,
    Text100,
    UrlModel,
    example,
    instant,
    known_instant,
    maybe_timestamp,
)
from gateway.wire.enums import number_of, word_of

BenefitWord = Literal["fixed_discount", "percentage_discount", "free_product"]
UnavailabilityWord = Literal[
    "not_started", "ended", "out_of_stock", "limit_reached", "insufficient_balance", "member_may_not_spend"
]


class RewardPath(UrlModel):
    """A reward in a path."""

    reward_id: Id


class FixedDiscount(RequestModel):
    """So much money off."""

    kind: Literal["fixed_discount"]
    amount_minor: Annotated[StrictInt, Field(ge=1, le=1_000_000_000_000)]
    currency: Currency

    def to_proto(self) -> pb.Benefit:
        """The benefit for `rewards`."""
        kind = number_of(pb.BenefitKind, self.kind)
        return pb.Benefit(kind=kind, amount_minor=self.amount_minor, currency=self.currency)


class PercentageDiscount(RequestModel):
    """So much of the price off."""

    kind: Literal["percentage_discount"]
    basis_points: Annotated[StrictInt, Field(ge=1, le=10_000)]
    """Hundredths of a percent."""

    def to_proto(self) -> pb.Benefit:
        """The benefit for `rewards`."""
        return pb.Benefit(kind=number_of(pb.BenefitKind, self.kind), basis_points=self.basis_points)


class FreeProduct(RequestModel):
    """Something for nothing."""

    kind: Literal["free_product"]
    sku: Text100

    def to_proto(self) -> pb.Benefit:
        """The benefit for `rewards`."""
        return pb.Benefit(kind=number_of(pb.BenefitKind, self.kind), sku=self.sku)


class NewRewardTerms(RequestModel):
    """What a reward promises and asks for."""

    name: Prose100
    description: MaybeProse1000 = ""
    benefit: Annotated[FixedDiscount | PercentageDiscount | FreeProduct, Field(discriminator="kind")]
    cost_points: Points
    wallet: MaybeText50 = ""
    """Empty means "points"."""
    starts_at: Instant | None = None
    """Null means from now on."""
    ends_at: Instant | None = None
    """Null means until further notice."""
    limit_per_member: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0
    """How many times one member may redeem it; 0 means as often as they like."""
    voucher_validity_days: Annotated[StrictInt, Field(ge=0, le=3_650)] = 0
    """Days a voucher stays good; 0 means 90."""

    def to_proto(self) -> pb.RewardTerms:
        """The terms for `rewards`."""
        return pb.RewardTerms(
            name=self.name,
            description=self.description,
            benefit=self.benefit.to_proto(),
            cost_points=self.cost_points,
            wallet=self.wallet,
            starts_at=maybe_timestamp(self.starts_at),
            ends_at=maybe_timestamp(self.ends_at),
            limit_per_member=self.limit_per_member,
            voucher_validity_days=self.voucher_validity_days,
        )


class RewardBody(RequestModel):
    """A reward for the catalogue."""

    model_config = example(
        {
            "terms": {
                "name": "Tea for two",
                "benefit": {"kind": "free_product", "sku": "TEA-250"},
                "cost_points": 500,
                "limit_per_member": 2,
            },
            "stock": 100,
        }
    )

    terms: NewRewardTerms
    stock: Annotated[StrictInt, Field(ge=0, le=1_000_000_000)] | None = None
    """Units to have from now on. Null sets no limit on a new reward and leaves the stock of an old one as it is."""


class Benefit(ResponseModel):
    """What the till does when the voucher is shown; which fields are set depends on the kind."""

    kind: BenefitWord
    amount_minor: int | None
    currency: str | None
    basis_points: int | None
    """Hundredths of a percent."""
    sku: str | None


class RewardTerms(ResponseModel):
    """What a reward promises and asks for."""

    name: str
    description: str | None
    benefit: Benefit
    cost_points: int
    wallet: str
    starts_at: datetime | None
    ends_at: datetime | None
    limit_per_member: int
    voucher_validity_days: int


class Reward(ResponseModel):
    """Something in the catalogue. `version` is the ETag; redeemed stock does not change it."""

    reward_id: str
    terms: RewardTerms
    stock: int | None
    """Units left; null means no limit."""
    version: int
    created_at: datetime
    updated_at: datetime


class RewardPage(ResponseModel):
    """A page of the catalogue, newest first."""

    items: list[Reward]
    next_cursor: str | None


class Unavailability(ResponseModel):
    """One reason that keeps a reward from a member; points are set for `insufficient_balance`."""

    reason: UnavailabilityWord
    required_points: int | None
    available_points: int | None
    missing_points: int | None


class MemberReward(ResponseModel):
    """A reward as it stands for one member."""

    reward: Reward
    available: bool
    unavailabilities: list[Unavailability]
    """Every reason why not, in the order a redemption would meet them."""


class MemberRewardPage(ResponseModel):
    """A page of the catalogue as it stands for one member."""

    items: list[MemberReward]
    next_cursor: str | None


def reward_of(reward: pb.Reward) -> Reward:
    """The reward as answered."""
    return Reward(
        reward_id=reward.reward_id,
        terms=_terms_of(reward.terms),
        stock=reward.stock if reward.HasField("stock") else None,
        version=reward.version,
        created_at=known_instant(reward, "created_at"),
        updated_at=known_instant(reward, "updated_at"),
    )


def member_reward_of(found: pb.MemberReward) -> MemberReward:
    """The reward as it stands for a member, as answered."""
    return MemberReward(
        reward=reward_of(found.reward),
        available=found.available,
        unavailabilities=[_unavailability_of(each) for each in found.unavailabilities],
    )


def benefit_of(benefit: pb.Benefit) -> Benefit:
    """The benefit as answered, with the fields of its kind."""
    kind = benefit.kind
    fixed = kind == pb.BENEFIT_KIND_FIXED_DISCOUNT
    return Benefit(
        kind=word_of(pb.BenefitKind, kind),
        amount_minor=benefit.amount_minor if fixed else None,
        currency=benefit.currency if fixed else None,
        basis_points=benefit.basis_points if kind == pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT else None,
        sku=benefit.sku if kind == pb.BENEFIT_KIND_FREE_PRODUCT else None,
    )


def _terms_of(terms: pb.RewardTerms) -> RewardTerms:
    return RewardTerms(
        name=terms.name,
        description=terms.description or None,
        benefit=benefit_of(terms.benefit),
        cost_points=terms.cost_points,
        wallet=terms.wallet or "points",
        starts_at=instant(terms, "starts_at"),
        ends_at=instant(terms, "ends_at"),
        limit_per_member=terms.limit_per_member,
        voucher_validity_days=terms.voucher_validity_days or 90,
    )


def _unavailability_of(found: pb.Unavailability) -> Unavailability:
    short = found.reason == pb.UNAVAILABILITY_REASON_INSUFFICIENT_BALANCE
    return Unavailability(
        reason=word_of(pb.UnavailabilityReason, found.reason),
        required_points=found.required_points if short else None,
        available_points=found.available_points if short else None,
        missing_points=found.missing_points if short else None,
    )
