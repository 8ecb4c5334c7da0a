"""One account while operations on it are judged: what was loaded, and what they add.

A `Book` is made from loaded values and given to one operation after another; each either changes it wholly or raises
before it has changed anything. What changed since it was opened is read from `changes()` and written by the storage.

Every operation begins by settling what time alone has done: holds whose time is over end, lots whose time is over
lapse. So the balance is right at any instant, whether a job has passed by or not, and what has lapsed for inactivity
has lapsed before an operation could be activity.

What holds before and after each operation:

    posted = sum of entries = sum of remaining units of the lots − deficit
    deficit > 0 or owed > 0 only while no free unit is left in any lot
    held units of a lot = units of open holds in it ≤ remaining units
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.points.domain.earning.earnings import Earning
from services.points.domain.errors import InsufficientBalance
from services.points.domain.ledger.accounts import (
    AccountView,
    Cause,
    Entry,
    EntryKind,
    Hold,
    HoldPart,
    HoldState,
    Lot,
)
from services.points.domain.ledger.open_account import OpenAccount
from services.points.domain.ledger.portions import Taken, captured_parts, portions
from services.points.domain.ledger.reversals import reversed_hold
from services.points.domain.program.policy import Shortfall


class Book(OpenAccount):
    """An open account, as operations see it. Each begins by settling."""

    def view(self, now: datetime) -> AccountView:
        """The account as it stands at `now`, with what time alone has done taken into account."""
        settled = self
        if self._overdue_holds(now) or self._lapsing_lots(now):
            settled = self._copy()
            settled.settle(now)
        lots, active_at = settled._lots.values(), self.account.active_at
        spendable = self._closed.spendable + sum(lot.free for lot in lots if lot.is_spendable(now, active_at))
        return AccountView(
            member_id=self.key.member_id,
            wallet=self.key.wallet,
            posted=self.account.posted,
            held=sum(lot.held for lot in lots),
            pending=self._closed.pending + sum(lot.free for lot in lots if lot.available_at > now),
            available=spendable - settled.account.deficit,
            owed=settled.account.owed,
            version=self.account.version,
            active_at=active_at,
        )

    # -- Operations --------------------------------------------------------------------------------------------------

    def settle(self, now: datetime) -> None:
        """Ends the holds and lapses the lots whose time is over."""
        for hold in self._overdue_holds(now):
            self._free_parts(hold)
            self._put_hold(replace(hold, state=HoldState.EXPIRED, ended_at=hold.expires_at))
            self._pay_debts(now)
        self._fix_ends(now)
        for lot in self._lapsing_lots(now):
            lapsing, ended_at, days = lot.free, lot.expires_at or now, lot.inactivity_days
            entry = self._append(EntryKind.EXPIRY, -lapsing, Cause(), ended_at, now, inactivity_days=days)
            self._move(entry, lot.lot_id, -lapsing)
            self._put_lot(replace(self._lots[lot.lot_id], lapsed=lot.lapsed + lapsing))

    def earn(self, earning: Earning, cause: Cause, occurred_at: datetime, now: datetime) -> Entry | None:
        """Credits what a rule gave; a rule that gave nothing leaves no entry."""
        self.settle(now)
        if earning.points == 0:
            return None
        lot = Lot(
            self._new_id(),
            earning.points,
            0,
            earning.available_at,
            earning.expires_at,
            purchase_id=cause.purchase_id,
            rule_id=earning.rule_id,
            activity_id=cause.activity_id,
            inactivity_days=earning.inactivity_days,
        )
        return self._credit(EntryKind.EARN, lot, cause, occurred_at, now, earning)

    def adjust(self, amount: int, cause: Cause, expires_at: datetime | None, now: datetime) -> Entry:
        """Gives points by hand into a lot of their own, or takes available ones in spending order."""
        self.settle(now)
        if amount > 0:
            return self._credit(EntryKind.ADJUSTMENT, Lot(self._new_id(), amount, 0, now, expires_at), cause, now, now)
        self._expect_available(-amount, now)
        # In the order of before: this movement may be activity, and put ends off.
        lots = self._spendable(now)
        entry = self._append(EntryKind.ADJUSTMENT, amount, cause, now, now)
        self._take(entry, lots, -amount)
        return entry

    def take_back(
        self, points: int, purchase_id: UUID, rule_id: UUID, cause: Cause, policy: Shortfall, now: datetime
    ) -> Taken:
        """Takes back what returned goods had earned by one rule.

        First what has lapsed meanwhile is forgiven, then the lot they came into pays, then the other lots in spending
        order, those still pending last. What is missing then is carried as owed or below zero, as the policy says; a
        policy of refusal is for `shortfall_of` to ask beforehand.
        """
        self.settle(now)
        own = [lot for lot in self._lots.values() if lot.purchase_id == purchase_id and lot.rule_id == rule_id]
        forgiven = self._forgive(own, points)
        due = points - forgiven
        from_lots = min(due, self._free_in_all_lots())
        shortfall = due - from_lots
        below_zero = shortfall if policy is Shortfall.NEGATIVE else 0
        if from_lots + below_zero > 0:
            lots = self._paying_order(own, now)
            entry = self._append(EntryKind.RETURN, -(from_lots + below_zero), cause, now, now)
            self._take(entry, lots, from_lots)
        owed = self.account.owed + shortfall - below_zero
        self.account = replace(self.account, deficit=self.account.deficit + below_zero, owed=owed)
        return Taken(from_lots, shortfall, forgiven)

    def shortfall_of(self, dues: Iterable[tuple[UUID, int]], purchase_id: UUID, now: datetime) -> int:
        """How many points would be missing if these (rule id, points) were taken back."""
        self.settle(now)
        due = 0
        for rule_id, points in dues:
            own = (lot for lot in self._lots.values() if lot.purchase_id == purchase_id and lot.rule_id == rule_id)
            due += max(0, points - sum(lot.lapsed - lot.forgiven for lot in own))
        return max(0, due - self._free_in_all_lots())

    def place_hold(self, hold_id: UUID, amount: int, timeout: timedelta, reference: str, now: datetime) -> Hold:
        """Sets available points aside, lot by lot in spending order."""
        self.settle(now)
        self._expect_available(amount, now)
        parts: list[HoldPart] = []
        for lot, units in portions(self._spendable(now), amount):
            self._put_lot(replace(lot, held=lot.held + units))
            parts.append(HoldPart(lot.lot_id, units))
        hold = Hold(hold_id, self.key, amount, tuple(parts), reference, now, now + timeout)
        self._put_hold(hold)
        return hold

    def capture(self, hold_id: UUID, amount: int, now: datetime) -> Hold:
        """Spends `amount` of an open hold (0 for all of it) and frees the rest."""
        self.settle(now)
        hold = self._open_hold(hold_id)
        captured = amount or hold.amount
        entry = self._append(EntryKind.SPEND, -captured, Cause(hold_id=hold_id), now, now)
        parts = captured_parts(hold, captured)
        for part in parts:
            lot = self._lots[part.lot_id]
            self._put_lot(replace(lot, held=lot.held - part.units))
            if part.captured:
                self._move(entry, part.lot_id, -part.captured)
        ended = replace(
            hold,
            parts=parts,
            state=HoldState.CAPTURED,
            captured=captured,
            ended_at=now,
            captured_version=entry.version,
        )
        self._put_hold(ended)
        self._after_freeing(now)
        return ended

    def release(self, hold_id: UUID, now: datetime) -> Hold:
        """Frees an open hold."""
        self.settle(now)
        hold = self._open_hold(hold_id)
        self._free_parts(hold)
        ended = replace(hold, state=HoldState.RELEASED, ended_at=now)
        self._put_hold(ended)
        self._after_freeing(now)
        return ended

    def reverse_capture(self, hold_id: UUID, reason: str, now: datetime, amount: int = 0) -> Hold:
        """Returns `amount` of what a hold spent (0 for all that is left of it) to the lots it came from.

        What was spent last comes back first. A lot whose time is over lapses at once.
        """
        self.settle(now)
        hold = self._hold(hold_id)
        after = reversed_hold(hold, amount, now)
        cause = Cause(hold_id=hold_id, corrects_version=hold.captured_version, reason=reason)
        entry = self._append(EntryKind.REVERSAL, after.reversed - hold.reversed, cause, now, now)
        for part, back in zip(hold.parts, after.parts, strict=True):
            if back != part:
                self._move(entry, back.lot_id, back.reversed - part.reversed)
        self._put_hold(after)
        self._after_freeing(now)
        return self._holds[hold_id]

    def hold(self, hold_id: UUID) -> Hold:
        """The hold with this id, or HOLD_NOT_FOUND."""
        return self._hold(hold_id)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _copy(self) -> Book:
        return Book(self.account, self._lots.values(), self._holds.values(), self._new_id, self._closed)

    def _credit(
        self,
        kind: EntryKind,
        lot: Lot,
        cause: Cause,
        occurred_at: datetime,
        now: datetime,
        earning: Earning | None = None,
    ) -> Entry:
        entry = self._append(kind, lot.units, cause, occurred_at, now, earning)
        self._put_lot(lot)
        self._move(entry, lot.lot_id, lot.units)
        self._pay_debts(now)
        return entry

    def _pay_debts(self, now: datetime) -> None:
        """Whatever units are free pay for what is below zero and what is owed, before anybody spends them."""
        self._absorb_deficit(now)
        self._recover_owed(now)

    def _absorb_deficit(self, now: datetime) -> None:
        """Lets free units make up for what is below zero: the balance stays as it is, the lots shrink."""
        if self.account.deficit == 0:
            return
        absorbed = min(self.account.deficit, self._free_in_all_lots())
        if absorbed == 0:
            return
        self.account = replace(self.account, deficit=self.account.deficit - absorbed)
        for lot, units in portions(self._paying_order([], now), absorbed):
            # Belongs to the newest entry, which brought the units or set them free.
            self._shift(self.account.version, lot.lot_id, -units)

    def _recover_owed(self, now: datetime) -> None:
        """Takes what earlier returns left owing from what is free now."""
        if self.account.owed == 0:
            return
        recovered = min(self.account.owed, self._free_in_all_lots())
        if recovered == 0:
            return
        entry = self._append(EntryKind.RECOVERY, -recovered, Cause(), now, now)
        self._take(entry, self._paying_order([], now), recovered)
        self.account = replace(self.account, owed=self.account.owed - recovered)

    def _after_freeing(self, now: datetime) -> None:
        self._pay_debts(now)
        self.settle(now)

    def _forgive(self, own: Iterable[Lot], points: int) -> int:
        forgiven = 0
        for lot in own:
            part = min(lot.lapsed - lot.forgiven, points - forgiven)
            if part > 0:
                self._put_lot(replace(lot, forgiven=lot.forgiven + part))
                forgiven += part
        return forgiven

    def _expect_available(self, required: int, now: datetime) -> None:
        available = self.view(now).available
        if available < required:
            raise InsufficientBalance(required=required, available=available)
