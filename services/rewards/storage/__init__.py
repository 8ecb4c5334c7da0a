"""SQL of `rewards`: loads, locks and appends. Takes and gives domain values."""

from services.rewards.storage.transaction import Storage, Transaction

__all__ = ["Storage", "Transaction"]
