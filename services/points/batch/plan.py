"""What an operation has worked out before anything is locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.points.domain.ledger.accounts import AccountKey
from services.points.storage import BookRequest, CounterRequest

# An account to open, or a counter of a limit.
Touch: TypeAlias = BookRequest | CounterRequest


@dataclass(frozen=True)
class Plan:
    """The accounts that an operation touches, and the counters of limits; operations add what else they know."""

    touches: Sequence[Touch]

    @property
    def keys(self) -> list[AccountKey]:
        """The accounts that it touches."""
        return [each.key for each in self.touches if isinstance(each, BookRequest)]
