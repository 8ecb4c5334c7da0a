"""Earning rules and the program's policy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.points.v1 import points_pb2 as pb
from pydantic import Field, StrictInt

from gateway.wire.base import (
    INT64_MAX,
    Asked,
    Currency,
    Id,
    Instant,
    InUrl,
    MaybeText50,
    Text100,
    Told,
    example,
    instant,
    known_instant,
    maybe_timestamp,
)
from gateway.wire.enums import number_of, word_of
from gateway.wire.points.earnings import RoundingWord

RuleWord = Literal["draft", "active", "ended"]
ShortfallWord = Literal["carry", "negative", "refuse"]
EXCLUSIONS_MAX = 1_000


class RulePath(InUrl):
    """An earning rule in a path."""

    rule_id: Id


class NewTerms(Asked):
    """What a rule gives, for what, and when."""

    name: Text100
    points: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    """Points given for each"""
    per_amount_minor: Annotated[StrictInt, Field(ge=1, le=1_000_000_000)]
    """so much of eligible money."""
    currency: Currency
    excluded_skus: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    excluded_categories: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    starts_at: Instant | None = None
    """Purchases from then on count; null means from activation on."""
    ends_at: Instant | None = None
    """Purchases before then count; null means until ended."""
    rounding: RoundingWord = "down"
    """How a fraction of a point ends, once per purchase."""
    pending_days: Annotated[StrictInt, Field(ge=0, le=3_650)] = 0
    """Days until the points can be spent."""
    expiry_days: Annotated[StrictInt, Field(ge=0, le=36_500)] = 0
    """Days until the points expire, from when they can be spent; 0 means never."""
    wallet: MaybeText50 = ""
    """Empty means "points"."""

    def to_proto(self) -> pb.EarningTerms:
        """The terms for `points`."""
        return pb.EarningTerms(
            name=self.name,
            points=self.points,
            per_amount_minor=self.per_amount_minor,
            currency=self.currency,
            excluded_skus=self.excluded_skus,
            excluded_categories=self.excluded_categories,
            starts_at=maybe_timestamp(self.starts_at),
            ends_at=maybe_timestamp(self.ends_at),
            rounding=number_of(pb.Rounding, self.rounding),
            pending_days=self.pending_days,
            expiry_days=self.expiry_days,
            wallet=self.wallet,
        )


class NewEarningRule(Asked):
    """A rule, or the next version of one."""

    model_config = example(
        {
            "terms": {
                "name": "a point for each 100 rupees",
                "points": 1,
                "per_amount_minor": 10_000,
                "currency": "PKR",
                "excluded_categories": ["tobacco"],
                "expiry_days": 365,
            }
        }
    )

    terms: NewTerms


class ActivateBody(Asked):
    """Which version to activate."""

    model_config = example({"version": 1})

    version: Annotated[StrictInt, Field(ge=0, le=INT64_MAX)] = 0
    """The draft meant; 0 means the latest version."""


class Policy(Asked):
    """How the program treats its accounts."""

    model_config = example({"shortfall": "carry"})

    shortfall: ShortfallWord
    """When goods come back whose points are spent: what is missing is carried to the next earn, the account goes
    negative, or the return is refused."""


class Terms(Told):
    """What a rule gives, for what, and when."""

    name: str
    points: int
    per_amount_minor: int
    currency: str
    excluded_skus: list[str]
    excluded_categories: list[str]
    starts_at: datetime | None
    ends_at: datetime | None
    rounding: RoundingWord
    pending_days: int
    expiry_days: int
    wallet: str


class EarningRule(Told):
    """One version of an earning rule."""

    rule_id: str
    version: int
    state: RuleWord
    terms: Terms
    created_at: datetime
    activated_at: datetime | None
    ended_at: datetime | None
    effective_from: datetime | None
    """Purchases that occurred from here"""
    effective_until: datetime | None
    """up to here, not included, earn by this version."""


class EarningRuleVersions(Told):
    """A rule with all its versions, newest first. The newest version is the ETag."""

    versions: list[EarningRule]


class EarningRulePage(Told):
    """A page of rules, each in its latest version."""

    items: list[EarningRule]
    next_cursor: str | None


class ProgramPolicy(Told):
    """How the program treats its accounts."""

    shortfall: ShortfallWord


def rule_of(rule: pb.EarningRule) -> EarningRule:
    """The version of a rule as told."""
    return EarningRule(
        rule_id=rule.rule_id,
        version=rule.version,
        state=word_of(pb.EarningRuleState, rule.state),
        terms=_terms_of(rule.terms),
        created_at=known_instant(rule, "created_at"),
        activated_at=instant(rule, "activated_at"),
        ended_at=instant(rule, "ended_at"),
        effective_from=instant(rule, "effective_from"),
        effective_until=instant(rule, "effective_until"),
    )


def policy_of(policy: pb.ProgramPolicy) -> ProgramPolicy:
    """The policy as told; one that nobody set is the default."""
    return ProgramPolicy(shortfall=word_of(pb.ShortfallPolicy, policy.shortfall or pb.SHORTFALL_POLICY_CARRY))


def _terms_of(terms: pb.EarningTerms) -> Terms:
    return Terms(
        name=terms.name,
        points=terms.points,
        per_amount_minor=terms.per_amount_minor,
        currency=terms.currency,
        excluded_skus=list(terms.excluded_skus),
        excluded_categories=list(terms.excluded_categories),
        starts_at=instant(terms, "starts_at"),
        ends_at=instant(terms, "ends_at"),
        rounding=word_of(pb.Rounding, terms.rounding or pb.ROUNDING_DOWN),
        pending_days=terms.pending_days,
        expiry_days=terms.expiry_days,
        wallet=terms.wallet or "points",
    )
