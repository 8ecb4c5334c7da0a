"""Earning rules and the program's policy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from loyalty.points.v1 import earning_pb2
from loyalty.points.v1 import program_pb2 as pb
from pydantic import Field, StrictInt, StringConstraints

from gateway.wire.base import (
    INT64_MAX,
    Id,
    MaybeText50,
    RequestModel,
    ResponseModel,
    Text50,
    UrlModel,
    example,
    instant,
    known_instant,
)
from gateway.wire.enums import word_of
from gateway.wire.points.inactivity import ACTIVITIES_MAX, ActivityWord, activities_of
from gateway.wire.points.terms import NewTerms, Terms, terms_of
from gateway.wire.points.transfers import Transfers, transfers_of

RuleWord = Literal["draft", "active", "ended", "scheduled"]
ShortfallWord = Literal["carry", "negative", "refuse"]
WALLETS_MAX = 20

KEY_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"

Key = Annotated[str, StringConstraints(strict=True, pattern=KEY_PATTERN)]
MaybeKey = Annotated[str, StringConstraints(strict=True, pattern=f"{KEY_PATTERN}|^$")]


class RulePath(UrlModel):
    """An earning rule in a path."""

    rule_id: Id


EXAMPLE: dict[str, Any] = {
    "terms": {
        "name": "a point for each 100 rupees",
        "points": 1,
        "per_amount_minor": 10_000,
        "currency": "PKR",
        "excluded_categories": ["tobacco"],
        "expiry_days": 365,
    }
}


class NewRuleVersion(RequestModel):
    """The next version of a rule."""

    model_config = example(EXAMPLE)

    terms: NewTerms


class NewEarningRule(RequestModel):
    """A rule."""

    model_config = example({"key": "base", **EXAMPLE})

    key: MaybeKey = ""
    """Names the rule within the program for good; empty for a key that reads like the name."""
    terms: NewTerms


class ActivateBody(RequestModel):
    """Which version to activate."""

    model_config = example({"version": 1})

    version: Annotated[StrictInt, Field(ge=0, le=INT64_MAX)] = 0
    """The draft meant; 0 means the latest version."""


class CallOffBody(RequestModel):
    """Which version to call off."""

    model_config = example({"version": 2})

    version: Annotated[StrictInt, Field(ge=0, le=INT64_MAX)] = 0
    """The version meant; 0 means the scheduled one, or the last to begin where there are several."""


class Policy(RequestModel):
    """How the program treats its accounts."""

    model_config = example({"shortfall": "carry", "adjustment_limit": 5_000})

    shortfall: ShortfallWord
    """When goods come back whose points are spent: what is missing is carried to the next earn, the account goes
    negative, or the return is refused."""
    adjustment_limit: Annotated[StrictInt, Field(ge=0, le=1_000_000_000)] | None = None
    """Points, either way, that one person may give or take by hand; beyond it another person approves. With 0 every
    adjustment takes two; null sets no limit."""
    transfers: Transfers | None = None
    """How much members may give to one another; null lets nobody."""
    unspendable_wallets: list[Text50] = Field(default=[], max_length=WALLETS_MAX)
    """Wallets whose units are neither spent nor transferred, such as those that only count towards tiers."""
    inactivity_activities: list[ActivityWord] = Field(default=[], max_length=ACTIVITIES_MAX)
    """The movements that count as activity of an account, for points that expire for inactivity; none means earn and
    spend. Holds for movements from now on."""
    time_zone: MaybeText50 = ""
    """IANA name of the zone by whose calendar a birthday has its year, such as "Asia/Karachi"; empty for that of the
    birthday rules in force, if they agree, else UTC."""


class EarningRule(ResponseModel):
    """One version of an earning rule."""

    rule_id: str
    key: str
    """Names the rule within the program for good."""
    version: int
    state: RuleWord
    terms: Terms
    created_at: datetime
    activated_at: datetime | None
    ended_at: datetime | None
    effective_from: datetime | None
    """Purchases that occurred from here"""
    effective_until: datetime | None
    """up to here, not included, earn by this version; of one that was called off both are the same."""


class EarningRuleVersions(ResponseModel):
    """A rule with all its versions, newest first. The newest version is the ETag."""

    versions: list[EarningRule]


class EarningRulePage(ResponseModel):
    """A page of rules, each in its latest version."""

    items: list[EarningRule]
    next_cursor: str | None


class ProgramPolicy(ResponseModel):
    """How the program treats its accounts."""

    shortfall: ShortfallWord
    adjustment_limit: int | None
    """Points that one person may adjust; null for no limit."""
    transfers: Transfers | None
    """How much members may give to one another; null for nothing."""
    unspendable_wallets: list[str]
    """Wallets whose units are neither spent nor transferred."""
    inactivity_activities: list[ActivityWord]
    """The movements that count as activity of an account."""
    time_zone: str
    """The zone by whose calendar a birthday has its year; empty where the program names none."""
    version: int
    """Grows with each change, from 1; it stands in the ETag, too."""


def rule_of(rule: earning_pb2.EarningRule) -> EarningRule:
    """The version of a rule as answered."""
    return EarningRule(
        rule_id=rule.rule_id,
        key=rule.key,
        version=rule.version,
        state=word_of(earning_pb2.EarningRuleState, rule.state),
        terms=terms_of(rule.terms),
        created_at=known_instant(rule, "created_at"),
        activated_at=instant(rule, "activated_at"),
        ended_at=instant(rule, "ended_at"),
        effective_from=instant(rule, "effective_from"),
        effective_until=instant(rule, "effective_until"),
    )


def policy_of(policy: pb.ProgramPolicy) -> ProgramPolicy:
    """The policy as answered; one that nobody set is the default."""
    return ProgramPolicy(
        shortfall=word_of(pb.ShortfallPolicy, policy.shortfall or pb.SHORTFALL_POLICY_CARRY),
        adjustment_limit=policy.adjustment_limit if policy.HasField("adjustment_limit") else None,
        transfers=transfers_of(policy.transfers) if policy.HasField("transfers") else None,
        unspendable_wallets=list(policy.unspendable_wallets),
        inactivity_activities=activities_of(policy),
        time_zone=policy.time_zone,
        version=policy.version,
    )
