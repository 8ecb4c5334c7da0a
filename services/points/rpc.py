"""The servicer: convert, call, convert."""

from __future__ import annotations

import grpc
from loyalty.points.v1 import points_pb2 as pb
from loyalty.points.v1 import points_pb2_grpc

from kit.rpc import call_of, reply, reply_in_part
from services.points.convert.earning import activities as convert_activities
from services.points.convert.earning import qualifying as convert_qualifying
from services.points.convert.earning import rules as convert_rules
from services.points.convert.ledger import accounts as convert_accounts
from services.points.convert.ledger import adjustments as convert_adjustments
from services.points.convert.ledger import holds as convert_holds
from services.points.convert.ledger import reports as convert_reports
from services.points.convert.ledger import transfers as convert_transfers
from services.points.convert.program import documents as convert_documents
from services.points.convert.program import rehearsals as convert_rehearsals
from services.points.convert.sales import exchanges as convert_exchanges
from services.points.convert.sales import purchases as convert_purchases
from services.points.handlers import (
    AccountHandlers,
    ActivityHandlers,
    AdjustmentHandlers,
    ExchangeHandlers,
    HoldHandlers,
    PurchaseHandlers,
    RehearsalHandlers,
    ReportHandlers,
    ReturnHandlers,
    RuleDocumentHandlers,
    RuleHandlers,
    TransferHandlers,
)

Context = grpc.ServicerContext


