"""Redeeming, reading and cancelling redemptions."""

from __future__ import annotations

import uuid
from datetime import datetime

from kit.call import Call
from kit.errors import Refusal
from kit.failpoints import reach
from kit.idempotency import Outcome, answered
from kit.ids import ordered_id
from services.rewards.domain import redemptions
from services.rewards.domain.commands import CancelRedemption, Redeem, RedemptionKey
from services.rewards.domain.errors import RedemptionNotFound, RewardNotFound
from services.rewards.domain.redemptions import Redemption
from services.rewards.domain.rewards import refuse_unless_redeemable
from services.rewards.handlers.places import RewardPlaces
from services.rewards.handlers.saga import Saga
from services.rewards.handlers.writing import write_step
from services.rewards.ports import Storage, Transaction


class Redemptions:
    """The RPCs about redemptions.

    Both writes record a command in one transaction and then let the saga carry it out. A replay carries out nothing:
    the first call or the sweeper is at it, and the answer is how far they have come.
    """

    def __init__(self, storage: Storage, saga: Saga, places: RewardPlaces, *, lease_s: int) -> None:
        self._storage = storage
        self._saga = saga
        self._places = places
        self._lease_s = lease_s

    def redeem(self, call: Call, command: Redeem) -> Outcome[Redemption]:
        """Buys a reward with points."""
        with self._places.held(command.program_id, command.reward_id):
            return self._redeemed(call, command)

    def _redeemed(self, call: Call, command: Redeem) -> Outcome[Redemption]:
        reach("rewards.redeem.before_request")
        with self._storage.transaction() as tx:
            recorded = tx.once(call, command, RedemptionKey, lambda: self._redeem(tx, command))
            outcome = _read_anew(tx, command.program_id, recorded)
        reach("rewards.redeem.after_request")
        return self._carried_out(call, outcome, tx.now)

    def get_redemption(self, program_id: uuid.UUID, member_id: uuid.UUID, redemption_id: uuid.UUID) -> Redemption:
        """The redemption as it stands."""
        with self._storage.transaction() as tx:
            return redemptions.as_seen(_load(tx, program_id, RedemptionKey(member_id, redemption_id)), tx.now)

    def cancel_redemption(self, call: Call, command: CancelRedemption) -> Outcome[Redemption]:
        """Undoes a redemption whose voucher has not been used."""
        reach("rewards.cancel.before_void")
        with self._storage.transaction() as tx:
            recorded = tx.once(call, command, RedemptionKey, lambda: self._cancel_redemption(tx, command))
            outcome = _read_anew(tx, command.program_id, recorded)
        reach("rewards.cancel.after_void")
        return self._carried_out(call, outcome, tx.now)

    def _redeem(self, tx: Transaction, command: Redeem) -> RedemptionKey:
        reward = tx.rewards.load(command.program_id, command.reward_id)
        if reward is None:
            raise RewardNotFound("the program has no such reward")
        key = (command.member_id, command.program_id, command.reward_id)
        refuse_unless_redeemable(reward, tx.counts.lock(*key), tx.now)
        ordinal = tx.counts.add(*key, limit=reward.terms.limit_per_member)
        redemption = redemptions.requested(reward, command.member_id, ordered_id(), ordinal, tx.now)
        tx.redemptions.insert(redemption, self._lease_s)
        return RedemptionKey(redemption.member_id, redemption.redemption_id)

    def _cancel_redemption(self, tx: Transaction, command: CancelRedemption) -> RedemptionKey:
        redemption = tx.redemptions.lock(command.program_id, command.member_id, command.redemption_id)
        if redemption is None:
            raise RedemptionNotFound("the member has no such redemption")
        cancelling = redemptions.cancel_requested(redemption, command.reason, tx.now)
        if cancelling is not redemption:
            write_step(tx, redemption, cancelling, self._lease_s)
        return RedemptionKey(redemption.member_id, redemption.redemption_id)

    def _carried_out(self, call: Call, outcome: Outcome[Redemption], now: datetime) -> Outcome[Redemption]:
        """The redemption of a recorded command, carried as far as it goes unless this is a replay."""
        try:
            redemption = outcome.unwrap()
        except Refusal:
            return outcome
        if not outcome.replayed:
            redemption = self._saga.run(call, redemption)
        return answered(redemptions.as_seen(redemption, now), replayed=outcome.replayed)


def _read_anew(tx: Transaction, program_id: uuid.UUID, recorded: Outcome[RedemptionKey]) -> Outcome[Redemption]:
    """The outcome with the redemption as it is now in place of its key."""
    try:
        key = recorded.unwrap()
    except Refusal as refusal:
        return Outcome(None, refusal, recorded.replayed)
    return answered(_load(tx, program_id, key), replayed=recorded.replayed)


def _load(tx: Transaction, program_id: uuid.UUID, key: RedemptionKey) -> Redemption:
    redemption = tx.redemptions.load(program_id, key.member_id, key.redemption_id)
    if redemption is None:
        raise RedemptionNotFound("the member has no such redemption")
    return redemption
