"""What rules made of a purchase, and why, on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.points.v1 import explanations_pb2 as pb

from kit.convert import EnumMap, timestamp_of
from services.points.convert.earning.languages import spoken
from services.points.convert.earning.limits import to_limit
from services.points.convert.earning.terms import EFFECT, ROUNDING, TRIGGER, to_accrual, to_factor
from services.points.domain.earning.earnings import Earning, Explanation, Reason, Unearned, earner_of
from services.points.domain.earning.sentences import earning_sentence, nothing_earned_sentence
from services.points.domain.earning.terms import LineVerdict

_LINE_VERDICT = EnumMap(pb.LineVerdict, LineVerdict)
_REASON = EnumMap(pb.EarningReason, Reason)


def to_earning(earning: Earning) -> pb.Earning:
    """What a rule made of a purchase, and why."""
    return pb.Earning(
        rule_id=str(earning.rule_id),
        rule_version=earning.rule_version,
        rule_name=earning.rule_name,
        points=earning.points,
        wallet=earning.wallet,
        available_at=timestamp_of(earning.available_at),
        expires_at=None if earning.expires_at is None else timestamp_of(earning.expires_at),
        explanation=_to_explanation(earning.explanation, earning_sentence(earning, spoken())),
        qualifying=earning.qualifying,
        inactivity_days=earning.inactivity_days or 0,
    )


def to_sentence(earnings: Sequence[Earning], unearned: Unearned) -> str:
    """Why nothing was earned, where no rule was asked; nothing where the earnings say it themselves."""
    return "" if earnings else nothing_earned_sentence(unearned, spoken())


def to_earner(earnings: Sequence[Earning]) -> pb.Earner | None:
    """Whom the rules saw, if any was in force."""
    earner = earner_of(earnings)
    if earner is None:
        return None
    return pb.Earner(status=earner.status, tier=earner.tier, segments=earner.segments, attributes=earner.attributes)


def _to_explanation(why: Explanation, sentence: str) -> pb.Explanation:
    return pb.Explanation(
        sentence=sentence,
        eligible_amount_minor=why.eligible_amount_minor,
        currency=why.currency,
        points=why.points,
        per_amount_minor=why.per_amount_minor,
        rounding=ROUNDING.to_proto(why.rounding),
        lines=[
            pb.LineExplanation(
                line_id=line.line_id, amount_minor=line.amount_minor, verdict=_LINE_VERDICT.to_proto(line.verdict)
            )
            for line in why.lines
        ],
        lines_counted=why.line_counts.counted,
        lines_left_out=why.line_counts.left_out,
        reason=_REASON.to_proto(why.reason),
        effect=EFFECT.to_proto(why.effect),
        trigger=TRIGGER.to_proto(why.trigger),
        factor=to_factor(why.factor),
        quantity_milli=why.quantity_milli,
        not_earning_minor=why.not_earning_minor,
        raised_points=why.raised_points,
        beaten_by=why.beaten_by,
        limits=[
            pb.MetLimit(
                limit=to_limit(usage.limit),
                starts_on="" if usage.starts_on is None else usage.starts_on.isoformat(),
                used=usage.used,
            )
            for usage in why.limits
        ],
        unlimited_points=why.unlimited_points,
        excluded_tax_minor=why.excluded_tax_minor,
        activity_name=why.activity_name,
        accrual=to_accrual(why.accrual, why.effect),
        not_earning_milli=why.not_earning_milli,
    )
