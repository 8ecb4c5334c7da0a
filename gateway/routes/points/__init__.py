"""Purchases and returns, accounts and holds, earning rules, reports."""

from gateway.routes.points import accounts, reports, rules, sales, uploads
from gateway.routes.points.base import blueprint

__all__ = ["accounts", "blueprint", "reports", "rules", "sales", "uploads"]
