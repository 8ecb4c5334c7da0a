"""The goods that change hands: purchases, returns, exchanges."""

from __future__ import annotations

import grpc
from loyalty.points.v1 import sales_pb2 as pb
from loyalty.points.v1.sales_pb2_grpc import SalesServiceServicer

from kit.rpc import call_of, reply, reply_in_part
from services.points.convert.sales import exchanges as convert_exchanges
from services.points.convert.sales import purchases as convert_purchases
from services.points.handlers import (
    ExchangeHandlers,
    PurchaseHandlers,
    ReturnHandlers,
)

Context = grpc.ServicerContext


class SalesServicer(SalesServiceServicer):
    """One short method per RPC, in the order of the contract."""

    def __init__(
        self,
        purchases: PurchaseHandlers,
        returns: ReturnHandlers,
        exchanges: ExchangeHandlers,
    ) -> None:
        self._purchases = purchases
        self._returns = returns
        self._exchanges = exchanges

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
