"""Earning rules, what they made of a purchase, and program policies on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import points_pb2 as pb

from kit.convert import (
    EnumMap,
    currency_of,
    integer_of,
    optional_enum,
    optional_instant,
    request_id_of,
    text_of,
    timestamp_of,
    uuid_of,
)
from kit.errors import Invalid
from kit.page import Page, PageRequest, page_request
from services.points.convert.common import NAME_LENGTH_MAX, wallet_of
from services.points.domain.commands import (
    ActivateEarningRule,
    CreateEarningRule,
    EndEarningRule,
    ReviseEarningRule,
    SetProgramPolicy,
)
from services.points.domain.policy import ProgramPolicy, Shortfall
from services.points.domain.rules import Earning, EarningRule, EarningTerms, LineVerdict, Rounding, RuleState
from services.points.domain.sentences import earning_sentence

RATE_POINTS_MAX = 1_000_000
RATE_MONEY_MINOR_MAX = 1_000_000_000
EXCLUSIONS_MAX = 1_000
PENDING_DAYS_MAX = 3_650
EXPIRY_DAYS_MAX = 36_500
VERSION_MAX = 2**31

_ROUNDING = EnumMap(pb.Rounding, Rounding)
_RULE_STATE = EnumMap(pb.EarningRuleState, RuleState)
_LINE_VERDICT = EnumMap(pb.LineVerdict, LineVerdict)
_SHORTFALL = EnumMap(pb.ShortfallPolicy, Shortfall)


def create_earning_rule(request: pb.CreateEarningRuleRequest) -> CreateEarningRule:
    """A new rule."""
    return CreateEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        terms=_terms(request.terms),
    )


def revise_earning_rule(request: pb.ReviseEarningRuleRequest) -> ReviseEarningRule:
    """A rule's next version."""
    return ReviseEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rule_id=uuid_of(request.rule_id, "rule_id"),
        expected_version=integer_of(request.expected_version, "expected_version", at_least=0, at_most=VERSION_MAX),
        terms=_terms(request.terms),
    )


def activate_earning_rule(request: pb.ActivateEarningRuleRequest) -> ActivateEarningRule:
    """A draft that is to earn."""
    return ActivateEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rule_id=uuid_of(request.rule_id, "rule_id"),
        version=integer_of(request.version, "version", at_least=0, at_most=VERSION_MAX),
    )


def end_earning_rule(request: pb.EndEarningRuleRequest) -> EndEarningRule:
    """A rule that is to end."""
    return EndEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rule_id=uuid_of(request.rule_id, "rule_id"),
    )


def get_earning_rule(request: pb.GetEarningRuleRequest) -> tuple[UUID, UUID]:
    """Which rule is asked for."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.rule_id, "rule_id")


def list_earning_rules(request: pb.ListEarningRulesRequest) -> tuple[UUID, PageRequest]:
    """Which page of the rules is asked for."""
    page = page_request(request.page_size, request.page_token, key_parts=2)
    if page.after:
        text_of(page.after[0], "page_token", length_max=NAME_LENGTH_MAX)
        uuid_of(page.after[1], "page_token")
    return uuid_of(request.program_id, "program_id"), page


def get_program_policy(request: pb.GetProgramPolicyRequest) -> UUID:
    """Whose policy is asked for."""
    return uuid_of(request.program_id, "program_id")


def set_program_policy(request: pb.SetProgramPolicyRequest) -> SetProgramPolicy:
    """A program's choices."""
    return SetProgramPolicy(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        shortfall=_SHORTFALL.to_domain(request.policy.shortfall, "policy.shortfall"),
    )


def _terms(terms: pb.EarningTerms) -> EarningTerms:
    starts_at = optional_instant(terms, "starts_at", "terms.starts_at")
    ends_at = optional_instant(terms, "ends_at", "terms.ends_at")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("terms.ends_at", "must be after starts_at")
    return EarningTerms(
        name=text_of(terms.name, "terms.name", length_max=NAME_LENGTH_MAX),
        points=integer_of(terms.points, "terms.points", at_least=1, at_most=RATE_POINTS_MAX),
        per_amount_minor=integer_of(
            terms.per_amount_minor, "terms.per_amount_minor", at_least=1, at_most=RATE_MONEY_MINOR_MAX
        ),
        currency=currency_of(terms.currency, "terms.currency"),
        excluded_skus=_exclusions(terms.excluded_skus, "terms.excluded_skus"),
        excluded_categories=_exclusions(terms.excluded_categories, "terms.excluded_categories"),
        starts_at=starts_at,
        ends_at=ends_at,
        rounding=optional_enum(terms.rounding, "terms.rounding", _ROUNDING) or Rounding.DOWN,
        pending_days=integer_of(terms.pending_days, "terms.pending_days", at_least=0, at_most=PENDING_DAYS_MAX),
        expiry_days=integer_of(terms.expiry_days, "terms.expiry_days", at_least=0, at_most=EXPIRY_DAYS_MAX),
        wallet=wallet_of(terms.wallet, "terms.wallet"),
    )


