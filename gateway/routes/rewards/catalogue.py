"""The catalogue."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.rewards.v1 import rewards_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import page_reply, reply
from gateway.routes.rewards.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.base import PageQuery
from gateway.wire.members import MemberPath
from gateway.wire.rewards.catalogue import (
    MemberRewardPage,
    Reward,
    RewardBody,
    RewardPage,
    RewardPath,
    member_reward_of,
    reward_of,
)


@route(blueprint, responses={HTTPStatus.CREATED: Reward})
def create_reward(body: RewardBody) -> Response:
    """Add a reward to the catalogue"""
    request = pb.CreateRewardRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        terms=body.terms.to_proto(),
        stock=body.stock,
    )
    answered = write(suite().clients.rewards.CreateReward, request)
    reward = answered.response.reward
    location = f"/v1/rewards/{reward.reward_id}"
    return reply(
        reward_of(reward), HTTPStatus.CREATED, version=reward.version, location=location, replayed=answered.replayed
    )


@route(blueprint, responses={HTTPStatus.OK: RewardPage})
def list_rewards(query: PageQuery) -> Response:
    """List the catalogue, newest first"""
    request = pb.ListRewardsRequest(
        program_id=request_context().program_id, page_size=query.limit, page_token=query.cursor
    )
    page = read(suite().clients.rewards.ListRewards, request)
    model = RewardPage(items=[reward_of(reward) for reward in page.rewards], next_cursor=page.next_page_token or None)
    return page_reply(model, page.next_page_token)


@route(blueprint, responses={HTTPStatus.OK: Reward})
def get_reward(path: RewardPath) -> Response:
    """Read a reward"""
    request = pb.GetRewardRequest(program_id=request_context().program_id, reward_id=path.reward_id)
    reward = read(suite().clients.rewards.GetReward, request).reward
    return reply(reward_of(reward), version=reward.version)


@route(blueprint, responses={HTTPStatus.OK: Reward})
def update_reward(path: RewardPath, body: RewardBody) -> Response:
    """Replace what a reward says; redemptions under way keep their terms, and null leaves the stock as it is"""
    request = pb.UpdateRewardRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        reward_id=path.reward_id,
        expected_version=request_context().expected_version,
        terms=body.terms.to_proto(),
        stock=body.stock,
    )
    answered = write(suite().clients.rewards.UpdateReward, request)
    reward = answered.response.reward
    return reply(reward_of(reward), version=reward.version, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: MemberRewardPage})
def list_rewards_for_member(path: MemberPath, query: PageQuery) -> Response:
    """List the catalogue as it stands for one member, with every reason that keeps a reward from them"""
    request = pb.ListRewardsForMemberRequest(
        program_id=request_context().program_id,
        member_id=path.member_id,
        page_size=query.limit,
        page_token=query.cursor,
    )
    page = read(suite().clients.rewards.ListRewardsForMember, request)
    items = [member_reward_of(found) for found in page.rewards]
    return page_reply(MemberRewardPage(items=items, next_cursor=page.next_page_token or None), page.next_page_token)
