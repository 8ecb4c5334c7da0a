"""Purchases and returns, accounts, holds and adjustments, earning rules and their documents, rehearsals, reports."""

from gateway.routes.points import accounts, adjustments, documents, rehearsals, reports, rules, sales, uploads
from gateway.routes.points.base import blueprint

__all__ = ["accounts", "adjustments", "blueprint", "documents", "rehearsals", "reports", "rules", "sales", "uploads"]
