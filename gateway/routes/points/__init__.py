"""Purchases and returns, accounts, holds and adjustments, earning rules and their documents, reports."""

from gateway.routes.points import accounts, adjustments, documents, reports, rules, sales, uploads
from gateway.routes.points.base import blueprint

__all__ = ["accounts", "adjustments", "blueprint", "documents", "reports", "rules", "sales", "uploads"]
