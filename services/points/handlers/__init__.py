"""One method per RPC, named like it; each write owns one transaction whose steps stand in their order.

Replay first, then guards in the order that docs/reference/errors.md documents, then the work, then the answer.
"""

from services.points.handlers.earning.activities import ActivityHandlers
from services.points.handlers.earning.qualifying import QualifyingHandlers
from services.points.handlers.earning.rules import RuleHandlers
from services.points.handlers.ledger.accounts import AccountHandlers
from services.points.handlers.ledger.adjustments import AdjustmentHandlers
from services.points.handlers.ledger.holds import HoldHandlers
from services.points.handlers.ledger.reports import ReportHandlers
from services.points.handlers.ledger.transfers import TransferHandlers
from services.points.handlers.program.documents import RuleDocumentHandlers
from services.points.handlers.program.policy import PolicyHandlers
from services.points.handlers.program.rehearsals import RehearsalHandlers
from services.points.handlers.sales.exchanges import ExchangeHandlers
from services.points.handlers.sales.purchases import PurchaseHandlers
from services.points.handlers.sales.returns import ReturnHandlers

__all__ = [
    "AccountHandlers",
    "ActivityHandlers",
    "AdjustmentHandlers",
    "ExchangeHandlers",
    "HoldHandlers",
    "PolicyHandlers",
    "PurchaseHandlers",
    "QualifyingHandlers",
    "RehearsalHandlers",
    "ReportHandlers",
    "ReturnHandlers",
    "RuleDocumentHandlers",
    "RuleHandlers",
    "TransferHandlers",
]
