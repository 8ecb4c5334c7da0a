"""Rehearsals on the wire."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from loyalty.points.v1 import program_pb2 as pb

from kit.convert import EnumMap, integer_of, request_id_of, required_instant, timestamp_of, uuid_of
from kit.errors import Invalid
from services.points.convert.common import wallet_of
from services.points.convert.ledger.reports import VALUE_MAX
from services.points.convert.program.documents import definitions_of
from services.points.domain.program.documents import RuleDefinition
from services.points.domain.program.rehearsals import (
    PointsDifference,
    Rehearsal,
    RehearsalState,
    RehearseEarningRules,
    RuleSum,
)

PERIOD_MAX = timedelta(days=731)
PURCHASES_DEFAULT = 100_000
PURCHASES_MAX = 1_000_000

_STATE = EnumMap(pb.RehearsalState, RehearsalState)


def rehearse_earning_rules(request: pb.RehearseEarningRulesRequest) -> RehearseEarningRules:
    """Rules to rehearse, and on which purchases."""
    start, end = required_instant(request, "occurred_from"), required_instant(request, "occurred_until")
    if not timedelta(0) < end - start <= PERIOD_MAX:
        raise Invalid("occurred_until", f"must be later than occurred_from, by at most {PERIOD_MAX.days} days")
    at_least = 1 if request.value_minor or request.per_points else 0
    return RehearseEarningRules(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rules=_rules(request),
        only=request.only,
        wallet=wallet_of(request.wallet),
        start=start,
        end=end,
        purchases_max=integer_of(request.purchases_max, "purchases_max", at_least=0, at_most=PURCHASES_MAX)
        or PURCHASES_DEFAULT,
        value_minor=integer_of(request.value_minor, "value_minor", at_least=at_least, at_most=VALUE_MAX),
        per_points=integer_of(request.per_points, "per_points", at_least=at_least, at_most=VALUE_MAX),
    )


def _rules(request: pb.RehearseEarningRulesRequest) -> tuple[RuleDefinition, ...]:
    rules = definitions_of(request.rules, "rules")
    for index, rule in enumerate(rules):
        if rule.terms.trigger.is_activity:
            raise Invalid(f"rules[{index}].terms.trigger", "is an activity, and what is rehearsed on are purchases")
    return rules


def get_rehearsal(request: pb.GetRehearsalRequest) -> tuple[UUID, UUID]:
    """Which rehearsal is asked for."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.rehearsal_id, "rehearsal_id")


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_rehearsal(rehearsal: Rehearsal) -> pb.Rehearsal:
    """A rehearsal as it stands."""
    found = rehearsal.comparison
    return pb.Rehearsal(
        rehearsal_id=str(rehearsal.rehearsal_id),
        program_id=str(rehearsal.program_id),
        state=_STATE.to_proto(rehearsal.state),
        wallet=rehearsal.plan.wallet,
        occurred_from=timestamp_of(rehearsal.plan.start),
        occurred_until=timestamp_of(rehearsal.plan.end),
        covered_until=timestamp_of(rehearsal.position.at),
        purchases=found.purchases,
        anonymous=found.anonymous,
        changed=found.changed,
        members=rehearsal.members,
        given=found.given,
        would_give=found.would,
        gained=found.gained,
        lost=found.lost,
        cost_minor=rehearsal.cost_minor,
        rules=[_to_rule(key, each) for key, each in sorted(found.rules.items())],
        top=[_to_difference(each) for each in found.top],
        created_at=timestamp_of(rehearsal.created_at),
        ended_at=None if rehearsal.ended_at is None else timestamp_of(rehearsal.ended_at),
    )


def _to_rule(key: str, rule: RuleSum) -> pb.RehearsedRule:
    return pb.RehearsedRule(key=key, given=rule.given, would_give=rule.would, purchases=rule.purchases)


def _to_difference(difference: PointsDifference) -> pb.RehearsedPurchase:
    return pb.RehearsedPurchase(
        purchase_id=str(difference.purchase_id),
        member_id=str(difference.member_id),
        given=difference.given,
        would_give=difference.would,
    )
