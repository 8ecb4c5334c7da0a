"""A redemption: one member's way from points to a voucher.

    REQUESTED ──▶ HELD ──▶ ISSUED ══▶ CONFIRMED        ══ the pivot: the points are spent
        │           │         │           │
        └───────────┴────┬────┴───────────┘
                         ▼
                     CANCELLED

Before the pivot a refusal turns it round: the reason is written down first (`cancel_reason`), then what was taken is
given back, then it is CANCELLED. After the pivot it only goes forward. A confirmed redemption is cancelled on request
in the same way: the reason is written down, and the voucher cancelled with it, before the points go back. So the row
alone says what the next step is, and any process that finds it can take that step.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from datetime import datetime

from services.rewards.domain import vouchers
from services.rewards.domain.errors import RedemptionInProgress
from services.rewards.domain.reinstatements import Reinstatement
from services.rewards.domain.rewards import Benefit, Reward
from services.rewards.domain.vouchers import Use, Voucher, VoucherState

CANCELLED_ON_REQUEST = "CANCELLED_ON_REQUEST"
HOLD_EXPIRED = "HOLD_EXPIRED"


class RedemptionState(enum.Enum):
    """How far a redemption has come."""

    REQUESTED = "requested"
    HELD = "held"
    ISSUED = "issued"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Step(enum.Enum):
    """What has to be done next, and with whom."""

    HOLD = "hold"
    ISSUE = "issue"
    CAPTURE = "capture"
    RELEASE = "release"
    REVERSE = "reverse"


class OutOfStepError(Exception):
    """The redemption is not where this step begins. No request is at fault; the code or the data is."""


@dataclasses.dataclass(frozen=True)
class Redemption:
    """One redemption under the terms it was requested under.

    `ordinal` says which of the member's redemptions of the reward it is, of those that count; it never passes
    `limit_per_member`. `cancel_reason` is empty until it is decided that the redemption will not stand. `version`
    counts what was announced of it.
    """

    program_id: uuid.UUID
    member_id: uuid.UUID
    redemption_id: uuid.UUID
    reward_id: uuid.UUID
    reward_name: str
    benefit: Benefit
    cost_points: int
    wallet: str
    voucher_validity_days: int
    limit_per_member: int
    ordinal: int
    state: RedemptionState
    requested_at: datetime
    updated_at: datetime
    hold_id: uuid.UUID | None = None
    is_stock_taken: bool = False
    voucher: Voucher | None = None
    cancel_reason: str = ""
    cancel_note: str = ""
    cancel_requested_at: datetime | None = None
    version: int = 0

    @property
    def is_cancelling(self) -> bool:
        """Whether it is decided that the redemption will not stand, and what it took is not all back yet."""
        return bool(self.cancel_reason) and self.state is not RedemptionState.CANCELLED


_STEPS = {
    (RedemptionState.REQUESTED, False): Step.HOLD,
    (RedemptionState.HELD, False): Step.ISSUE,
    (RedemptionState.ISSUED, False): Step.CAPTURE,
    (RedemptionState.HELD, True): Step.RELEASE,
    (RedemptionState.ISSUED, True): Step.RELEASE,
    (RedemptionState.CONFIRMED, True): Step.REVERSE,
}


def next_step(redemption: Redemption) -> Step | None:
    """What has to be done next; None when the redemption is where it may stay."""
    return _STEPS.get((redemption.state, redemption.is_cancelling))


def as_seen(redemption: Redemption, now: datetime) -> Redemption:
    """The redemption as others see it at this instant."""
    return dataclasses.replace(redemption, voucher=vouchers.as_seen(redemption.voucher, now))


def requested(
    reward: Reward, member_id: uuid.UUID, redemption_id: uuid.UUID, ordinal: int, now: datetime
) -> Redemption:
    """The new redemption of a member, under the reward's present terms."""
    terms = reward.terms
    return Redemption(
        program_id=reward.program_id,
        member_id=member_id,
        redemption_id=redemption_id,
        reward_id=reward.reward_id,
        reward_name=terms.name,
        benefit=terms.benefit,
        cost_points=terms.cost_points,
        wallet=terms.wallet,
        voucher_validity_days=terms.voucher_validity_days,
        limit_per_member=terms.limit_per_member,
        ordinal=ordinal,
        state=RedemptionState.REQUESTED,
        requested_at=now,
        updated_at=now,
    )


def held(redemption: Redemption, hold_id: uuid.UUID, now: datetime) -> Redemption:
    """The points are set aside."""
    _expect(redemption, Step.HOLD)
    return _moved(redemption, RedemptionState.HELD, now, hold_id=hold_id)


