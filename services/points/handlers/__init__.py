"""One method per RPC, named like it; each write owns one transaction whose steps stand in their order.

Replay first, then guards in the order that docs/reference/errors.md documents, then the work, then the answer.
"""

from services.points.handlers.accounts import AccountHandlers
from services.points.handlers.activities import ActivityHandlers
from services.points.handlers.adjustments import AdjustmentHandlers
from services.points.handlers.documents import RuleDocumentHandlers
from services.points.handlers.exchanges import ExchangeHandlers
from services.points.handlers.holds import HoldHandlers
from services.points.handlers.purchases import PurchaseHandlers
from services.points.handlers.rehearsals import RehearsalHandlers
from services.points.handlers.reports import ReportHandlers
from services.points.handlers.returns import ReturnHandlers
from services.points.handlers.rules import RuleHandlers
from services.points.handlers.transfers import TransferHandlers

__all__ = [
    "AccountHandlers",
    "ActivityHandlers",
    "AdjustmentHandlers",
    "ExchangeHandlers",
    "HoldHandlers",
    "PurchaseHandlers",
    "RehearsalHandlers",
    "ReportHandlers",
    "ReturnHandlers",
    "RuleDocumentHandlers",
    "RuleHandlers",
    "TransferHandlers",
]