def _exclusions(values: Sequence[str], field: str) -> tuple[str, ...]:
    if len(values) > EXCLUSIONS_MAX:
        raise Invalid(field, f"must have at most {EXCLUSIONS_MAX} items")
    return tuple(text_of(value, f"{field}[{index}]", length_max=NAME_LENGTH_MAX) for index, value in enumerate(values))


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_rule(rule: EarningRule) -> pb.EarningRule:
    """One version of a rule."""
    return pb.EarningRule(
        rule_id=str(rule.rule_id),
        program_id=str(rule.program_id),
        version=rule.version,
        state=_RULE_STATE.to_proto(rule.state),
        terms=_to_terms(rule.terms),
        created_at=timestamp_of(rule.created_at),
        activated_at=_optional(rule.activated_at),
        ended_at=_optional(rule.ended_at),
        effective_from=_optional(rule.effective_from),
        effective_until=_optional(rule.effective_until),
    )


def create_earning_rule_response(rule: EarningRule) -> pb.CreateEarningRuleResponse:
    """The draft."""
    return pb.CreateEarningRuleResponse(rule=to_rule(rule))


def revise_earning_rule_response(rule: EarningRule) -> pb.ReviseEarningRuleResponse:
    """The draft."""
    return pb.ReviseEarningRuleResponse(rule=to_rule(rule))


def activate_earning_rule_response(rule: EarningRule) -> pb.ActivateEarningRuleResponse:
    """The version that is active now."""
    return pb.ActivateEarningRuleResponse(rule=to_rule(rule))


def end_earning_rule_response(rule: EarningRule) -> pb.EndEarningRuleResponse:
    """The version that has ended."""
    return pb.EndEarningRuleResponse(rule=to_rule(rule))


def get_earning_rule_response(versions: Iterable[EarningRule]) -> pb.GetEarningRuleResponse:
    """All versions of a rule."""
    return pb.GetEarningRuleResponse(versions=[to_rule(rule) for rule in versions])


def list_earning_rules_response(page: Page[EarningRule]) -> pb.ListEarningRulesResponse:
    """A page of rules."""
    return pb.ListEarningRulesResponse(rules=[to_rule(rule) for rule in page.items], next_page_token=page.next_token)


def to_policy(policy: ProgramPolicy) -> pb.ProgramPolicy:
    """A program's choices."""
    return pb.ProgramPolicy(program_id=str(policy.program_id), shortfall=_SHORTFALL.to_proto(policy.shortfall))


def set_program_policy_response(policy: ProgramPolicy) -> pb.SetProgramPolicyResponse:
    """The policy as it was set."""
    return pb.SetProgramPolicyResponse(policy=to_policy(policy))


def to_earning(earning: Earning) -> pb.Earning:
    """What a rule made of a purchase, and why."""
    why = earning.explanation
    return pb.Earning(
        rule_id=str(earning.rule_id),
        rule_version=earning.rule_version,
        rule_name=earning.rule_name,
        points=earning.points,
        wallet=earning.wallet,
        available_at=timestamp_of(earning.available_at),
        expires_at=_optional(earning.expires_at),
        explanation=pb.Explanation(
            sentence=earning_sentence(earning),
            eligible_amount_minor=why.eligible_amount_minor,
            currency=why.currency,
            points=why.points,
            per_amount_minor=why.per_amount_minor,
            rounding=_ROUNDING.to_proto(why.rounding),
            lines=[
                pb.LineExplanation(
                    line_id=line.line_id,
                    amount_minor=line.amount_minor,
                    verdict=_LINE_VERDICT.to_proto(line.verdict),
                )
                for line in why.lines
            ],
        ),
    )


def _to_terms(terms: EarningTerms) -> pb.EarningTerms:
    return pb.EarningTerms(
        name=terms.name,
        points=terms.points,
        per_amount_minor=terms.per_amount_minor,
        currency=terms.currency,
        excluded_skus=terms.excluded_skus,
        excluded_categories=terms.excluded_categories,
        starts_at=_optional(terms.starts_at),
        ends_at=_optional(terms.ends_at),
        rounding=_ROUNDING.to_proto(terms.rounding),
        pending_days=terms.pending_days,
        expiry_days=terms.expiry_days,
        wallet=terms.wallet,
    )


def _optional(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else timestamp_of(instant)
