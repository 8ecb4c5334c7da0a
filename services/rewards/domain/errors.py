"""Every way in which `rewards` says no.

    NotFound
     ├── RewardNotFound
     ├── RedemptionNotFound
     └── VoucherNotFound
    Precondition
     ├── VersionMismatch
     ├── RewardNotStarted
     ├── RewardEnded
     ├── OutOfStock
     ├── LimitReached
     ├── RedemptionInProgress
     ├── VoucherUsed
     ├── VoucherNotUsed
     ├── VoucherOfAnotherReceipt
     ├── VoucherCancelled
     └── VoucherExpired
    Exhausted
     └── RewardBusy

The refusals of `points` are not among them: they end a redemption, whose `cancel_reason` they become.
"""

from __future__ import annotations

from kit.errors import Exhausted, NotFound, Precondition


class RewardNotFound(NotFound):
    """The program has no such reward."""

    reason = "REWARD_NOT_FOUND"


class RedemptionNotFound(NotFound):
    """The member has no such redemption."""

    reason = "REDEMPTION_NOT_FOUND"


class VoucherNotFound(NotFound):
    """The program has no good voucher of this code, and never had."""

    reason = "VOUCHER_NOT_FOUND"


class VersionMismatch(Precondition):
    """The reward has changed since it was read."""

    reason = "VERSION_MISMATCH"


class RewardNotStarted(Precondition):
    """The reward cannot be redeemed yet."""

    reason = "REWARD_NOT_STARTED"


class RewardEnded(Precondition):
    """The reward can no longer be redeemed."""

    reason = "REWARD_ENDED"


class RewardBusy(Exhausted):
    """As many redemptions of this reward are under way as one process works on; this one was not begun."""

    reason = "REWARD_BUSY"


class OutOfStock(Precondition):
    """No unit of the reward is left."""

    reason = "OUT_OF_STOCK"


class LimitReached(Precondition):
    """The member has redeemed the reward as often as one member may."""

    reason = "LIMIT_REACHED"


class RedemptionInProgress(Precondition):
    """The redemption has not been confirmed yet and may still end either way."""

    reason = "REDEMPTION_IN_PROGRESS"

    @property
    def is_final(self) -> bool:
        """It is not: a moment later the same request may succeed, so the refusal is never stored."""
        return False


class VoucherUsed(Precondition):
    """The voucher has been used."""

    reason = "VOUCHER_USED"


class VoucherNotUsed(Precondition):
    """The voucher is not used, so there is no use to give back."""

    reason = "VOUCHER_NOT_USED"


class VoucherOfAnotherReceipt(Precondition):
    """The voucher was not used on the receipt that the goods come back of."""

    reason = "VOUCHER_OF_ANOTHER_RECEIPT"


class VoucherCancelled(Precondition):
    """The voucher was cancelled, and the points went back."""

    reason = "VOUCHER_CANCELLED"


class VoucherExpired(Precondition):
    """The voucher's time is over."""

    reason = "VOUCHER_EXPIRED"
