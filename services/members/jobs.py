"""Timed work. Each function does one bounded round and says whether there is more to do at once."""

from __future__ import annotations

from services.members.storage import Storage


def rewrap_data_keys(storage: Storage, *, limit: int) -> bool:
    """Moves members' keys from a retired master key to the present one, after which the old one can be thrown away."""
    with storage.transaction() as tx:
        return tx.members.rewrap_data_keys(limit=limit) == limit
