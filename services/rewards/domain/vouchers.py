"""A voucher: set aside with the redemption, good once the points are spent, used once unless it is reinstated."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from datetime import datetime, timedelta

from services.rewards.domain.errors import (
    VoucherCancelled,
    VoucherExpired,
    VoucherNotFound,
    VoucherNotUsed,
    VoucherUsed,
)
from services.rewards.domain.rewards import Benefit


class VoucherState(enum.Enum):
    """The life of a voucher.

    SET_ASIDE and VOID are never shown: the first is not good yet, the second never became it. No step writes EXPIRED:
    whether an ISSUED one has expired is read off the clock, so that it is right at any instant.
    """

    SET_ASIDE = "set_aside"
    VOID = "void"
    ISSUED = "issued"
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclasses.dataclass(frozen=True)
class Use:
    """Where a voucher was used, as the till names things."""

    store_id: str
    terminal_id: str
    receipt_number: str


@dataclasses.dataclass(frozen=True)
class Voucher:
    """A promise that a till honours once. `state` is what is stored; ask `state_at` what it is.

    `used_at` and `use` are of the use that stands; `uses` counts those that were taken back, too.
    """

    program_id: uuid.UUID
    member_id: uuid.UUID
    redemption_id: uuid.UUID
    reward_id: uuid.UUID
    reward_name: str
    benefit: Benefit
    code: str
    state: VoucherState
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None
    cancelled_at: datetime | None = None
    use: Use | None = None
    uses: int = 0

    def state_at(self, now: datetime) -> VoucherState:
        """What the voucher is at this instant."""
        if self.state is VoucherState.ISSUED and self.expires_at is not None and self.expires_at <= now:
            return VoucherState.EXPIRED
        return self.state

    @property
    def is_public(self) -> bool:
        """Whether a caller may see it."""
        return self.state not in (VoucherState.SET_ASIDE, VoucherState.VOID)


def as_seen(voucher: Voucher | None, now: datetime) -> Voucher | None:
    """The voucher as others see it at this instant: expired if it has, and not at all unless it is or was good."""
    if voucher is None or not voucher.is_public:
        return None
    return dataclasses.replace(voucher, state=voucher.state_at(now))


def made_good(voucher: Voucher, validity_days: int, now: datetime) -> Voucher:
    """The voucher from the moment its points are spent."""
    expires_at = now + timedelta(days=validity_days)
    return dataclasses.replace(voucher, state=VoucherState.ISSUED, issued_at=now, expires_at=expires_at)


def voided(voucher: Voucher) -> Voucher:
    """A voucher that was set aside and will never be good."""
    return dataclasses.replace(voucher, state=VoucherState.VOID)


def cancelled(voucher: Voucher, now: datetime) -> Voucher:
    """A good voucher that is taken back; VoucherUsed or VoucherExpired when it is too late for that."""
    if voucher.state is VoucherState.USED:
        raise VoucherUsed("the voucher has been used", used_at=_written(voucher.used_at))
    if voucher.state_at(now) is VoucherState.EXPIRED:
        raise VoucherExpired("the voucher has expired", expires_at=_written(voucher.expires_at))
    return dataclasses.replace(voucher, state=VoucherState.CANCELLED, cancelled_at=now)


def used(voucher: Voucher, use: Use, now: datetime) -> Voucher:
    """The voucher after its one use."""
    if not voucher.is_public:
        raise VoucherNotFound("no voucher has this code")
    if voucher.state is VoucherState.CANCELLED:
        raise VoucherCancelled("the voucher was cancelled", cancelled_at=_written(voucher.cancelled_at))
    if voucher.state is VoucherState.USED:
        raise VoucherUsed("the voucher has been used", used_at=_written(voucher.used_at))
    if voucher.state_at(now) is VoucherState.EXPIRED:
        raise VoucherExpired("the voucher has expired", expires_at=_written(voucher.expires_at))
    return dataclasses.replace(voucher, state=VoucherState.USED, used_at=now, use=use, uses=voucher.uses + 1)


def reinstated(voucher: Voucher, now: datetime) -> Voucher:
    """A used voucher that is good again, for as long as it still was when it was used."""
    if not voucher.is_public:
        raise VoucherNotFound("no voucher has this code")
    if voucher.state is VoucherState.CANCELLED:
        raise VoucherCancelled("the voucher was cancelled", cancelled_at=_written(voucher.cancelled_at))
    if voucher.used_at is None or voucher.expires_at is None:
        raise VoucherNotUsed("the voucher is not used", expires_at=_written(voucher.expires_at))
    paused = max(now - voucher.used_at, timedelta())
    return dataclasses.replace(
        voucher, state=VoucherState.ISSUED, expires_at=voucher.expires_at + paused, used_at=None, use=None
    )


def _written(instant: datetime | None) -> str:
    return instant.isoformat() if instant else ""
