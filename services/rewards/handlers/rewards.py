"""The catalogue: writing it, reading it, and how it stands for one member."""

from __future__ import annotations

import uuid

from kit.call import Call
from kit.idempotency import Outcome
from kit.ids import ordered_id
from kit.page import Page, PageRequest, page_of
from services.rewards.domain import rewards
from services.rewards.domain.availability import MemberReward, Standing, for_member
from services.rewards.domain.commands import CreateReward, UpdateReward
from services.rewards.domain.errors import RewardNotFound
from services.rewards.domain.rewards import Reward
from services.rewards.handlers.saga import own_call
from services.rewards.ports import PointsClient, Storage, Transaction


class Rewards:
    """The RPCs about rewards."""

    def __init__(self, storage: Storage, points: PointsClient) -> None:
        self._storage = storage
        self._points = points

    def create_reward(self, call: Call, command: CreateReward) -> Outcome[Reward]:
        """Adds a reward to the catalogue."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Reward, lambda: self._create_reward(tx, command))

    def get_reward(self, program_id: uuid.UUID, reward_id: uuid.UUID) -> Reward:
        """The reward."""
        with self._storage.transaction() as tx:
            reward = tx.rewards.load(program_id, reward_id)
        if reward is None:
            raise RewardNotFound("the program has no such reward")
        return reward

    def list_rewards(self, program_id: uuid.UUID, page: PageRequest) -> Page[Reward]:
        """The catalogue, newest first."""
        with self._storage.transaction() as tx:
            return page_of(tx.rewards.page(program_id, page), page, _sort_key)

    def update_reward(self, call: Call, command: UpdateReward) -> Outcome[Reward]:
        """Replaces what a reward says."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Reward, lambda: self._update_reward(tx, command))

    def list_rewards_for_member(
        self, call: Call, program_id: uuid.UUID, member_id: uuid.UUID, page: PageRequest
    ) -> Page[MemberReward]:
        """The catalogue as it stands for one member; refuses, to be tried again, while `points` cannot be asked."""
        with self._storage.transaction() as tx:
            listed = page_of(tx.rewards.page(program_id, page), page, _sort_key)
            taken = tx.counts.by_reward(member_id, program_id, [reward.reward_id for reward in listed.items])
            status = tx.statuses.load(program_id, member_id)
        available = {
            wallet: self._points.available_points(own_call(call), program_id, member_id, wallet)
            for wallet in sorted({reward.terms.wallet for reward in listed.items})
        }
        standings = (
            Standing(status, taken.get(reward.reward_id, 0), available[reward.terms.wallet]) for reward in listed.items
        )
        items = (for_member(reward, standing, tx.now) for reward, standing in zip(listed.items, standings, strict=True))
        return Page(tuple(items), listed.next_token)

    def _create_reward(self, tx: Transaction, command: CreateReward) -> Reward:
        reward = Reward(command.program_id, ordered_id(), command.terms, command.stock, 1, tx.now, tx.now)
        tx.rewards.insert(reward)
        tx.stocks.adjust(reward, None, ordered_id(), tx.now)
        return reward

    def _update_reward(self, tx: Transaction, command: UpdateReward) -> Reward:
        before = tx.rewards.lock(command.program_id, command.reward_id)
        if before is None:
            raise RewardNotFound("the program has no such reward")
        reward = rewards.changed(before, command.terms, command.stock, command.expected_version, tx.now)
        tx.rewards.update(reward)
        tx.stocks.adjust(reward, before.stock, ordered_id(), tx.now)
        return reward


def _sort_key(reward: Reward) -> tuple[str, ...]:
    return (str(reward.reward_id),)
