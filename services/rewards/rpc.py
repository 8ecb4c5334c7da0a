"""The servicer of `rewards`: convert, call, convert."""

from __future__ import annotations

import grpc
from loyalty.rewards.v1 import rewards_pb2 as pb
from loyalty.rewards.v1 import rewards_pb2_grpc

from kit.rpc import call_of, reply
from services.rewards import handlers
from services.rewards.convert import redemptions, rewards, vouchers


class RewardsServicer(rewards_pb2_grpc.RewardsServiceServicer):
    """Answers the RPCs of `loyalty.rewards.v1.RewardsService`."""

    def __init__(
        self,
        reward_handlers: handlers.Rewards,
        redemption_handlers: handlers.Redemptions,
        voucher_handlers: handlers.Vouchers,
    ) -> None:
        self._rewards = reward_handlers
        self._redemptions = redemption_handlers
        self._vouchers = voucher_handlers

    def CreateReward(self, request: pb.CreateRewardRequest, context: grpc.ServicerContext) -> pb.CreateRewardResponse:
        outcome = self._rewards.create_reward(call_of(context), rewards.create_reward(request))
        return reply(context, outcome, rewards.create_reward_response)

    def GetReward(self, request: pb.GetRewardRequest, context: grpc.ServicerContext) -> pb.GetRewardResponse:
        return rewards.get_reward_response(self._rewards.get_reward(*rewards.reward_key(request)))

    def ListRewards(self, request: pb.ListRewardsRequest, context: grpc.ServicerContext) -> pb.ListRewardsResponse:
        return rewards.list_rewards_response(self._rewards.list_rewards(*rewards.rewards_page(request)))

    def UpdateReward(self, request: pb.UpdateRewardRequest, context: grpc.ServicerContext) -> pb.UpdateRewardResponse:
        outcome = self._rewards.update_reward(call_of(context), rewards.update_reward(request))
        return reply(context, outcome, rewards.update_reward_response)

    def ListRewardsForMember(
        self, request: pb.ListRewardsForMemberRequest, context: grpc.ServicerContext
    ) -> pb.ListRewardsForMemberResponse:
        page = self._rewards.list_rewards_for_member(call_of(context), *rewards.member_rewards_page(request))
        return rewards.list_rewards_for_member_response(page)

    def Redeem(self, request: pb.RedeemRequest, context: grpc.ServicerContext) -> pb.RedeemResponse:
        outcome = self._redemptions.redeem(call_of(context), redemptions.redeem(request))
        return reply(context, outcome, redemptions.redeem_response)

    def GetRedemption(
        self, request: pb.GetRedemptionRequest, context: grpc.ServicerContext
    ) -> pb.GetRedemptionResponse:
        redemption = self._redemptions.get_redemption(*redemptions.redemption_key(request))
        return redemptions.get_redemption_response(redemption)

    def CancelRedemption(
        self, request: pb.CancelRedemptionRequest, context: grpc.ServicerContext
    ) -> pb.CancelRedemptionResponse:
        outcome = self._redemptions.cancel_redemption(call_of(context), redemptions.cancel_redemption(request))
        return reply(context, outcome, redemptions.cancel_redemption_response)

    def GetVoucher(self, request: pb.GetVoucherRequest, context: grpc.ServicerContext) -> pb.GetVoucherResponse:
        return vouchers.get_voucher_response(self._vouchers.get_voucher(*vouchers.voucher_key(request)))

    def UseVoucher(self, request: pb.UseVoucherRequest, context: grpc.ServicerContext) -> pb.UseVoucherResponse:
        outcome = self._vouchers.use_voucher(call_of(context), vouchers.use_voucher(request))
        return reply(context, outcome, vouchers.use_voucher_response)

    def ReinstateVoucher(
        self, request: pb.ReinstateVoucherRequest, context: grpc.ServicerContext
    ) -> pb.ReinstateVoucherResponse:
        outcome = self._vouchers.reinstate_voucher(call_of(context), vouchers.reinstate_voucher(request))
        return reply(context, outcome, vouchers.reinstate_voucher_response)

    def PreviewReinstatement(
        self, request: pb.PreviewReinstatementRequest, context: grpc.ServicerContext
    ) -> pb.PreviewReinstatementResponse:
        voucher = self._vouchers.preview_reinstatement(*vouchers.preview_reinstatement(request))
        return vouchers.preview_reinstatement_response(voucher)
