"""Earning rules on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import earning_pb2 as pb

from kit.convert import (
    EnumMap,
    integer_of,
    request_id_of,
    text_of,
    timestamp_of,
    uuid_of,
)
from kit.errors import Invalid
from kit.page import Page, PageRequest, page_request
from services.points.convert.common import NAME_LENGTH_MAX, VERSION_MAX
from services.points.convert.earning.terms import terms_of, to_terms
from services.points.domain.commands import (
    ActivateEarningRule,
    CallOffEarningRule,
    CreateEarningRule,
    EndEarningRule,
    ReviseEarningRule,
)
from services.points.domain.earning.rules import KEY_LENGTH_MAX, EarningRule, RuleState

_KEY = re.compile(f"[a-z0-9][a-z0-9_-]{{0,{KEY_LENGTH_MAX - 1}}}")

_RULE_STATE = EnumMap(pb.EarningRuleState, RuleState)


def create_earning_rule(request: pb.CreateEarningRuleRequest) -> CreateEarningRule:
    """A new rule."""
    return CreateEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        terms=terms_of(request.terms),
        key=optional_key(request.key, "key"),
    )


def revise_earning_rule(request: pb.ReviseEarningRuleRequest) -> ReviseEarningRule:
    """A rule's next version."""
    return ReviseEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rule_id=uuid_of(request.rule_id, "rule_id"),
        expected_version=integer_of(request.expected_version, "expected_version", at_least=0, at_most=VERSION_MAX),
        terms=terms_of(request.terms),
    )


def activate_earning_rule(request: pb.ActivateEarningRuleRequest) -> ActivateEarningRule:
    """A draft that is to earn."""
    return ActivateEarningRule(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rule_id=uuid_of(request.rule_id, "rule_id"),
        version=integer_of(request.version, "version", at_least=0, at_most=VERSION_MAX),
    )


def call_off_earning_rule(request: pb.CallOffEarningRuleRequest) -> CallOffEarningRule:
    """A version that is not to begin."""
    return CallOffEarningRule(
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
    page = page_request(request, key_parts=2)
    if page.after:
        text_of(page.after[0], "page_token", length_max=NAME_LENGTH_MAX)
        uuid_of(page.after[1], "page_token")
    return uuid_of(request.program_id, "program_id"), page


def optional_key(text: str, field: str) -> str:
    """What names a rule in its program, or nothing."""
    if text and not _KEY.fullmatch(text):
        raise Invalid(field, f"must have 1 to {KEY_LENGTH_MAX} lower-case letters, digits, - and _, the first no sign")
    return text


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_rule(rule: EarningRule) -> pb.EarningRule:
    """One version of a rule."""
    return pb.EarningRule(
        rule_id=str(rule.rule_id),
        program_id=str(rule.program_id),
        version=rule.version,
        key=rule.key,
        state=_RULE_STATE.to_proto(rule.state),
        terms=to_terms(rule.terms),
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
    """The version that is active now, or scheduled."""
    return pb.ActivateEarningRuleResponse(rule=to_rule(rule))


def call_off_earning_rule_response(rule: EarningRule) -> pb.CallOffEarningRuleResponse:
    """The version that was called off."""
    return pb.CallOffEarningRuleResponse(rule=to_rule(rule))


def end_earning_rule_response(rule: EarningRule) -> pb.EndEarningRuleResponse:
    """The version that has ended."""
    return pb.EndEarningRuleResponse(rule=to_rule(rule))


def get_earning_rule_response(versions: Iterable[EarningRule]) -> pb.GetEarningRuleResponse:
    """All versions of a rule."""
    return pb.GetEarningRuleResponse(versions=[to_rule(rule) for rule in versions])


def list_earning_rules_response(page: Page[EarningRule]) -> pb.ListEarningRulesResponse:
    """A page of rules."""
    return pb.ListEarningRulesResponse(rules=[to_rule(rule) for rule in page.items], next_page_token=page.next_token)


def _optional(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else timestamp_of(instant)
