"""SQL of `members`: loads, locks and appends. Takes and gives domain values; seals and opens them on the way."""

from services.members.storage.transaction import Storage, Transaction

__all__ = ["Storage", "Transaction"]
