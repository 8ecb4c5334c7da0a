"""The ledger's values: accounts, entries, lots and holds. `domain/ledger/book.py` holds the arithmetic on them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from kit.texts import FREE_TEXT
from services.points.domain.earning.earnings import Earning


class EntryKind(enum.Enum):
    """The kinds of movements."""

    EARN = "earn"
    RETURN = "return"
    SPEND = "spend"
    REVERSAL = "reversal"
    EXPIRY = "expiry"
    ADJUSTMENT = "adjustment"
    RECOVERY = "recovery"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_BACK = "transfer_back"


class Contra(enum.Enum):
    """The program's side of an entry: where the points came from or went."""

    ISSUED = "issued"
    SPENT = "spent"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    TRANSFERRED = "transferred"


CONTRA_OF = {
    EntryKind.EARN: Contra.ISSUED,
    EntryKind.RETURN: Contra.ISSUED,
    EntryKind.RECOVERY: Contra.ISSUED,
    EntryKind.SPEND: Contra.SPENT,
    EntryKind.REVERSAL: Contra.SPENT,
    EntryKind.EXPIRY: Contra.EXPIRED,
    EntryKind.ADJUSTMENT: Contra.ADJUSTED,
    EntryKind.TRANSFER_OUT: Contra.TRANSFERRED,
    EntryKind.TRANSFER_IN: Contra.TRANSFERRED,
    EntryKind.TRANSFER_BACK: Contra.TRANSFERRED,
}


@dataclass(frozen=True)
class AccountKey:
    """One member's account in one wallet."""

    program_id: UUID
    member_id: UUID
    wallet: str


@dataclass(frozen=True)
class Account:
    """The head of an account.

    posted = sum of its entries = what remains in its lots − deficit. `owed` is what returns left to be taken from the
    next credits where the program's policy keeps accounts from going below zero. `active_at` is when the latest
    movement that counted as activity occurred; it only grows. No lot ends for inactivity before `inactivity_due_at`.
    """

    key: AccountKey
    posted: int = 0
    deficit: int = 0
    owed: int = 0
    version: int = 0
    active_at: datetime | None = None
    inactivity_due_at: datetime | None = None


@dataclass(frozen=True)
class Lot:
    """What remains of one credit.

    `held` of the remaining units are set aside by open holds. `lapsed` units have expired; `forgiven` of them have been
    counted against returns of the goods that earned them, which need not be paid twice.

    A lot with `inactivity_days` ends when its account has not been active for so long since its units could be spent;
    it has no `expires_at` until that has happened.
    """

    lot_id: UUID
    units: int
    remaining: int
    available_at: datetime
    expires_at: datetime | None
    purchase_id: UUID | None = None
    rule_id: UUID | None = None
    held: int = 0
    lapsed: int = 0
    forgiven: int = 0
    activity_id: UUID | None = None
    inactivity_days: int | None = None

    @property
    def free(self) -> int:
        """Units that no hold has set aside."""
        return self.remaining - self.held

    @property
    def awaits_activity(self) -> bool:
        """Whether activity of the account puts its end off."""
        return self.inactivity_days is not None and self.expires_at is None and self.remaining > 0

    def ends_at(self, active_at: datetime | None) -> datetime | None:
        """When its time is over, if the account was active last at `active_at`; None: never."""
        if self.expires_at is not None or self.inactivity_days is None:
            return self.expires_at
        since = self.available_at if active_at is None else max(self.available_at, active_at)
        return since + timedelta(days=self.inactivity_days)

    def has_lapsed(self, now: datetime, active_at: datetime | None) -> bool:
        """Whether its time is over."""
        ends_at = self.ends_at(active_at)
        return ends_at is not None and ends_at <= now

    def is_spendable(self, now: datetime, active_at: datetime | None) -> bool:
        """Whether its free units can be spent now."""
        return self.available_at <= now and not self.has_lapsed(now, active_at)


@dataclass(frozen=True)
class ClosedLots:
    """Free units in lots that were left closed, by whether they can be spent yet."""

    pending: int = 0
    spendable: int = 0


NONE_CLOSED = ClosedLots()


def spending_order(lot: Lot, active_at: datetime | None) -> tuple[bool, float, datetime, UUID]:
    """Sorts lots as they are spent: the one that expires first, never-expiring ones last, then the older one."""
    expires = lot.ends_at(active_at)
    return (expires is None, expires.timestamp() if expires else 0.0, lot.available_at, lot.lot_id)


@dataclass(frozen=True)
class LotMovement:
    """How an entry changed a lot; the movements of a lot add up to what remains of it."""

    movement_id: UUID
    entry_version: int
    lot_id: UUID
    units: int


@dataclass(frozen=True)
class Cause:
    """What made an entry: at most one of the ids is set."""

    purchase_id: UUID | None = None
    return_id: UUID | None = None
    hold_id: UUID | None = None
    corrects_version: int | None = None
    reason: str = field(default="", metadata=FREE_TEXT)
    actor: str = ""
    # Of an adjustment that needed a second person: the request, which is a cause as well, and who approved it.
    adjustment_id: UUID | None = None
    approved_by: str = ""
    # Of both sides of a transfer; a cause, too.
    transfer_id: UUID | None = None
    # Of an adjustment: whether as many qualifying units were given or taken with the points.
    qualifying: bool = False
    # Of what a member did that is no purchase; a cause, too.
    activity_id: UUID | None = None


@dataclass(frozen=True)
class Entry:
    """One movement of an account; written once, never changed.

    `counted` says whether it was activity of the account; `inactivity_days`, of an expiry, how long there was none.
    """

    key: AccountKey
    version: int
    kind: EntryKind
    amount: int
    balance_after: int
    cause: Cause
    earning: Earning | None
    occurred_at: datetime
    recorded_at: datetime
    counted: bool = False
    inactivity_days: int | None = None

    def with_reason(self, reason: str) -> Entry:
        """The entry as it was written, where a copy of it was kept without its reason."""
        return replace(self, cause=replace(self.cause, reason=reason))


class HoldState(enum.Enum):
    """The life of a hold; it ends once."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True)
class HoldPart:
    """Units of one lot that a hold set aside, in the order they are spent; how many were, and how many came back."""

    lot_id: UUID
    units: int
    captured: int = 0
    reversed: int = 0


@dataclass(frozen=True)
class Hold:
    """Points set aside. `captured_version` is the entry that spent them.

    `reversed` of the captured ones have been given back, in any number of parts; `reversed_at` is when
    all of them were, and None until then.
    """

    hold_id: UUID
    key: AccountKey
    amount: int
    parts: tuple[HoldPart, ...]
    reference: str
    placed_at: datetime
    expires_at: datetime
    state: HoldState = HoldState.OPEN
    captured: int = 0
    ended_at: datetime | None = None
    captured_version: int | None = None
    reversed: int = 0
    reversed_at: datetime | None = None


@dataclass(frozen=True)
class AccountView:
    """An account at an instant; available = posted − held − pending − what has lapsed and is not yet written off."""

    member_id: UUID
    wallet: str
    posted: int
    held: int
    pending: int
    available: int
    owed: int
    version: int
    active_at: datetime | None = None
