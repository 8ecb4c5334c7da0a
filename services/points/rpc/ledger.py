"""What members hold: accounts, reports, holds, adjustments, transfers."""

from __future__ import annotations

import grpc
from loyalty.points.v1 import ledger_pb2 as pb
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceServicer

from kit.rpc import call_of, reply
from services.points.convert.ledger import accounts as convert_accounts
from services.points.convert.ledger import adjustments as convert_adjustments
from services.points.convert.ledger import holds as convert_holds
from services.points.convert.ledger import reports as convert_reports
from services.points.convert.ledger import transfers as convert_transfers
from services.points.handlers import (
    AccountHandlers,
    AdjustmentHandlers,
    HoldHandlers,
    ReportHandlers,
    TransferHandlers,
)

Context = grpc.ServicerContext


class LedgerServicer(LedgerServiceServicer):
    """One short method per RPC, in the order of the contract."""

    def __init__(
        self,
        accounts: AccountHandlers,
        reports: ReportHandlers,
        holds: HoldHandlers,
        adjustments: AdjustmentHandlers,
        transfers: TransferHandlers,
    ) -> None:
        self._accounts = accounts
        self._reports = reports
        self._holds = holds
        self._adjustments = adjustments
        self._transfers = transfers

    def GetAccount(self, request: pb.GetAccountRequest, context: Context) -> pb.GetAccountResponse:
        view = self._accounts.get_account(*convert_accounts.get_account(request))
        return pb.GetAccountResponse(account=convert_accounts.to_account(view))

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