class PointsServicer(points_pb2_grpc.PointsServiceServicer):
    """One short method per RPC, in the order of the contract."""

    def __init__(
        self,
        purchases: PurchaseHandlers,
        returns: ReturnHandlers,
        activities: ActivityHandlers,
        accounts: AccountHandlers,
        adjustments: AdjustmentHandlers,
        transfers: TransferHandlers,
        holds: HoldHandlers,
        rules: RuleHandlers,
        reports: ReportHandlers,
        documents: RuleDocumentHandlers,
        rehearsals: RehearsalHandlers,
        exchanges: ExchangeHandlers,
    ) -> None:
        self._purchases = purchases
        self._returns = returns
        self._activities = activities
        self._accounts = accounts
        self._adjustments = adjustments
        self._transfers = transfers
        self._holds = holds
        self._rules = rules
        self._reports = reports
        self._documents = documents
        self._rehearsals = rehearsals
        self._exchanges = exchanges

    # -- Purchases and returns ---------------------------------------------------------------------------------------

    def RecordPurchase(self, request: pb.RecordPurchaseRequest, context: Context) -> pb.RecordPurchaseResponse:
        outcome = self._purchases.record_purchase(call_of(context), convert_purchases.record_purchase(request))
        return reply(context, outcome, convert_purchases.record_purchase_response)

    def RecordPurchases(self, request: pb.RecordPurchasesRequest, context: Context) -> pb.RecordPurchasesResponse:
        call = call_of(context)
        results = self._purchases.record_purchases(call, convert_purchases.record_purchases(request))
        parts = (reply_in_part(call, result, convert_purchases.record_purchase_response) for result in results)
        return pb.RecordPurchasesResponse(results=[convert_purchases.to_result(*part) for part in parts])

    def PreviewPurchase(self, request: pb.PreviewPurchaseRequest, context: Context) -> pb.PreviewPurchaseResponse:
        answer = self._purchases.preview_purchase(call_of(context), convert_purchases.preview_purchase(request))
        return convert_purchases.preview_purchase_response(answer)

    def GetPurchase(self, request: pb.GetPurchaseRequest, context: Context) -> pb.GetPurchaseResponse:
        answer = self._purchases.get_purchase(convert_purchases.get_purchase(request))
        return convert_purchases.get_purchase_response(answer)

    def ClaimPurchase(self, request: pb.ClaimPurchaseRequest, context: Context) -> pb.ClaimPurchaseResponse:
        outcome = self._purchases.claim_purchase(call_of(context), convert_purchases.claim_purchase(request))
        return reply(context, outcome, convert_purchases.claim_purchase_response)

    def RecordReturn(self, request: pb.RecordReturnRequest, context: Context) -> pb.RecordReturnResponse:
        outcome = self._returns.record_return(call_of(context), convert_purchases.record_return(request))
        return reply(context, outcome, convert_purchases.record_return_response)

    def RecordExchange(self, request: pb.RecordExchangeRequest, context: Context) -> pb.RecordExchangeResponse:
        outcome = self._exchanges.record_exchange(call_of(context), convert_exchanges.record_exchange(request))
        return reply(context, outcome, convert_exchanges.record_exchange_response)

    def RecordActivity(self, request: pb.RecordActivityRequest, context: Context) -> pb.RecordActivityResponse:
        outcome = self._activities.record_activity(call_of(context), convert_activities.record_activity(request))
        return reply(context, outcome, convert_activities.record_activity_response)

    def GetActivity(self, request: pb.GetActivityRequest, context: Context) -> pb.GetActivityResponse:
        found = self._activities.get_activity(*convert_activities.get_activity(request))
        return pb.GetActivityResponse(activity=convert_activities.to_activity(found))

    # -- Accounts, holds, adjustments --------------------------------------------------------------------------------

    def GetAccount(self, request: pb.GetAccountRequest, context: Context) -> pb.GetAccountResponse:
        view = self._accounts.get_account(*convert_accounts.get_account(request))
        return pb.GetAccountResponse(account=convert_accounts.to_account(view))

    def GetQualifyingSums(self, request: pb.GetQualifyingSumsRequest, context: Context) -> pb.GetQualifyingSumsResponse:
        found = self._accounts.get_qualifying_sums(*convert_qualifying.get_qualifying_sums(request))
        return convert_qualifying.get_qualifying_sums_response(found)

    def ListEntries(self, request: pb.ListEntriesRequest, context: Context) -> pb.ListEntriesResponse:
        page = self._accounts.list_entries(*convert_accounts.list_entries(request))
        return convert_accounts.list_entries_response(page)

    def GetStatement(self, request: pb.GetStatementRequest, context: Context) -> pb.GetStatementResponse:
        answer = self._reports.get_statement(*convert_reports.get_statement(request))
        return convert_reports.get_statement_response(answer)

    def GetLiability(self, request: pb.GetLiabilityRequest, context: Context) -> pb.GetLiabilityResponse:
        answer = self._reports.get_liability(*convert_reports.get_liability(request))
        return convert_reports.get_liability_response(answer)

    def PlaceHold(self, request: pb.PlaceHoldRequest, context: Context) -> pb.PlaceHoldResponse:
        outcome = self._holds.place_hold(call_of(context), convert_holds.place_hold(request))
        return reply(context, outcome, convert_holds.place_hold_response)

    def CaptureHold(self, request: pb.CaptureHoldRequest, context: Context) -> pb.CaptureHoldResponse:
        outcome = self._holds.capture_hold(call_of(context), convert_holds.capture_hold(request))
        return reply(context, outcome, convert_holds.capture_hold_response)

    def ReleaseHold(self, request: pb.ReleaseHoldRequest, context: Context) -> pb.ReleaseHoldResponse:
        outcome = self._holds.release_hold(call_of(context), convert_holds.release_hold(request))
        return reply(context, outcome, convert_holds.release_hold_response)

    def ReverseCapture(self, request: pb.ReverseCaptureRequest, context: Context) -> pb.ReverseCaptureResponse:
        outcome = self._holds.reverse_capture(call_of(context), convert_holds.reverse_capture(request))
        return reply(context, outcome, convert_holds.reverse_capture_response)

    def RestoreCapture(self, request: pb.RestoreCaptureRequest, context: Context) -> pb.RestoreCaptureResponse:
        outcome = self._holds.restore_capture(call_of(context), convert_holds.restore_capture(request))
        return reply(context, outcome, convert_holds.restore_capture_response)

    def GetHold(self, request: pb.GetHoldRequest, context: Context) -> pb.GetHoldResponse:
        return pb.GetHoldResponse(hold=convert_holds.to_hold(self._holds.get_hold(*convert_holds.get_hold(request))))

    def AdjustPoints(self, request: pb.AdjustPointsRequest, context: Context) -> pb.AdjustPointsResponse:
        outcome = self._accounts.adjust_points(call_of(context), convert_accounts.adjust_points(request))
        return reply(context, outcome, convert_accounts.adjust_points_response)

    def RequestAdjustment(self, request: pb.RequestAdjustmentRequest, context: Context) -> pb.RequestAdjustmentResponse:
        command = convert_adjustments.request_adjustment(request)
        outcome = self._adjustments.request_adjustment(call_of(context), command)
        return reply(context, outcome, convert_adjustments.request_adjustment_response)

    def ApproveAdjustment(self, request: pb.ApproveAdjustmentRequest, context: Context) -> pb.ApproveAdjustmentResponse:
        command = convert_adjustments.approve_adjustment(request)
        outcome = self._adjustments.approve_adjustment(call_of(context), command)
        return reply(context, outcome, convert_adjustments.approve_adjustment_response)

    def RejectAdjustment(self, request: pb.RejectAdjustmentRequest, context: Context) -> pb.RejectAdjustmentResponse:
        command = convert_adjustments.reject_adjustment(request)
        outcome = self._adjustments.reject_adjustment(call_of(context), command)
        return reply(context, outcome, convert_adjustments.reject_adjustment_response)

    def GetAdjustment(self, request: pb.GetAdjustmentRequest, context: Context) -> pb.GetAdjustmentResponse:
        found = self._adjustments.get_adjustment(*convert_adjustments.get_adjustment(request))
        return pb.GetAdjustmentResponse(adjustment=convert_adjustments.to_adjustment(found))

    def ListAdjustments(self, request: pb.ListAdjustmentsRequest, context: Context) -> pb.ListAdjustmentsResponse:
        page = self._adjustments.list_adjustments(*convert_adjustments.list_adjustments(request))
        return convert_adjustments.list_adjustments_response(page)

    def TransferPoints(self, request: pb.TransferPointsRequest, context: Context) -> pb.TransferPointsResponse:
        outcome = self._transfers.transfer_points(call_of(context), convert_transfers.transfer_points(request))
        return reply(context, outcome, convert_transfers.transfer_points_response)

    def GetTransfer(self, request: pb.GetTransferRequest, context: Context) -> pb.GetTransferResponse:
        found = self._transfers.get_transfer(*convert_transfers.get_transfer(request))
        return pb.GetTransferResponse(transfer=convert_transfers.to_transfer(found))

    def ListTransfers(self, request: pb.ListTransfersRequest, context: Context) -> pb.ListTransfersResponse:
        page = self._transfers.list_transfers(*convert_transfers.list_transfers(request))
        return convert_transfers.list_transfers_response(page)

    # -- Earning rules and policy ------------------------------------------------------------------------------------

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
            context, outcome, lambda begun: pb.RehearseEarningRulesResponse(rehearsal_id=str(begun.rehearsal_id))
        )

    def GetRehearsal(self, request: pb.GetRehearsalRequest, context: Context) -> pb.GetRehearsalResponse:
        rehearsal = self._rehearsals.get_rehearsal(*convert_rehearsals.get_rehearsal(request))
        return pb.GetRehearsalResponse(rehearsal=convert_rehearsals.to_rehearsal(rehearsal))

    def GetProgramPolicy(self, request: pb.GetProgramPolicyRequest, context: Context) -> pb.GetProgramPolicyResponse:
        policy = self._rules.get_program_policy(convert_rules.get_program_policy(request))
        return pb.GetProgramPolicyResponse(policy=convert_rules.to_policy(policy))

    def SetProgramPolicy(self, request: pb.SetProgramPolicyRequest, context: Context) -> pb.SetProgramPolicyResponse:
        outcome = self._rules.set_program_policy(call_of(context), convert_rules.set_program_policy(request))
        return reply(context, outcome, convert_rules.set_program_policy_response)