def issued(redemption: Redemption, code: str, *, is_stock_taken: bool, now: datetime) -> Redemption:
    """A unit of stock, if the reward counts them, and a voucher that is not good yet are set aside."""
    _expect(redemption, Step.ISSUE)
    voucher = Voucher(
        program_id=redemption.program_id,
        member_id=redemption.member_id,
        redemption_id=redemption.redemption_id,
        reward_id=redemption.reward_id,
        reward_name=redemption.reward_name,
        benefit=redemption.benefit,
        code=code,
        state=VoucherState.SET_ASIDE,
    )
    return _moved(redemption, RedemptionState.ISSUED, now, voucher=voucher, is_stock_taken=is_stock_taken)


def confirmed(redemption: Redemption, now: datetime) -> Redemption:
    """The points are spent, so the voucher is good."""
    _expect(redemption, Step.CAPTURE)
    voucher = vouchers.made_good(voucher_of(redemption), redemption.voucher_validity_days, now)
    return _announced(_moved(redemption, RedemptionState.CONFIRMED, now, voucher=voucher))


def refused(redemption: Redemption, reason: str, now: datetime) -> Redemption:
    """A step before the pivot met a no. With nothing held the redemption is over; else the hold has to go first."""
    _expect(redemption, Step.HOLD, Step.ISSUE, Step.CAPTURE)
    decided = dataclasses.replace(redemption, cancel_reason=reason, cancel_requested_at=now, updated_at=now)
    return _over(decided, now) if redemption.hold_id is None else decided


def cancel_requested(redemption: Redemption, note: str, now: datetime) -> Redemption:
    """A confirmed redemption whose voucher is cancelled and whose points have to go back.

    One that is cancelled, or being cancelled, stays as it is. Fails with RedemptionInProgress before the redemption is
    confirmed, and with VoucherUsed or VoucherExpired when it is too late.
    """
    if redemption.state is RedemptionState.CANCELLED or next_step(redemption) is Step.REVERSE:
        return redemption
    if redemption.state is not RedemptionState.CONFIRMED:
        raise RedemptionInProgress("the redemption is not finished yet, try again")
    return dataclasses.replace(
        redemption,
        voucher=vouchers.cancelled(voucher_of(redemption), now),
        cancel_reason=CANCELLED_ON_REQUEST,
        cancel_note=note,
        cancel_requested_at=now,
        updated_at=now,
    )


def cancelled(redemption: Redemption, now: datetime) -> Redemption:
    """The points are back; the redemption is over."""
    _expect(redemption, Step.RELEASE, Step.REVERSE)
    return _over(redemption, now)


def voucher_used(redemption: Redemption, use: Use, now: datetime) -> Redemption:
    """The redemption once its voucher has been honoured; fails as `vouchers.used` does."""
    at = not_before(redemption, now)
    voucher = vouchers.used(voucher_of(redemption), use, at)
    return _announced(dataclasses.replace(redemption, voucher=voucher, updated_at=at))


def voucher_reinstated(redemption: Redemption, reinstatement: Reinstatement) -> Redemption:
    """The redemption once its voucher is good again."""
    at = reinstatement.reinstated_at
    return _announced(dataclasses.replace(redemption, voucher=reinstatement.voucher, updated_at=at))


def not_before(redemption: Redemption, now: datetime) -> datetime:
    """The time of a change: a transaction that waited for the redemption began before the change that it follows."""
    return max(now, redemption.updated_at)


def _over(redemption: Redemption, now: datetime) -> Redemption:
    voucher = redemption.voucher
    if voucher is not None and voucher.state is VoucherState.SET_ASIDE:
        voucher = vouchers.voided(voucher)
    return _announced(_moved(redemption, RedemptionState.CANCELLED, now, voucher=voucher))


def _moved(redemption: Redemption, state: RedemptionState, now: datetime, **changes: object) -> Redemption:
    values: dict[str, object] = {"state": state, "updated_at": now, **changes}
    return dataclasses.replace(redemption, **values)  # type: ignore[arg-type]  # each caller names fields of its own


def _announced(redemption: Redemption) -> Redemption:
    return dataclasses.replace(redemption, version=redemption.version + 1)


def voucher_of(redemption: Redemption) -> Voucher:
    """The voucher of a redemption that has come far enough to have one."""
    if redemption.voucher is None:
        raise OutOfStepError(f"redemption {redemption.redemption_id} has no voucher")
    return redemption.voucher


def _expect(redemption: Redemption, *steps: Step) -> None:
    if next_step(redemption) not in steps:
        raise OutOfStepError(f"redemption {redemption.redemption_id} is {redemption.state.value}")
