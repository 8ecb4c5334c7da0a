"""The catalogue on the wire."""

from __future__ import annotations

import uuid

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import EnumMap, integer_of, optional_instant, prose_of, request_id_of, text_of, timestamp_of, uuid_of
from kit.errors import Invalid
from kit.page import Page, PageRequest, page_request
from services.rewards.convert.benefits import benefit_message, benefit_of
from services.rewards.domain import rewards
from services.rewards.domain.availability import MemberReward, Unavailability, UnavailabilityReason
from services.rewards.domain.commands import CreateReward, UpdateReward
from services.rewards.domain.rewards import Reward, Terms

WALLET_DEFAULT = "points"
WALLET_LENGTH_MAX = 50
VERSION_MAX = 2**63 - 1

UNAVAILABILITY_REASONS = EnumMap(pb.UnavailabilityReason, UnavailabilityReason)


def create_reward(request: pb.CreateRewardRequest) -> CreateReward:
    """The wish to add a reward."""
    return CreateReward(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        terms=_terms(request.terms),
        stock=_stock(request.stock) if request.HasField("stock") else None,
    )


def update_reward(request: pb.UpdateRewardRequest) -> UpdateReward:
    """The wish to change a reward."""
    return UpdateReward(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        reward_id=uuid_of(request.reward_id, "reward_id"),
        expected_version=integer_of(request.expected_version, "expected_version", at_least=0, at_most=VERSION_MAX),
        terms=_terms(request.terms),
        stock=_stock(request.stock) if request.HasField("stock") else None,
    )


def reward_key(request: pb.GetRewardRequest) -> tuple[uuid.UUID, uuid.UUID]:
    """The program and the reward asked for."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.reward_id, "reward_id")


def rewards_page(request: pb.ListRewardsRequest) -> tuple[uuid.UUID, PageRequest]:
    """The program and the page asked for."""
    return uuid_of(request.program_id, "program_id"), _page(request)


def member_rewards_page(request: pb.ListRewardsForMemberRequest) -> tuple[uuid.UUID, uuid.UUID, PageRequest]:
    """The program, the member and the page asked for."""
    page = _page(request)
    return uuid_of(request.program_id, "program_id"), uuid_of(request.member_id, "member_id"), page


def create_reward_response(reward: Reward) -> pb.CreateRewardResponse:
    """The reward, added."""
    return pb.CreateRewardResponse(reward=_reward(reward))


def get_reward_response(reward: Reward) -> pb.GetRewardResponse:
    """The reward."""
    return pb.GetRewardResponse(reward=_reward(reward))


def list_rewards_response(page: Page[Reward]) -> pb.ListRewardsResponse:
    """A page of the catalogue."""
    return pb.ListRewardsResponse(rewards=map(_reward, page.items), next_page_token=page.next_token)


def update_reward_response(reward: Reward) -> pb.UpdateRewardResponse:
    """The reward, changed."""
    return pb.UpdateRewardResponse(reward=_reward(reward))


def list_rewards_for_member_response(page: Page[MemberReward]) -> pb.ListRewardsForMemberResponse:
    """A page of the catalogue as it stands for a member."""
    return pb.ListRewardsForMemberResponse(rewards=map(_member_reward, page.items), next_page_token=page.next_token)


def _terms(terms: pb.RewardTerms) -> Terms:
    starts_at = optional_instant(terms, "starts_at", "terms.starts_at")
    ends_at = optional_instant(terms, "ends_at", "terms.ends_at")
    if starts_at and ends_at and ends_at < starts_at:
        raise Invalid("terms.ends_at", "must not be before starts_at")
    days_max = rewards.VOUCHER_VALIDITY_DAYS_MAX
    days = integer_of(terms.voucher_validity_days, "terms.voucher_validity_days", at_least=0, at_most=days_max)
    limit_max = rewards.LIMIT_PER_MEMBER_MAX
    return Terms(
        name=prose_of(terms.name, "terms.name", length_max=rewards.NAME_LENGTH_MAX),
        description=prose_of(
            terms.description, "terms.description", length_max=rewards.DESCRIPTION_LENGTH_MAX, length_min=0
        ),
        benefit=benefit_of(terms.benefit),
        cost_points=integer_of(terms.cost_points, "terms.cost_points", at_least=1, at_most=rewards.COST_POINTS_MAX),
        wallet=text_of(terms.wallet, "terms.wallet", length_max=WALLET_LENGTH_MAX) if terms.wallet else WALLET_DEFAULT,
        starts_at=starts_at,
        ends_at=ends_at,
        limit_per_member=integer_of(terms.limit_per_member, "terms.limit_per_member", at_least=0, at_most=limit_max),
        voucher_validity_days=days or rewards.VOUCHER_VALIDITY_DAYS_DEFAULT,
    )


def _stock(stock: int) -> int:
    return integer_of(stock, "stock", at_least=0, at_most=rewards.STOCK_MAX)


def _page(request: pb.ListRewardsRequest | pb.ListRewardsForMemberRequest) -> PageRequest:
    page = page_request(request, key_parts=1)
    if page.after:
        uuid_of(page.after[0], "page_token")
    return page


def _reward(reward: Reward) -> pb.Reward:
    terms = reward.terms
    return pb.Reward(
        reward_id=str(reward.reward_id),
        program_id=str(reward.program_id),
        terms=pb.RewardTerms(
            name=terms.name,
            description=terms.description,
            benefit=benefit_message(terms.benefit),
            cost_points=terms.cost_points,
            wallet=terms.wallet,
            starts_at=timestamp_of(terms.starts_at) if terms.starts_at else None,
            ends_at=timestamp_of(terms.ends_at) if terms.ends_at else None,
            limit_per_member=terms.limit_per_member,
            voucher_validity_days=terms.voucher_validity_days,
        ),
        stock=reward.stock,
        version=reward.version,
        created_at=timestamp_of(reward.created_at),
        updated_at=timestamp_of(reward.updated_at),
    )


def _member_reward(standing: MemberReward) -> pb.MemberReward:
    return pb.MemberReward(
        reward=_reward(standing.reward),
        available=not standing.unavailabilities,
        unavailabilities=map(_unavailability, standing.unavailabilities),
    )


def _unavailability(unavailability: Unavailability) -> pb.Unavailability:
    return pb.Unavailability(
        reason=UNAVAILABILITY_REASONS.to_proto(unavailability.reason),
        required_points=unavailability.required_points,
        available_points=unavailability.available_points,
        missing_points=unavailability.missing_points,
    )
