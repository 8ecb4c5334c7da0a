"""What a hold spent and gives back, in any number of parts and never more than it spent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.points.domain.errors import HoldNotCaptured, ReversalExceedsCapture
from services.points.domain.ledger.accounts import Hold, HoldPart, HoldState


def reversed_hold(hold: Hold, amount: int, now: datetime) -> Hold:
    """The hold once `amount` more of what it spent has come back, 0 for all that is left; what was spent last first."""
    left = hold.captured - hold.reversed
    if hold.state is not HoldState.CAPTURED or left == 0:
        raise HoldNotCaptured("there is nothing to reverse", state=hold.state.value)
    back = amount or left
    if back > left:
        raise ReversalExceedsCapture(asked=back, left=left)
    reversed_at = now if back == left else None
    return replace(hold, parts=_parts(hold, back), reversed=hold.reversed + back, reversed_at=reversed_at)


def _parts(hold: Hold, back: int) -> tuple[HoldPart, ...]:
    parts: list[HoldPart] = []
    for part in reversed(hold.parts):
        units = min(part.captured - part.reversed, back)
        parts.append(replace(part, reversed=part.reversed + units))
        back -= units
    return tuple(reversed(parts))
