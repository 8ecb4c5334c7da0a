"""Good requests of `rewards`, together with every field that has bounds."""

from __future__ import annotations

from google.protobuf.message import Message
from loyalty.rewards.v1 import rewards_pb2 as pb

ID = "6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11"
# Its check character is right.
CODE = "0000-0000-0000"

PRODUCT = pb.Benefit(kind=pb.BENEFIT_KIND_FREE_PRODUCT, sku="TEA-250")
PERCENTAGE = pb.Benefit(kind=pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT, basis_points=500)
AMOUNT = pb.Benefit(kind=pb.BENEFIT_KIND_FIXED_DISCOUNT, amount_minor=500, currency="EUR")


def terms(benefit: pb.Benefit) -> pb.RewardTerms:
    return pb.RewardTerms(
        name="Tea for two",
        description="A pot of it",
        benefit=benefit,
        cost_points=500,
        wallet="points",
        limit_per_member=2,
        voucher_validity_days=30,
    )


def receipt(number: str) -> pb.ReceiptKey:
    return pb.ReceiptKey(
        source="pos", store_id="S1", terminal_id="T1", business_day="2026-03-01", receipt_number=number
    )


RETURN = pb.GoodsReturn(receipt=receipt("2"), original_receipt=receipt("1"), cashier_id="c7")

REQUESTS: tuple[Message, ...] = (
    *(
        pb.CreateRewardRequest(program_id=ID, request_id="k", terms=terms(benefit), stock=5)
        for benefit in (PRODUCT, PERCENTAGE, AMOUNT)
    ),
    pb.UpdateRewardRequest(
        program_id=ID, request_id="k", reward_id=ID, expected_version=3, terms=terms(PRODUCT), stock=5
    ),
    pb.GetRewardRequest(program_id=ID, reward_id=ID),
    pb.ListRewardsRequest(program_id=ID, page_size=20),
    pb.ListRewardsForMemberRequest(program_id=ID, member_id=ID, page_size=20),
    pb.RedeemRequest(program_id=ID, request_id="k", member_id=ID, reward_id=ID),
    pb.GetRedemptionRequest(program_id=ID, member_id=ID, redemption_id=ID),
    pb.CancelRedemptionRequest(program_id=ID, request_id="k", member_id=ID, redemption_id=ID, reason="no"),
    pb.GetVoucherRequest(program_id=ID, code=CODE),
    pb.UseVoucherRequest(program_id=ID, request_id="k", code=CODE, store_id="S1", terminal_id="T1", receipt_number="1"),
    pb.ReinstateVoucherRequest(program_id=ID, request_id="k", code=CODE, reason="cancelled", actor="b.khan"),
    pb.ReinstateVoucherRequest(program_id=ID, request_id="k", code=CODE, goods_return=RETURN),
    pb.PreviewReinstatementRequest(program_id=ID, code=CODE, goods_return=RETURN),
)
