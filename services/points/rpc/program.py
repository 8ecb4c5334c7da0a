"""What a program decides: rule documents, rehearsals, its policy."""

from __future__ import annotations

import grpc
from loyalty.points.v1 import program_pb2 as pb
from loyalty.points.v1.program_pb2_grpc import ProgramServiceServicer

from kit.rpc import call_of, reply
from services.points.convert.program import documents as convert_documents
from services.points.convert.program import policy as convert_policy
from services.points.convert.program import rehearsals as convert_rehearsals
from services.points.handlers import (
    PolicyHandlers,
    RehearsalHandlers,
    RuleDocumentHandlers,
)

Context = grpc.ServicerContext


class ProgramServicer(ProgramServiceServicer):
    """One short method per RPC, in the order of the contract."""

    def __init__(
        self,
        documents: RuleDocumentHandlers,
        rehearsals: RehearsalHandlers,
        policies: PolicyHandlers,
    ) -> None:
        self._documents = documents
        self._rehearsals = rehearsals
        self._policies = policies

    def ExportEarningRules(
        self, request: pb.ExportEarningRulesRequest, context: Context
    ) -> pb.ExportEarningRulesResponse:
        rules = self._documents.export_earning_rules(*convert_documents.export_earning_rules(request))
        return convert_documents.export_earning_rules_response(rules)

    def DiffEarningRules(self, request: pb.DiffEarningRulesRequest, context: Context) -> pb.DiffEarningRulesResponse:
        changes = self._documents.diff_earning_rules(*convert_documents.diff_earning_rules(request))
        return convert_documents.diff_earning_rules_response(changes)

    def ImportEarningRules(
        self, request: pb.ImportEarningRulesRequest, context: Context
    ) -> pb.ImportEarningRulesResponse:
        outcome = self._documents.import_earning_rules(
            call_of(context), convert_documents.import_earning_rules(request)
        )
        return reply(context, outcome, convert_documents.import_earning_rules_response)

    def RehearseEarningRules(
        self, request: pb.RehearseEarningRulesRequest, context: Context
    ) -> pb.RehearseEarningRulesResponse:
        command = convert_rehearsals.rehearse_earning_rules(request)
        outcome = self._rehearsals.rehearse_earning_rules(call_of(context), command)
        return reply(
            context,
            outcome,
            lambda begun: pb.RehearseEarningRulesResponse(rehearsal_id=str(begun.rehearsal_id)),
        )

    def GetRehearsal(self, request: pb.GetRehearsalRequest, context: Context) -> pb.GetRehearsalResponse:
        rehearsal = self._rehearsals.get_rehearsal(*convert_rehearsals.get_rehearsal(request))
        return pb.GetRehearsalResponse(rehearsal=convert_rehearsals.to_rehearsal(rehearsal))

    def GetProgramPolicy(self, request: pb.GetProgramPolicyRequest, context: Context) -> pb.GetProgramPolicyResponse:
        policy = self._policies.get_program_policy(convert_policy.get_program_policy(request))
        return pb.GetProgramPolicyResponse(policy=convert_policy.to_policy(policy))

    def SetProgramPolicy(self, request: pb.SetProgramPolicyRequest, context: Context) -> pb.SetProgramPolicyResponse:
        outcome = self._policies.set_program_policy(call_of(context), convert_policy.set_program_policy(request))
        return reply(context, outcome, convert_policy.set_program_policy_response)
