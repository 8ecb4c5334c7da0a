"""What this service announces, through the outbox: the messages of `loyalty/points/v1/events.proto`, built here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from loyalty.points.v1 import earning_pb2, tenders_pb2
from loyalty.points.v1 import events_pb2 as pb

from kit.convert import EnumMap, timestamp_of
from kit.events import Event, event_of
from services.points.domain.earning.activities import Activity, ActivityKind
from services.points.domain.ledger.accounts import Entry, EntryKind
from services.points.domain.ledger.book import Book
from services.points.domain.sales.matching import Match
from services.points.domain.sales.order_discounts import is_order_discount
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returned_goods import ReturnedGoods
from services.points.domain.sales.returns import Return
from services.points.domain.sales.sale import PurchaseLine, Sale, TenderKind

STREAM = "wafa:points"

_ACTIVITY_KIND = EnumMap(earning_pb2.ActivityKind, ActivityKind)
_TENDER_KIND = EnumMap(tenders_pb2.TenderKind, TenderKind)


# ---- Entries ---------------------------------------------------------------------------------------------------------


def entries_made(books: Iterable[Book], announced: Iterable[Event]) -> list[Event]:
    """One event for each entry that the books gained.

    `announced` are the other events of the batch: those of purchases and activities say at which store points were
    earned.
    """
    entries = [entry for book in books for entry in book.new_entries]
    stores = {event.aggregate_id: event.payload["store_id"] for event in announced if "store_id" in event.payload}
    return [_entry_made(entry, stores) for entry in entries]


def _entry_made(entry: Entry, stores: Mapping[UUID, str]) -> Event:
    key = entry.key
    return event_of(
        _entry(entry, stores),
        aggregate_id=key.member_id,
        version=entry.version,
        program_id=key.program_id,
        occurred_at=entry.recorded_at,
    )


def _entry(entry: Entry, stores: Mapping[UUID, str]) -> Message:
    cause = entry.cause
    common: dict[str, Any] = {
        "wallet": entry.key.wallet,
        "amount": entry.amount,
        "balance_after": entry.balance_after,
    }
    match entry.kind:
        case EntryKind.EARN:
            return _points_earned(entry, stores, common)
        case EntryKind.RETURN:
            return pb.PointsReturned(return_id=str(cause.return_id), **common)
        case EntryKind.SPEND:
            return pb.PointsSpent(hold_id=str(cause.hold_id), **common)
        case EntryKind.REVERSAL:
            return pb.PointsRestored(hold_id=str(cause.hold_id), **common)
        case EntryKind.EXPIRY:
            return pb.PointsExpired(**common)
        case EntryKind.ADJUSTMENT:
            return pb.PointsAdjusted(adjustment_id=_text(cause.adjustment_id), **common)
        case EntryKind.RECOVERY:
            return pb.PointsRecovered(**common)
        case EntryKind.TRANSFER_OUT:
            return pb.PointsTransferredOut(transfer_id=str(cause.transfer_id), **common)
        case EntryKind.TRANSFER_IN:
            return pb.PointsTransferredIn(transfer_id=str(cause.transfer_id), **common)
        case EntryKind.TRANSFER_BACK:
            return pb.PointsTransferredBack(transfer_id=str(cause.transfer_id), **common)


def _points_earned(entry: Entry, stores: Mapping[UUID, str], common: dict[str, Any]) -> Message:
    earning, earned_with = entry.earning, entry.cause.purchase_id or entry.cause.activity_id
    assert earning is not None and earned_with is not None  # noqa: S101 - nothing else makes an entry of this kind
    return pb.PointsEarned(
        purchase_id=_text(entry.cause.purchase_id),
        activity_id=_text(entry.cause.activity_id),
        store_id=stores.get(earned_with, ""),
        rule_id=str(earning.rule_id),
        rule_version=earning.rule_version,
        rule_name=earning.rule_name,
        available_at=timestamp_of(earning.available_at),
        expires_at=None if earning.expires_at is None else timestamp_of(earning.expires_at),
        inactivity_days=earning.inactivity_days,
        qualifying=earning.qualifying,
        **common,
    )


# ---- Purchases -------------------------------------------------------------------------------------------------------


def purchase_recorded(purchase: Purchase) -> Event:
    """A sale was recorded."""
    sale, receipt = purchase.sale, purchase.sale.receipt
    message = pb.PurchaseRecorded(
        member_id=_text(purchase.member_id),
        store_id=receipt.store_id,
        total_minor=sale.total_minor,
        currency=sale.currency,
        points_earned=purchase.points_earned,
        source=receipt.source,
        terminal_id=receipt.terminal_id,
        business_day=receipt.business_day.isoformat(),
        discount_minor=_discount_minor(sale),
        cash_rounding_minor=sale.cash_rounding_minor or None,
    )
    for line in sale.lines:
        _fill(message.lines.add(), line)
    for tender in sale.tenders:
        message.tenders.add(kind=_TENDER_KIND.to_proto(tender.kind), amount_minor=tender.amount_minor)
    return _of_purchase(message, purchase, 1, sale.occurred_at)


def purchase_claimed(purchase: Purchase) -> Event:
    """An anonymous sale found its member."""
    message = pb.PurchaseClaimed(
        member_id=str(purchase.member_id),
        points_earned=purchase.points_earned,
        store_id=purchase.sale.receipt.store_id,
        total_minor=purchase.sale.total_minor,
        currency=purchase.sale.currency,
    )
    return _of_purchase(message, purchase, 2, purchase.claimed_at or purchase.recorded_at)


def _fill(told: pb.PurchaseRecorded.Line, line: PurchaseLine) -> None:
    # Assigned one by one, which takes two thirds of the time of giving them all at once: a till waits.
    told.line_id = line.line_id
    told.sku = line.sku
    told.category = line.category
    told.brand = line.brand
    told.quantity_milli = line.quantity_milli
    told.amount_minor = line.amount_minor
    told.tax_minor = line.tax_minor
    told.discount_minor = line.discount_minor


def _discount_minor(sale: Sale) -> int:
    """What was taken off in all: by lines in their direction, and by lines that are a discount on the order."""
    return sum(
        -line.amount_minor if is_order_discount(line) else line.direction * line.discount_minor for line in sale.lines
    )


def _of_purchase(message: Message, purchase: Purchase, version: int, occurred_at: datetime) -> Event:
    return event_of(
        message,
        aggregate_id=purchase.purchase_id,
        version=version,
        program_id=purchase.program_id,
        occurred_at=occurred_at,
    )


# ---- Activities ------------------------------------------------------------------------------------------------------


def activity_recorded(activity: Activity) -> Event:
    """A member did something that is no purchase."""
    report = activity.report
    message = pb.ActivityRecorded(
        member_id=str(activity.member_id),
        kind=_ACTIVITY_KIND.to_proto(report.kind),
        name=report.name,
        store_id=report.store_id,
        points_earned=activity.points_earned,
        source=report.source,
    )
    return event_of(
        message,
        aggregate_id=activity.activity_id,
        version=1,
        program_id=activity.program_id,
        occurred_at=report.occurred_at,
    )


# ---- Returns ---------------------------------------------------------------------------------------------------------


def return_recorded(back: Return, goods: Iterable[ReturnedGoods], currency: str) -> Event:
    """Goods came back; `goods` is what they are, none of which is known before their purchase is."""
    receipt = back.receipt
    message = pb.ReturnRecorded(
        member_id=_text(back.member_id),
        purchase_id=_text(back.purchase_id),
        points_returned=back.points_returned,
        shortfall=back.shortfall,
        points_restored=back.points_restored,
        within_purchase_id=_text(back.within_purchase_id),
        store_id=receipt.store_id,
        source=receipt.source,
        terminal_id=receipt.terminal_id,
        business_day=receipt.business_day.isoformat(),
        currency=currency,
    )
    if known := list(goods):
        message.amount_minor = sum(each.amount_minor for each in known)
        message.lines.extend(pb.ReturnRecorded.Line(**vars(each)) for each in known)
    else:
        for line in back.lines:
            message.lines.add(line_id=line.line_id, quantity_milli=line.quantity_milli)
    return event_of(
        message, aggregate_id=back.return_id, version=1, program_id=back.program_id, occurred_at=back.occurred_at
    )


def return_matched(
    purchase: Purchase, match: Match, goods: Iterable[ReturnedGoods], shortfall: int, now: datetime
) -> Event:
    """A return that had waited for its purchase takes effect."""
    known = list(goods)
    message = pb.ReturnMatched(
        member_id=_text(purchase.member_id),
        purchase_id=str(purchase.purchase_id),
        points_returned=sum(match.taken.values()),
        shortfall=shortfall,
        store_id=purchase.sale.receipt.store_id,
        currency=purchase.sale.currency,
        amount_minor=sum(each.amount_minor for each in known),
        lines=[pb.ReturnMatched.Line(**vars(each)) for each in known],
    )
    return event_of(
        message, aggregate_id=match.waiting.return_id, version=2, program_id=purchase.program_id, occurred_at=now
    )


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)
