"""The catalogue on the wire."""

from __future__ import annotations

from uuid import UUID

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import EnumMap, optional_instant, timestamp_of, uuid_of
from kit.errors import Invalid
from kit.page import Page, PageRequest, page_request
from services.rewards.convert.benefits import benefit_message, benefit_of
from services.rewards.domain.availability import MemberReward, Unavailability, UnavailabilityReason
from services.rewards.domain.commands import CreateReward, UpdateReward
from services.rewards.domain.rewards import VOUCHER_VALIDITY_DAYS_DEFAULT, Reward, Terms

WALLET_DEFAULT = "points"

UNAVAILABILITY_REASONS = EnumMap(pb.UnavailabilityReason, UnavailabilityReason)


def create_reward(request: pb.CreateRewardRequest) -> CreateReward:
    """The command to add a reward."""
    return CreateReward(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        terms=_terms(request.terms),
        stock=request.stock if request.HasField("stock") else None,
    )


def update_reward(request: pb.UpdateRewardRequest) -> UpdateReward:
    """The command to change a reward."""
    return UpdateReward(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        reward_id=UUID(request.reward_id),
        expected_version=request.expected_version,
        terms=_terms(request.terms),
        stock=request.stock if request.HasField("stock") else None,
    )


def reward_key(request: pb.GetRewardRequest) -> tuple[UUID, UUID]:
    """The program and the reward asked for."""
    return UUID(request.program_id), UUID(request.reward_id)


def rewards_page(request: pb.ListRewardsRequest) -> tuple[UUID, PageRequest]:
    """The program and the page asked for."""
    return UUID(request.program_id), _page(request)


def member_rewards_page(request: pb.ListRewardsForMemberRequest) -> tuple[UUID, UUID, PageRequest]:
    """The program, the member and the page asked for."""
    page = _page(request)
    return UUID(request.program_id), UUID(request.member_id), page


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
    return Terms(
        name=terms.name,
        description=terms.description,
        benefit=benefit_of(terms.benefit),
        cost_points=terms.cost_points,
        wallet=terms.wallet or WALLET_DEFAULT,
        starts_at=starts_at,
        ends_at=ends_at,
        limit_per_member=terms.limit_per_member,
        voucher_validity_days=terms.voucher_validity_days or VOUCHER_VALIDITY_DAYS_DEFAULT,
    )


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
