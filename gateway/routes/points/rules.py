"""Earning rules and the program's policy."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import earning_pb2 as pb
from loyalty.points.v1 import program_pb2

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import page_reply, reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.base import NoFields, PageQuery
from gateway.wire.enums import number_of
from gateway.wire.points.inactivity import to_activities
from gateway.wire.points.rules import (
    ActivateBody,
    CallOffBody,
    EarningRule,
    EarningRulePage,
    EarningRuleVersions,
    NewEarningRule,
    NewRuleVersion,
    Policy,
    ProgramPolicy,
    RulePath,
    policy_of,
    rule_of,
)


@route(blueprint, responses={HTTPStatus.CREATED: EarningRule})
def create_earning_rule(body: NewEarningRule) -> Response:
    """Write a new rule, version 1, as a draft"""
    request = pb.CreateEarningRuleRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        terms=body.terms.to_proto(),
        key=body.key,
    )
    answered = write(suite().clients.points.earning.CreateEarningRule, request)
    rule = answered.response.rule
    location = f"/v1/earning-rules/{rule.rule_id}"
    return reply(rule_of(rule), HTTPStatus.CREATED, version=rule.version, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: EarningRulePage})
def list_earning_rules(query: PageQuery) -> Response:
    """List the rules by name, each in its latest version"""
    request = pb.ListEarningRulesRequest(
        program_id=request_context().program_id, page_size=query.limit, page_token=query.cursor
    )
    page = read(suite().clients.points.earning.ListEarningRules, request)
    model = EarningRulePage(items=[rule_of(rule) for rule in page.rules], next_cursor=page.next_page_token or None)
    return page_reply(model, page.next_page_token)


@route(blueprint, responses={HTTPStatus.OK: EarningRuleVersions})
def get_earning_rule(path: RulePath) -> Response:
    """Read a rule with all its versions; the ETag is the latest"""
    request = pb.GetEarningRuleRequest(program_id=request_context().program_id, rule_id=path.rule_id)
    versions = read(suite().clients.points.earning.GetEarningRule, request).versions
    return reply(EarningRuleVersions(versions=[rule_of(rule) for rule in versions]), version=versions[0].version)


@route(blueprint, responses={HTTPStatus.CREATED: EarningRule})
def revise_earning_rule(path: RulePath, body: NewRuleVersion) -> Response:
    """Write the next version of a rule, as a draft; a draft is replaced, an active version is never edited"""
    request = pb.ReviseEarningRuleRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        rule_id=path.rule_id,
        expected_version=request_context().expected_version,
        terms=body.terms.to_proto(),
    )
    answered = write(suite().clients.points.earning.ReviseEarningRule, request)
    rule = answered.response.rule
    return reply(rule_of(rule), HTTPStatus.CREATED, version=rule.version, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: EarningRule})
def activate_earning_rule(path: RulePath, body: ActivateBody) -> Response:
    """Let a draft earn from its beginning on; the version that was active before earns until then"""
    request = pb.ActivateEarningRuleRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        rule_id=path.rule_id,
        version=body.version,
    )
    answered = write(suite().clients.points.earning.ActivateEarningRule, request)
    return reply(rule_of(answered.response.rule), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: EarningRule})
def call_off_earning_rule(path: RulePath, body: CallOffBody) -> Response:
    """Call a scheduled version off before it begins; the version before it earns on"""
    request = pb.CallOffEarningRuleRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        rule_id=path.rule_id,
        version=body.version,
    )
    answered = write(suite().clients.points.earning.CallOffEarningRule, request)
    return reply(rule_of(answered.response.rule), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: EarningRule})
def end_earning_rule(path: RulePath, body: NoFields) -> Response:
    """End the active version of a rule now, and call off those that are scheduled"""
    request = pb.EndEarningRuleRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        rule_id=path.rule_id,
    )
    answered = write(suite().clients.points.earning.EndEarningRule, request)
    return reply(rule_of(answered.response.rule), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: ProgramPolicy})
def get_program_policy() -> Response:
    """Read how the program treats its accounts"""
    request = program_pb2.GetProgramPolicyRequest(program_id=request_context().program_id)
    policy = read(suite().clients.points.program.GetProgramPolicy, request).policy
    return reply(policy_of(policy), version=policy.version)


@route(blueprint, responses={HTTPStatus.OK: ProgramPolicy})
def set_program_policy(body: Policy) -> Response:
    """Set how the program treats its accounts from now on; the whole of it is replaced"""
    program_id = request_context().program_id
    policy = program_pb2.ProgramPolicy(
        program_id=program_id,
        shortfall=number_of(program_pb2.ShortfallPolicy, body.shortfall),
        adjustment_limit=body.adjustment_limit,
        transfers=body.transfers.to_proto() if body.transfers else None,
        unspendable_wallets=body.unspendable_wallets,
        inactivity_activities=to_activities(body.inactivity_activities),
        time_zone=body.time_zone,
    )
    request = program_pb2.SetProgramPolicyRequest(
        program_id=program_id,
        request_id=request_context().idempotency_key,
        policy=policy,
        expected_version=request_context().expected_version,
    )
    answered = write(suite().clients.points.program.SetProgramPolicy, request)
    policy = answered.response.policy
    return reply(policy_of(policy), version=policy.version, replayed=answered.replayed)
