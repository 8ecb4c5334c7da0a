"""The four services of `points` for those who call several of them."""

from __future__ import annotations

from typing import Any

import grpc
from loyalty.points.v1.earning_pb2_grpc import EarningServiceStub
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceStub
from loyalty.points.v1.program_pb2_grpc import ProgramServiceStub
from loyalty.points.v1.sales_pb2_grpc import SalesServiceStub


class PointsStubs:
    """Their stubs over one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.sales = SalesServiceStub(channel)
        self.ledger = LedgerServiceStub(channel)
        self.earning = EarningServiceStub(channel)
        self.program = ProgramServiceStub(channel)

    def method(self, rpc: str) -> Any:
        """The RPC of that name, of whichever service it is."""
        return next(getattr(stub, rpc) for stub in vars(self).values() if hasattr(stub, rpc))
