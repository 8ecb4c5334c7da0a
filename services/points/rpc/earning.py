"""What earns: activities, qualifying units, rules."""

from __future__ import annotations

import grpc
from loyalty.points.v1 import earning_pb2 as pb
from loyalty.points.v1.earning_pb2_grpc import EarningServiceServicer

from kit.rpc import call_of, reply
from services.points.convert.earning import activities as convert_activities
from services.points.convert.earning import qualifying as convert_qualifying
from services.points.convert.earning import rules as convert_rules
from services.points.handlers import (
    ActivityHandlers,
    QualifyingHandlers,
    RuleHandlers,
)

Context = grpc.ServicerContext


class EarningServicer(EarningServiceServicer):
    """One short method per RPC, in the order of the contract."""

    def __init__(
        self,
        activities: ActivityHandlers,
        qualifying: QualifyingHandlers,
        rules: RuleHandlers,
    ) -> None:
        self._activities = activities
        self._qualifying = qualifying
        self._rules = rules

    def RecordActivity(self, request: pb.RecordActivityRequest, context: Context) -> pb.RecordActivityResponse:
        outcome = self._activities.record_activity(call_of(context), convert_activities.record_activity(request))
        return reply(context, outcome, convert_activities.record_activity_response)

    def GetActivity(self, request: pb.GetActivityRequest, context: Context) -> pb.GetActivityResponse:
        found = self._activities.get_activity(*convert_activities.get_activity(request))
        return pb.GetActivityResponse(activity=convert_activities.to_activity(found))

    def GetQualifyingSums(self, request: pb.GetQualifyingSumsRequest, context: Context) -> pb.GetQualifyingSumsResponse:
        found = self._qualifying.get_qualifying_sums(*convert_qualifying.get_qualifying_sums(request))
        return convert_qualifying.get_qualifying_sums_response(found)

    def CreateEarningRule(self, request: pb.CreateEarningRuleRequest, context: Context) -> pb.CreateEarningRuleResponse:
        outcome = self._rules.create_earning_rule(call_of(context), convert_rules.create_earning_rule(request))
        return reply(context, outcome, convert_rules.create_earning_rule_response)

    def ReviseEarningRule(self, request: pb.ReviseEarningRuleRequest, context: Context) -> pb.ReviseEarningRuleResponse:
        outcome = self._rules.revise_earning_rule(call_of(context), convert_rules.revise_earning_rule(request))
        return reply(context, outcome, convert_rules.revise_earning_rule_response)

    def ActivateEarningRule(
        self, request: pb.ActivateEarningRuleRequest, context: Context
    ) -> pb.ActivateEarningRuleResponse:
        outcome = self._rules.activate_earning_rule(call_of(context), convert_rules.activate_earning_rule(request))
        return reply(context, outcome, convert_rules.activate_earning_rule_response)

    def CallOffEarningRule(
        self, request: pb.CallOffEarningRuleRequest, context: Context
    ) -> pb.CallOffEarningRuleResponse:
        outcome = self._rules.call_off_earning_rule(call_of(context), convert_rules.call_off_earning_rule(request))
        return reply(context, outcome, convert_rules.call_off_earning_rule_response)

    def EndEarningRule(self, request: pb.EndEarningRuleRequest, context: Context) -> pb.EndEarningRuleResponse:
        outcome = self._rules.end_earning_rule(call_of(context), convert_rules.end_earning_rule(request))
        return reply(context, outcome, convert_rules.end_earning_rule_response)

    def GetEarningRule(self, request: pb.GetEarningRuleRequest, context: Context) -> pb.GetEarningRuleResponse:
        versions = self._rules.get_earning_rule(*convert_rules.get_earning_rule(request))
        return convert_rules.get_earning_rule_response(versions)

    def ListEarningRules(self, request: pb.ListEarningRulesRequest, context: Context) -> pb.ListEarningRulesResponse:
        page = self._rules.list_earning_rules(*convert_rules.list_earning_rules(request))
        return convert_rules.list_earning_rules_response(page)
