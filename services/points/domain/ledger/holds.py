"""Holds: what callers ask of them, and what they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.points.domain.ledger.accounts import AccountView, Hold


@dataclass(frozen=True)
class PlaceHold:
    """Sets points aside for `timeout_s` seconds."""

    program_id: UUID
    request_id: str
    member_id: UUID
    wallet: str
    amount: int
    timeout_s: int
    reference: str


@dataclass(frozen=True)
class RestoreCapture:
    """Spends points again under the id of a hold that the ledger lost."""

    program_id: UUID
    request_id: str
    member_id: UUID
    wallet: str
    amount: int
    hold_id: UUID
    reference: str


@dataclass(frozen=True)
class CaptureHold:
    """Spends a hold; `amount` 0 spends all of it."""

    program_id: UUID
    request_id: str
    member_id: UUID
    hold_id: UUID
    amount: int


@dataclass(frozen=True)
class ReleaseHold:
    """Gives a hold back."""

    program_id: UUID
    request_id: str
    member_id: UUID
    hold_id: UUID


@dataclass(frozen=True)
class ReverseCapture:
    """Returns what a hold spent, or a part of it."""

    program_id: UUID
    request_id: str
    member_id: UUID
    hold_id: UUID
    reason: str
    # 0 for all that is left; requests of before had no amount and meant that.
    amount: int = 0


@dataclass(frozen=True)
class HoldAnswer:
    """A hold, and the account after what was asked."""

    hold: Hold
    account: AccountView
