"""What callers ask of the catalogue, redemptions and vouchers: frozen values, named like their RPCs."""

from __future__ import annotations

import dataclasses
import uuid

from services.rewards.domain.reinstatements import GoodsReturn
from services.rewards.domain.rewards import Terms
from services.rewards.domain.vouchers import Use


@dataclasses.dataclass(frozen=True)
class CreateReward:
    """Adds a reward to the catalogue."""

    program_id: uuid.UUID
    request_id: str
    terms: Terms
    stock: int | None


@dataclasses.dataclass(frozen=True)
class UpdateReward:
    """Replaces a reward's terms. An `expected_version` of 0 takes any version; a stock of None keeps it."""

    program_id: uuid.UUID
    request_id: str
    reward_id: uuid.UUID
    expected_version: int
    terms: Terms
    stock: int | None


@dataclasses.dataclass(frozen=True)
class Redeem:
    """Buys a reward with points."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    reward_id: uuid.UUID


@dataclasses.dataclass(frozen=True)
class CancelRedemption:
    """Undoes a redemption whose voucher has not been used. `reason` is for the record."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    redemption_id: uuid.UUID
    reason: str


@dataclasses.dataclass(frozen=True)
class UseVoucher:
    """Uses a voucher at a till. `code` is normalised."""

    program_id: uuid.UUID
    request_id: str
    code: str
    use: Use


@dataclasses.dataclass(frozen=True)
class ReinstateVoucher:
    """Makes a used voucher good again. `reason` and `actor` are empty with a return of goods, which says both."""

    program_id: uuid.UUID
    request_id: str
    code: str
    reason: str
    actor: str
    goods_return: GoodsReturn | None


@dataclasses.dataclass(frozen=True)
class RedemptionKey:
    """What is stored as the answer to a write on a redemption: which one it is.

    A redemption goes on after its request has been recorded. So a replay does not repeat what was said then; it reads
    the redemption anew and answers with its present state.
    """

    member_id: uuid.UUID
    redemption_id: uuid.UUID
