"""The catalogue, redemptions and vouchers."""

from gateway.routes.rewards import catalogue, redemptions
from gateway.routes.rewards.base import blueprint

__all__ = ["blueprint", "catalogue", "redemptions"]
