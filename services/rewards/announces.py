"""What this service announces: the messages of `loyalty/rewards/v1/events.proto`, built here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.rewards.v1 import events_pb2 as pb

from kit.convert import timestamp_of
from kit.events import Event, event_of
from services.rewards.domain.redemptions import Redemption, RedemptionState
from services.rewards.domain.vouchers import VoucherState

STREAM = "wafa:rewards"
AGGREGATE_TYPE = "redemption"


def of(before: Redemption, after: Redemption) -> list[Event]:
    """The events to publish for a step."""
    if after.version == before.version:
        return []
    return [
        event_of(
            _message(before, after),
            aggregate_id=after.redemption_id,
            version=after.version,
            program_id=after.program_id,
            occurred_at=after.updated_at,
        )
    ]


def _message(before: Redemption, after: Redemption) -> Message:
    common: dict[str, Any] = {
        "member_id": str(after.member_id),
        "reward_id": str(after.reward_id),
        "cost_points": after.cost_points,
        "wallet": after.wallet,
    }
    if after.state is RedemptionState.CANCELLED:
        return pb.RedemptionCancelled(reason=after.cancel_reason, **common)
    if after.voucher is not None and after.voucher.use is not None:
        use = after.voucher.use
        return pb.VoucherUsed(store_id=use.store_id, terminal_id=use.terminal_id, **common)
    expires_at = _timestamp(after.voucher.expires_at if after.voucher else None)
    if before.voucher is not None and before.voucher.state is VoucherState.USED:
        return pb.VoucherReinstated(expires_at=expires_at, **common)
    return pb.RedemptionConfirmed(expires_at=expires_at, **common)


def _timestamp(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else timestamp_of(instant)
