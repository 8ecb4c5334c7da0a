"""SQL: loads, locks and appends. Gives domain values, never rows."""

from services.points.storage.earning.counters import CounterRequest
from services.points.storage.known_members import Setting, Whose
from services.points.storage.ledger.accounts import BookRequest
from services.points.storage.sales.purchases import PurchaseHistory, Recorded
from services.points.storage.transaction import Storage, Transaction

__all__ = ["BookRequest", "CounterRequest", "PurchaseHistory", "Recorded", "Setting", "Storage", "Transaction", "Whose"]
