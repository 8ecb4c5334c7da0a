"""Points that one member gives to another, in two steps that each touch one member.

    SENT ──credited──▶ DONE            the recipient's account decides, once and for good, in a row of its own
      └───refused────▶ RETURNED        the points go back to the lots that they came from

The sender's account is debited with the row; the recipient's step credits lots with the same expiry, or refuses because
the recipient may not earn any more; then the row ends as that decided. Each step may be taken twice and happens once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.points.domain.errors import TransferLimitExceeded, TransfersNotAllowed, TransferToSelf
from services.points.domain.ledger.accounts import AccountKey, Cause


class TransferState(enum.Enum):
    """How far a transfer is."""

    SENT = "sent"
    DONE = "done"
    RETURNED = "returned"


@dataclass(frozen=True)
class TransferPart:
    """Units that left one lot, with what the recipient's lot takes over of it.

    Where they lapse for inactivity, `available_at` is when the sender was last active: nobody's points grow younger by
    being given away.
    """

    lot_id: UUID
    units: int
    available_at: datetime
    expires_at: datetime | None
    inactivity_days: int | None = None


@dataclass(frozen=True)
class Transfer:
    """Points on their way or arrived. `key` is the sender's account; `sent_on` the UTC day that its limits count."""

    transfer_id: UUID
    key: AccountKey
    recipient_id: UUID
    amount: int
    reason: str
    parts: tuple[TransferPart, ...]
    sent_version: int
    sent_at: datetime
    state: TransferState = TransferState.SENT
    ended_at: datetime | None = None
    returned_version: int | None = None

    @property
    def sent_on(self) -> date:
        """The day on which it counts."""
        return self.sent_at.astimezone(UTC).date()

    @property
    def recipient_key(self) -> AccountKey:
        """The recipient's account."""
        return replace(self.key, member_id=self.recipient_id)

    @property
    def cause(self) -> Cause:
        """What the entries say of why they were made."""
        return cause_of(self.transfer_id, self.reason)


@dataclass(frozen=True)
class Arrival:
    """What the recipient's account decided; never changed. Refused without an entry."""

    transfer_id: UUID
    key: AccountKey
    sender_id: UUID
    amount: int
    entry_version: int | None
    arrived_at: datetime

    @property
    def is_credited(self) -> bool:
        """Whether the points are there."""
        return self.entry_version is not None


@dataclass(frozen=True)
class TransferPolicy:
    """What a program allows per transfer, and per account and UTC day; 0 sets no bound of that kind."""

    points_min: int = 0
    points_max: int = 0
    points_per_day_max: int = 0
    transfers_per_day_max: int = 0
    points_per_recipient_and_day_max: int = 0


@dataclass(frozen=True)
class Sent:
    """What an account has sent on a day already, less what came back."""

    recipient_id: UUID
    amount: int


@dataclass(frozen=True)
class TransferPoints:
    """A member's wish to give points to another."""

    program_id: UUID
    request_id: str
    member_id: UUID
    recipient_id: UUID
    wallet: str
    amount: int
    reason: str


def cause_of(transfer_id: UUID, reason: str) -> Cause:
    """What the entries of a transfer say of why they were made."""
    return Cause(transfer_id=transfer_id, reason=reason)


# ---- Decisions -------------------------------------------------------------------------------------------------------


def expect_allowed(command: TransferPoints, policy: TransferPolicy | None) -> TransferPolicy:
    """Refuses what no day's count makes possible."""
    if policy is None:
        raise TransfersNotAllowed("the program lets nobody transfer points")
    if command.member_id == command.recipient_id:
        raise TransferToSelf("nobody transfers points to themselves")
    if command.amount < policy.points_min:
        raise TransferLimitExceeded("points_min", policy.points_min, command.amount)
    _expect("points_max", policy.points_max, command.amount)
    return policy


def expect_within_day(command: TransferPoints, policy: TransferPolicy, sent: Iterable[Sent]) -> None:
    """Refuses what is more than the day has left; `sent` is what the account has sent today."""
    sent = tuple(sent)
    to_them = sum(each.amount for each in sent if each.recipient_id == command.recipient_id)
    _expect("transfers_per_day_max", policy.transfers_per_day_max, len(sent) + 1)
    _expect("points_per_day_max", policy.points_per_day_max, sum(each.amount for each in sent) + command.amount)
    bound = policy.points_per_recipient_and_day_max
    _expect("points_per_recipient_and_day_max", bound, to_them + command.amount)


def ended(transfer: Transfer, arrival: Arrival, returned_version: int | None, now: datetime) -> Transfer:
    """The transfer as the recipient's decision ends it."""
    state = TransferState.DONE if arrival.is_credited else TransferState.RETURNED
    return replace(transfer, state=state, ended_at=now, returned_version=returned_version)


def _expect(limit: str, bound: int, reached: int) -> None:
    if bound and reached > bound:
        raise TransferLimitExceeded(limit, bound, reached)
