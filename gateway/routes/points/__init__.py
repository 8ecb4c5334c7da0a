"""Sales and returns, accounts, holds, adjustments, transfers; rules, their documents and rehearsals; reports."""

from gateway.routes.points import (
    accounts,
    adjustments,
    documents,
    qualifying,
    rehearsals,
    reports,
    rules,
    sales,
    transfers,
    uploads,
)
from gateway.routes.points.base import blueprint

__all__ = [
    "accounts",
    "adjustments",
    "blueprint",
    "documents",
    "qualifying",
    "rehearsals",
    "reports",
    "rules",
    "sales",
    "transfers",
    "uploads",
]
