"""Sales, returns, activities; accounts, holds, adjustments, transfers; rules, their documents, rehearsals; reports."""

from gateway.routes.points import (
    accounts,
    activities,
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
    "activities",
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
