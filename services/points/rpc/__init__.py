"""The servicers, one for each service of the contract: convert, call, convert."""

from services.points.rpc.earning import EarningServicer as EarningServicer
from services.points.rpc.ledger import LedgerServicer as LedgerServicer
from services.points.rpc.program import ProgramServicer as ProgramServicer
from services.points.rpc.sales import SalesServicer as SalesServicer
