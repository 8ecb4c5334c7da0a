"""SQL: loads, locks and appends. Gives domain values, never rows."""

from services.points.storage.accounts import BookRequest
from services.points.storage.standings import Setting
from services.points.storage.transaction import Storage, Transaction

__all__ = ["BookRequest", "Setting", "Storage", "Transaction"]
