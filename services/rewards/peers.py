"""Which process may call which method; besides only systems that the operator names in `REWARDS_PEERS`."""

from __future__ import annotations

from kit.peers import GATEWAY, OPERATOR

PEERS = {
    "CreateReward": (GATEWAY,),
    "GetReward": (GATEWAY,),
    "ListRewards": (GATEWAY,),
    "UpdateReward": (GATEWAY,),
    "ListRewardsForMember": (GATEWAY,),
    "Redeem": (GATEWAY,),
    "GetRedemption": (GATEWAY,),
    "CancelRedemption": (GATEWAY, OPERATOR),
    "GetVoucher": (GATEWAY,),
    "UseVoucher": (GATEWAY,),
    "ReinstateVoucher": (GATEWAY,),
    "PreviewReinstatement": (GATEWAY,),
}
