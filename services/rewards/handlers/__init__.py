"""What each RPC does: replay first, then the guards in the order of `domain/errors.py`, the work, the answer.

A redemption takes several transactions and calls of `points` between them; `saga.py` takes it from step to step.
"""

from services.rewards.handlers.places import RewardPlaces
from services.rewards.handlers.redemptions import Redemptions
from services.rewards.handlers.rewards import Rewards
from services.rewards.handlers.saga import Saga
from services.rewards.handlers.vouchers import Vouchers

__all__ = ["Redemptions", "RewardPlaces", "Rewards", "Saga", "Vouchers"]
