"""Takes a redemption from step to step, between our own database and `points`.

The row says what comes next (`domain/redemptions.py`), each step commits before the next begins, and each call of
`points` carries a request id derived from the redemption. So a step may be taken twice, by the handler and by a sweeper
that thought it dead: the ledger answers the second as the first, and the row, locked and looked at again, moves once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import structlog

from kit.call import Call
from kit.database import retrying
from kit.errors import Kind, Refusal
from kit.failpoints import reach
from services.rewards.domain import codes, redemptions
from services.rewards.domain.errors import OutOfStock
from services.rewards.domain.redemptions import HOLD_EXPIRED, OutOfStepError, Redemption, Step, next_step
from services.rewards.domain.rewards import Unit
from services.rewards.handlers.writing import write_step
from services.rewards.ports import HoldState, PointsClient, Storage, Transaction

_log = structlog.get_logger()

# Our name as a caller of `points`. One for all instances: each that continues a redemption must find its answers.
CALLER_ID = "rewards"

# Refusals of these kinds are the ledger's answer to a step. The others say that it has not answered.
_ANSWER_KINDS = frozenset({Kind.NOT_FOUND, Kind.PRECONDITION})

Decide = Callable[[Transaction, Redemption], Redemption]


def own_call(call: Call) -> Call:
    """A call of ours on behalf of `call`."""
    return Call(CALLER_ID, call.correlation_id, call.traceparent)


class Saga:
    """The steps of a redemption. Handlers and the sweeper share one."""

    def __init__(self, storage: Storage, points: PointsClient, *, lease_s: int) -> None:
        self._storage = storage
        self._points = points
        self._lease_s = lease_s
        self._steps: dict[Step, Callable[[Call, Redemption], Redemption]] = {
            Step.HOLD: self._hold,
            Step.ISSUE: self._issue,
            Step.CAPTURE: self._capture,
            Step.RELEASE: self._release,
            Step.REVERSE: self._reverse,
        }

    def run(self, call: Call, redemption: Redemption) -> Redemption:
        """Takes the redemption as far as it goes now and gives it as it then is.

        It raises nothing: what a step could not find out, or an accident, leaves the redemption where it is, and past
        its lease the sweeper tries again. The caller, who must not think that nothing has happened, gets the state.
        """
        ours = own_call(call)
        try:
            while (step := next_step(redemption)) is not None:
                redemption = self._steps[step](ours, redemption)
        except Refusal as refusal:
            _log.warning("redemption_waits", **_named(redemption), reason=refusal.reason)
        except Exception:
            _log.exception("redemption_failed", **_named(redemption))
        return redemption

    # ---- Forward

    def _hold(self, call: Call, redemption: Redemption) -> Redemption:
        reach("rewards.redeem.before_hold")
        try:
            hold_id = self._points.place_hold(call, redemption)
        except Refusal as refusal:
            _raise_unless_answer(refusal)
            return self._refuse(redemption, refusal.reason)
        reach("rewards.redeem.after_hold")
        reach("rewards.redeem.before_held")
        moved = self._move(redemption, lambda tx, current: redemptions.held(current, hold_id, tx.now))
        reach("rewards.redeem.after_held")
        return moved

    def _issue(self, _call: Call, redemption: Redemption) -> Redemption:
        reach("rewards.redeem.before_issue")
        moved = self._move(redemption, self._issued)
        reach("rewards.redeem.after_issue")
        return moved

    def _capture(self, call: Call, redemption: Redemption) -> Redemption:
        reach("rewards.redeem.before_capture")
        try:
            self._points.capture_hold(call, redemption)
        except Refusal as refusal:
            _raise_unless_answer(refusal)
            reason = self._why_not_captured(call, redemption, refusal)
            if reason:
                return self._refuse(redemption, reason)
        reach("rewards.redeem.after_capture")
        reach("rewards.redeem.before_confirm")
        moved = self._move(redemption, lambda tx, current: redemptions.confirmed(current, tx.now))
        reach("rewards.redeem.after_confirm")
        return moved

    # ---- Back

    def _refuse(self, redemption: Redemption, reason: str) -> Redemption:
        reach("rewards.redeem.before_refuse")
        moved = self._move(redemption, lambda tx, current: redemptions.refused(current, reason, tx.now))
        reach("rewards.redeem.after_refuse")
        return moved

    def _release(self, call: Call, redemption: Redemption) -> Redemption:
        reach("rewards.redeem.before_release")
        try:
            self._points.release_hold(call, redemption)
        except Refusal as refusal:
            _raise_unless_answer(refusal)
            self._expect_not_captured(call, redemption)
        reach("rewards.redeem.after_release")
        reach("rewards.redeem.before_cancel")
        moved = self._move(redemption, self._cancelled)
        reach("rewards.redeem.after_cancel")
        return moved

    def _reverse(self, call: Call, redemption: Redemption) -> Redemption:
        reach("rewards.cancel.before_reverse")
        try:
            self._points.reverse_capture(call, redemption)
        except Refusal as refusal:
            _raise_unless_answer(refusal)
            self._expect_reversed(call, redemption)
        reach("rewards.cancel.after_reverse")
        reach("rewards.cancel.before_cancel")
        moved = self._move(redemption, self._cancelled)
        reach("rewards.cancel.after_cancel")
        return moved

    # ---- Our own half of a step

    def _move(self, redemption: Redemption, decide: Decide) -> Redemption:
        """Writes what `decide` makes of the redemption, or gives it as it is when another process was faster."""
        return retrying(lambda: self._move_once(redemption, decide))

    def _move_once(self, redemption: Redemption, decide: Decide) -> Redemption:
        with self._storage.transaction() as tx:
            current = tx.redemptions.lock(redemption.program_id, redemption.member_id, redemption.redemption_id)
            if current is None:
                raise OutOfStepError(f"redemption {redemption.redemption_id} is gone")
            if next_step(current) is not next_step(redemption):
                return current
            moved = decide(tx, current)
            write_step(tx, current, moved, self._lease_s)
            return moved

    def _issued(self, tx: Transaction, current: Redemption) -> Redemption:
        unit = tx.stocks.unit_for(current)
        if unit is Unit.NONE_LEFT:
            return redemptions.refused(current, OutOfStock.reason, tx.now)
        code = codes.code_from(secrets.token_bytes(codes.RANDOM_BYTES))
        return redemptions.issued(current, code, is_stock_taken=unit is Unit.LEFT, now=tx.now)

    def _cancelled(self, tx: Transaction, current: Redemption) -> Redemption:
        return redemptions.cancelled(current, tx.now)

    # ---- When the ledger says no

    def _why_not_captured(self, call: Call, redemption: Redemption, refusal: Refusal) -> str:
        """Why the hold was not captured; empty if it was, long ago: the ledger forgets answers after a month."""
        hold = self._points.hold(call, redemption)
        if hold is None:
            return refusal.reason
        if hold.state is HoldState.CAPTURED:
            return ""
        return HOLD_EXPIRED if hold.state is HoldState.EXPIRED else refusal.reason

    def _expect_not_captured(self, call: Call, redemption: Redemption) -> None:
        """A hold that cannot be released has ended by itself, which is as good."""
        hold = self._points.hold(call, redemption)
        if hold is not None and hold.state is HoldState.CAPTURED and not hold.is_reversed:
            raise OutOfStepError(f"redemption {redemption.redemption_id} turned back after its points were spent")

    def _expect_reversed(self, call: Call, redemption: Redemption) -> None:
        """A capture that cannot be reversed has been reversed already, or something is wrong.

        A ledger that was restored from an older state may know a hold that is not captured, or none: then it has spent
        nothing, and a hold that is open is released.
        """
        hold = self._points.hold(call, redemption)
        if hold is None or hold.is_reversed or hold.state in (HoldState.RELEASED, HoldState.EXPIRED):
            return
        if hold.state is HoldState.CAPTURED:
            raise OutOfStepError(f"redemption {redemption.redemption_id} cannot get its points back")
        self._points.release_hold(call, redemption)


def _raise_unless_answer(refusal: Refusal) -> None:
    if refusal.kind not in _ANSWER_KINDS:
        raise refusal


def _named(redemption: Redemption) -> dict[str, object]:
    return {"redemption_id": redemption.redemption_id, "state": redemption.state}
