"""Purchases and returns, accounts and holds, earning rules."""

from gateway.routes.points import accounts, rules, sales
from gateway.routes.points.base import blueprint

__all__ = ["accounts", "blueprint", "rules", "sales"]
