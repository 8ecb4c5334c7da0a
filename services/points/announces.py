"""What this service announces, through the outbox.

points.earned, .returned, .spent, .restored, .expired, .adjusted, .recovered,
points.transferred_out, .transferred_in, .transferred_back
                        an entry was made; the aggregate is the account, by its member, and the version the entry's
purchase.recorded       a sale was recorded, anonymous or not
purchase.claimed        an anonymous sale found its member
activity.recorded       a member did something that is no purchase
return.recorded         goods came back, matched or not
return.matched          the purchase of goods that had come back was recorded after all
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from kit import ids
from kit.outbox import Event
from services.points.domain.activities import Activity
from services.points.domain.book import Book
from services.points.domain.ledger import Entry, EntryKind
from services.points.domain.matching import Match
from services.points.domain.purchases import Purchase, Return

STREAM = "wafa:points"

ENTRY_EVENTS = {
    EntryKind.EARN: "points.earned",
    EntryKind.RETURN: "points.returned",
    EntryKind.SPEND: "points.spent",
    EntryKind.REVERSAL: "points.restored",
    EntryKind.EXPIRY: "points.expired",
    EntryKind.ADJUSTMENT: "points.adjusted",
    EntryKind.RECOVERY: "points.recovered",
    EntryKind.TRANSFER_OUT: "points.transferred_out",
    EntryKind.TRANSFER_IN: "points.transferred_in",
    EntryKind.TRANSFER_BACK: "points.transferred_back",
}


def entries_made(books: Iterable[Book]) -> list[Event]:
    """One event for each entry that the books gained."""
    return [_entry_made(entry) for book in books for entry in book.new_entries]


def purchase_recorded(purchase: Purchase) -> Event:
    """A sale was recorded."""
    return _event(
        "purchase.recorded",
        "purchase",
        purchase.purchase_id,
        purchase.program_id,
        1,
        purchase.sale.occurred_at,
        {
            "member_id": _text(purchase.member_id),
            "store_id": purchase.sale.receipt.store_id,
            "total_minor": purchase.sale.total_minor,
            "currency": purchase.sale.currency,
            "points_earned": purchase.points_earned,
        },
    )


def purchase_claimed(purchase: Purchase) -> Event:
    """An anonymous sale found its member."""
    payload = {"member_id": _text(purchase.member_id), "points_earned": purchase.points_earned}
    at = purchase.claimed_at or purchase.recorded_at
    return _event("purchase.claimed", "purchase", purchase.purchase_id, purchase.program_id, 2, at, payload)


def activity_recorded(activity: Activity) -> Event:
    """A member did something that is no purchase."""
    report = activity.report
    payload = {
        "member_id": _text(activity.member_id),
        "kind": report.kind.value,
        "name": report.name,
        "store_id": report.store_id,
        "points_earned": activity.points_earned,
    }
    at = report.occurred_at
    return _event("activity.recorded", "activity", activity.activity_id, activity.program_id, 1, at, payload)


def return_recorded(back: Return) -> Event:
    """Goods came back."""
    payload = {
        "member_id": _text(back.member_id),
        "purchase_id": _text(back.purchase_id),
        "points_returned": back.points_returned,
        "shortfall": back.shortfall,
        "points_restored": back.points_restored,
        "within_purchase_id": _text(back.within_purchase_id),
    }
    return _event("return.recorded", "return", back.return_id, back.program_id, 1, back.occurred_at, payload)


def return_matched(purchase: Purchase, match: Match, shortfall: int, now: datetime) -> Event:
    """A return that had waited for its purchase takes effect."""
    payload = {
        "member_id": _text(purchase.member_id),
        "purchase_id": _text(purchase.purchase_id),
        "points_returned": sum(match.taken.values()),
        "shortfall": shortfall,
    }
    return _event("return.matched", "return", match.waiting.return_id, purchase.program_id, 2, now, payload)


def _entry_made(entry: Entry) -> Event:
    cause = entry.cause
    payload = {
        "wallet": entry.key.wallet,
        "amount": entry.amount,
        "balance_after": entry.balance_after,
        "purchase_id": _text(cause.purchase_id),
        "return_id": _text(cause.return_id),
        "hold_id": _text(cause.hold_id),
        "transfer_id": _text(cause.transfer_id),
        "activity_id": _text(cause.activity_id),
    }
    return _event(
        ENTRY_EVENTS[entry.kind],
        "account",
        entry.key.member_id,
        entry.key.program_id,
        entry.version,
        entry.recorded_at,
        payload,
    )


def _event(
    kind: str,
    aggregate_type: str,
    aggregate_id: UUID,
    program_id: UUID,
    version: int,
    occurred_at: datetime,
    payload: dict[str, Any],
) -> Event:
    return Event(
        id=ids.ordered_id(),
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        type=kind,
        version=version,
        program_id=program_id,
        occurred_at=occurred_at,
        payload=payload,
    )


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)
