"""What rules made of a purchase, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from loyalty.points.v1 import points_pb2 as pb

from gateway.wire.base import Told, instant
from gateway.wire.enums import word_of

RoundingWord = Literal["down", "half_up", "up"]
VerdictWord = Literal["counted", "sku_excluded", "category_excluded"]


class LineExplanation(Told):
    """What a rule made of one line."""

    line_id: str
    amount_minor: int
    verdict: VerdictWord


class Explanation(Told):
    """Why a rule gave what it gave: so many points for so much money of the lines that counted."""

    sentence: str
    """One sentence that a cashier can read out."""
    eligible_amount_minor: int
    currency: str
    points: int
    per_amount_minor: int
    rounding: RoundingWord | None
    lines: list[LineExplanation]


class Earning(Told):
    """What one rule made of one purchase."""

    rule_id: str
    rule_version: int
    rule_name: str
    points: int
    wallet: str
    available_at: datetime | None
    """Spendable from then on."""
    expires_at: datetime | None
    """Null: never expires."""
    explanation: Explanation


def earning_of(earning: pb.Earning) -> Earning:
    """The earning as told."""
    return Earning(
        rule_id=earning.rule_id,
        rule_version=earning.rule_version,
        rule_name=earning.rule_name,
        points=earning.points,
        wallet=earning.wallet,
        available_at=instant(earning, "available_at"),
        expires_at=instant(earning, "expires_at"),
        explanation=_explanation_of(earning.explanation),
    )


def _explanation_of(explanation: pb.Explanation) -> Explanation:
    return Explanation(
        sentence=explanation.sentence,
        eligible_amount_minor=explanation.eligible_amount_minor,
        currency=explanation.currency,
        points=explanation.points,
        per_amount_minor=explanation.per_amount_minor,
        rounding=word_of(pb.Rounding, explanation.rounding) if explanation.rounding else None,
        lines=[_line_of(line) for line in explanation.lines],
    )


def _line_of(line: pb.LineExplanation) -> LineExplanation:
    return LineExplanation(
        line_id=line.line_id, amount_minor=line.amount_minor, verdict=word_of(pb.LineVerdict, line.verdict)
    )
