"""What rules made of a purchase or an activity, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.points.v1 import earning_pb2, explanations_pb2, sales_pb2
from loyalty.points.v1 import terms_pb2 as pb
from pydantic import Field, StrictInt

from gateway.wire.base import RequestModel, ResponseModel, instant
from gateway.wire.enums import word_of
from gateway.wire.points.limits import MetLimit, met_limit_of

AccrualWord = Literal["whole_steps", "proportional"]
RoundingWord = Literal["down", "half_up", "up"]
VerdictWord = Literal[
    "counted",
    "sku_excluded",
    "category_excluded",
    "brand_excluded",
    "not_included",
    "condition_not_met",
    "shared",
    "taken_back",
    "voided",
]
EffectWord = Literal["per_amount", "per_unit", "fixed", "multiplier", "addition"]
TriggerWord = Literal["purchase", "line", "event", "visit", "enrolment", "birthday", "referral"]
ReasonWord = Literal[
    "applied",
    "outside_hours",
    "condition_not_met",
    "condition_failed",
    "nothing_counted",
    "tender_excluded",
    "too_little",
    "nothing_to_raise",
    "beaten",
    "cut_by_cap",
    "cut_by_budget",
    "cap_met",
    "budget_met",
    "cut_by_goods_taken_back",
]

FactorPart = Annotated[StrictInt, Field(ge=1, le=10_000)]


class Factor(RequestModel):
    """A multiplier as an exact fraction: 3/2 is half as much again."""

    numerator: FactorPart
    denominator: FactorPart

    def to_proto(self) -> pb.Factor:
        """The fraction for `points`."""
        return pb.Factor(numerator=self.numerator, denominator=self.denominator)


class LineExplanation(ResponseModel):
    """What a rule made of one line."""

    line_id: str
    amount_minor: int
    verdict: VerdictWord


class Explanation(ResponseModel):
    """Why a rule gave what it gave, or why it gave nothing."""

    sentence: str
    """One sentence that a cashier can read out."""
    eligible_amount_minor: int
    currency: str
    points: int
    per_amount_minor: int
    rounding: RoundingWord | None
    lines: list[LineExplanation]
    """Empty for a bonus, where the rule did not get as far as the lines, and where so many lines are too many to be
    listed for so many rules: beyond 25,000 in all, rules only count them."""
    lines_counted: int
    lines_left_out: int
    reason: ReasonWord
    effect: EffectWord
    trigger: TriggerWord
    factor: Factor | None
    quantity_milli: int
    """Goods that counted, in thousandths of a unit."""
    not_earning_minor: int
    """Of the eligible amount, what was paid in a way that does not earn."""
    raised_points: int
    """Of a bonus: what the other rules gave to the wallet."""
    beaten_by: str
    """The name of the rule of its stacking group that it stood aside for."""
    limits: list[MetLimit]
    """Every limit of the rule as the purchase met it, whether it was in the way or not."""
    unlimited_points: int
    """What the rule would have given without its limits; 0 for a rule that has none."""
    excluded_tax_minor: int
    """Of the eligible amount, tax that the rule leaves out."""
    activity_name: str
    """Of a rule that an event triggers: which."""
    accrual: AccrualWord | None
    """Whether whole steps of the rate counted, or parts as well; null for an effect that has no rate."""
    not_earning_milli: int
    """Of the quantity, what was paid in a way that does not earn."""


class Earning(ResponseModel):
    """What one rule made of one purchase or activity."""

    rule_id: str
    rule_version: int
    rule_name: str
    points: int
    wallet: str
    available_at: datetime | None
    """Spendable from then on."""
    expires_at: datetime | None
    """Null: never expires, or for inactivity."""
    explanation: Explanation
    qualifying: bool
    """Whether the points are qualifying units, too."""
    inactivity_days: int | None
    """Expires when the account has not been active for so many days since the points could be spent; null where
    activity does not matter."""


class Earner(ResponseModel):
    """A member as conditions saw them when something was judged."""

    status: str
    tier: str | None
    segments: list[str]
    attributes: dict[str, str]


def earner_of(found: sales_pb2.Purchase | earning_pb2.Activity) -> Earner | None:
    """Whom the rules saw, as answered; nothing where none was in force."""
    if not found.HasField("earner"):
        return None
    earner = found.earner
    attributes = dict(sorted(earner.attributes.items()))
    return Earner(status=earner.status, tier=earner.tier or None, segments=list(earner.segments), attributes=attributes)


def earning_of(earning: explanations_pb2.Earning) -> Earning:
    """The earning as answered."""
    return Earning(
        rule_id=earning.rule_id,
        rule_version=earning.rule_version,
        rule_name=earning.rule_name,
        points=earning.points,
        wallet=earning.wallet,
        available_at=instant(earning, "available_at"),
        expires_at=instant(earning, "expires_at"),
        explanation=_explanation_of(earning.explanation),
        qualifying=earning.qualifying,
        inactivity_days=earning.inactivity_days or None,
    )


def _explanation_of(explanation: explanations_pb2.Explanation) -> Explanation:
    return Explanation(
        sentence=explanation.sentence,
        eligible_amount_minor=explanation.eligible_amount_minor,
        currency=explanation.currency,
        points=explanation.points,
        per_amount_minor=explanation.per_amount_minor,
        rounding=word_of(pb.Rounding, explanation.rounding) if explanation.rounding else None,
        lines=[_line_of(line) for line in explanation.lines],
        lines_counted=explanation.lines_counted,
        lines_left_out=explanation.lines_left_out,
        reason=word_of(explanations_pb2.EarningReason, explanation.reason or explanations_pb2.EARNING_REASON_APPLIED),
        effect=word_of(pb.EarningEffect, explanation.effect or pb.EARNING_EFFECT_PER_AMOUNT),
        trigger=word_of(pb.EarningTrigger, explanation.trigger or pb.EARNING_TRIGGER_PURCHASE),
        factor=factor_of(explanation),
        quantity_milli=explanation.quantity_milli,
        not_earning_minor=explanation.not_earning_minor,
        raised_points=explanation.raised_points,
        beaten_by=explanation.beaten_by,
        limits=[met_limit_of(met) for met in explanation.limits],
        unlimited_points=explanation.unlimited_points,
        excluded_tax_minor=explanation.excluded_tax_minor,
        activity_name=explanation.activity_name,
        accrual=accrual_of(explanation),
        not_earning_milli=explanation.not_earning_milli,
    )


def accrual_of(message: explanations_pb2.Explanation | pb.EarningTerms) -> AccrualWord | None:
    """Whether parts of the rate count, as answered."""
    return word_of(pb.EarningAccrual, message.accrual) if message.accrual else None


def factor_of(message: explanations_pb2.Explanation | pb.EarningTerms) -> Factor | None:
    """The factor of a multiplier as answered."""
    if not message.HasField("factor"):
        return None
    return Factor(numerator=message.factor.numerator, denominator=message.factor.denominator)


def _line_of(line: explanations_pb2.LineExplanation) -> LineExplanation:
    return LineExplanation(
        line_id=line.line_id,
        amount_minor=line.amount_minor,
        verdict=word_of(explanations_pb2.LineVerdict, line.verdict),
    )
