"""Purchases and returns, accounts and holds, earning rules and their documents, reports."""

from gateway.routes.points import accounts, documents, reports, rules, sales, uploads
from gateway.routes.points.base import blueprint

__all__ = ["accounts", "blueprint", "documents", "reports", "rules", "sales", "uploads"]
