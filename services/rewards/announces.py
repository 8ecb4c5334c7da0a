"""What this service announces.

The redemption is the aggregate, and the version counts what was announced of it.

    redemption.confirmed   the points are spent and the voucher is good
    redemption.cancelled   it is over, with the reason; what it took is given back
    voucher.used           the voucher was honoured
    voucher.reinstated     its use was taken back, and it is good again

The vouchers' codes are not in them: who has the code has the benefit.
"""

from __future__ import annotations

from typing import Any

from kit.ids import ordered_id
from kit.outbox import Event
from services.rewards.domain.redemptions import Redemption, RedemptionState
from services.rewards.domain.vouchers import VoucherState

STREAM = "wafa:rewards"
AGGREGATE_TYPE = "redemption"


def of(before: Redemption, after: Redemption) -> list[Event]:
    """What has to be told of a step."""
    if after.version == before.version:
        return []
    return [
        Event(
            id=ordered_id(),
            aggregate_type=AGGREGATE_TYPE,
            aggregate_id=after.redemption_id,
            type=_type_of(before, after),
            version=after.version,
            program_id=after.program_id,
            occurred_at=after.updated_at,
            payload=_payload(after),
        )
    ]


def _type_of(before: Redemption, after: Redemption) -> str:
    if after.state is RedemptionState.CANCELLED:
        return "redemption.cancelled"
    if after.voucher is not None and after.voucher.state is VoucherState.USED:
        return "voucher.used"
    if before.voucher is not None and before.voucher.state is VoucherState.USED:
        return "voucher.reinstated"
    return "redemption.confirmed"


def _payload(after: Redemption) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "member_id": str(after.member_id),
        "reward_id": str(after.reward_id),
        "cost_points": after.cost_points,
        "wallet": after.wallet,
    }
    if after.state is RedemptionState.CANCELLED:
        return {**payload, "reason": after.cancel_reason}
    voucher = after.voucher
    if voucher is not None and voucher.use is not None:
        return {**payload, "store_id": voucher.use.store_id, "terminal_id": voucher.use.terminal_id}
    if voucher is not None and voucher.expires_at is not None:
        return {**payload, "expires_at": voucher.expires_at.isoformat()}
    return payload
