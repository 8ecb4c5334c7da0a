"""Qualifying units: what tiers go by.

They are counted beside the points and never paid with. What a rule whose points qualify gives counts when the purchase
or the activity occurred; what a return takes of it no longer counts, as of that same instant and whatever had become of
the points: they may be spent, lapsed, pending or owed. So a sum over a window is what the goods kept of its purchases,
and its activities, earned, and what people gave or took by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.points.domain.earning.counters import LimitContext
from services.points.domain.earning.earnings import Earning
from services.points.domain.ledger.accounts import AccountKey, Cause, Entry
from services.points.domain.sales.purchases import Purchase


@dataclass(frozen=True)
class QualifyingMovement:
    """Units that count from `occurred_at` on (positive), or no longer do (negative); written once, never changed.

    An earning counts once and a return takes of it once: purchase or activity, rule and return name the movement; and
    the entry names that of an adjustment by hand, which may give or take.
    """

    key: AccountKey
    units: int
    occurred_at: datetime
    purchase_id: UUID | None = None
    rule_id: UUID | None = None
    return_id: UUID | None = None
    entry_version: int | None = None
    activity_id: UUID | None = None


@dataclass(frozen=True)
class QualifyingWindow:
    """From `start` on and until just before `end`; None: no bound on that side."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class QualifyingSums:
    """What counts in each of some windows, all of one moment."""

    key: AccountKey
    sums: tuple[tuple[QualifyingWindow, int], ...]
    read_at: datetime


def earned(limit_context: LimitContext, cause: Cause, earnings: Iterable[Earning]) -> list[QualifyingMovement]:
    """What counts of what a purchase or an activity, which the cause names, gave the member."""
    return [
        QualifyingMovement(
            AccountKey(limit_context.program_id, limit_context.member_id, earning.wallet),
            earning.points,
            limit_context.occurred_at,
            cause.purchase_id,
            earning.rule_id,
            activity_id=cause.activity_id,
        )
        for earning in earnings
        if earning.qualifying and earning.points
    ]


def clawed_back(
    purchase: Purchase, member_id: UUID, return_id: UUID, earning: Earning, points: int
) -> list[QualifyingMovement]:
    """What no longer counts, now that a return takes so many points, at least one, of an earning."""
    if not earning.qualifying:
        return []
    key, at = AccountKey(purchase.program_id, member_id, earning.wallet), purchase.sale.occurred_at
    return [QualifyingMovement(key, -points, at, purchase.purchase_id, earning.rule_id, return_id)]


def adjusted(entry: Entry) -> list[QualifyingMovement]:
    """What an adjustment by hand gives or takes with its points, as of now."""
    if not entry.cause.qualifying:
        return []
    return [QualifyingMovement(entry.key, entry.amount, entry.occurred_at, entry_version=entry.version)]
