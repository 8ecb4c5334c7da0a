"""Purchases, claims and returns: rows that are appended and never change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa

from kit.arrays import array_of, unnested
from services.points import tables
from services.points.domain.earning.activities import Activity
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import NOTHING_RETURNED, PurchaseReturns, Return
from services.points.domain.sales.sale import add_returned
from services.points.storage.documents import (
    account_document,
    dump,
    earnings_document,
    load,
    refunds_document,
    return_lines_document,
    sale_document,
    taken_document,
)
from services.points.storage.sales.pending_returns import misfit_of
from services.points.storage.sales.receipts import RECEIPT_COLUMNS, receipt_columns, receipt_of
from services.points.storage.writer import Writer

# Of a member, the newest purchases that are sought for goods which a sale takes back, and how many of them are found.
SOUGHT_MAX = 200
FOUND_MAX = 50

_BOUGHT_BY = sa.text("""
    SELECT purchase_id
    FROM (
        (
            SELECT purchase_id, occurred_at, sale FROM purchases
            WHERE member_id = :member_id AND program_id = :program_id AND occurred_at <= :until
            ORDER BY occurred_at DESC LIMIT :sought_max
        ) UNION ALL (
            SELECT purchase_id, occurred_at, sale
            FROM purchase_claims JOIN purchases USING (purchase_id)
            WHERE purchase_claims.member_id = :member_id AND program_id = :program_id AND occurred_at <= :until
            ORDER BY occurred_at DESC LIMIT :sought_max
        )
    ) AS newest
    WHERE EXISTS (SELECT FROM jsonb_array_elements(sale->'lines') AS line WHERE line->>'sku' = ANY(:skus))
    ORDER BY occurred_at DESC, purchase_id
    LIMIT :found_max
""")

Record = TypeVar("Record", Purchase, Return, Activity)


@dataclass(frozen=True)
class Recorded(Generic[Record]):
    """A purchase, return or activity as it was first answered, and the digests of what was asked."""

    record: Record
    account: AccountView | None
    digests: dict[str, str]


@dataclass(frozen=True)
class PurchaseHistory:
    """A purchase as it was first answered, and as it stands since it may have been claimed."""

    recorded: Recorded[Purchase]
    present: Purchase


@dataclass(frozen=True)
class Found:
    """The purchases that are recorded, and of those that are not, the ones that returns wait for."""

    histories: dict[UUID, PurchaseHistory]
    awaited: frozenset[UUID]


class Purchases:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lock(self, purchase_ids: Iterable[UUID]) -> None:
        """Keeps others from returning or claiming these meanwhile; in order, so that none waits in a circle.

        By their slots: a purchase is only ever appended, and a lock would need the right to change it.
        """
        purchases, slots = tables.purchases, tables.purchase_slots
        self._connection.execute(
            sa.select(slots.c.purchase_id)
            .join(purchases, purchases.c.purchase_id == slots.c.purchase_id)
            .where(slots.c.purchase_id == sa.any_(array_of(purchase_ids)))
            .order_by(slots.c.purchase_id)
            .with_for_update(of=slots)
        )

    def find(self, purchase_ids: Iterable[UUID]) -> dict[UUID, PurchaseHistory]:
        """The purchases that are recorded, each as it was first answered and as it stands."""
        return self.seek(purchase_ids).histories

    def seek(self, purchase_ids: Iterable[UUID]) -> Found:
        """The purchases that are recorded, and which of the others returns wait for."""
        purchases, claims, slots = tables.purchases, tables.purchase_claims, tables.purchase_slots
        wanted = unnested({"purchase_id": sa.Uuid()}, {"purchase_id": list(purchase_ids)})
        rows = self._connection.execute(
            sa.select(
                purchases,
                claims.c.member_id.label("claimant_id"),
                claims.c.earnings.label("claimed_earnings"),
                claims.c.claimed_at,
                slots.c.purchase_id.label("slot_id"),
            )
            .select_from(wanted)
            .outerjoin(purchases, purchases.c.purchase_id == wanted.c.purchase_id)
            .outerjoin(claims, claims.c.purchase_id == wanted.c.purchase_id)
            .outerjoin(slots, slots.c.purchase_id == wanted.c.purchase_id)
        ).all()
        histories = {
            row.purchase_id: PurchaseHistory(
                Recorded(_first_purchase(row), _account(row.account_after), row.digests), _purchase(row)
            )
            for row in rows
            if row.purchase_id is not None
        }
        taken = {row.slot_id for row in rows if row.slot_id is not None}
        return Found(histories, frozenset(taken - histories.keys()))

    def find_returns(self, return_ids: Iterable[UUID]) -> dict[UUID, Recorded[Return]]:
        """The returns that are recorded, as they were first answered."""
        table = tables.returns
        rows = self._connection.execute(sa.select(table).where(table.c.return_id == sa.any_(array_of(return_ids))))
        return {row.return_id: Recorded(_return(row), _account(row.account_after), row.digests) for row in rows}

    def returns_of(self, purchase_ids: Iterable[UUID]) -> dict[UUID, PurchaseReturns]:
        """What has come back of each purchase so far; absent for one that nothing came back of."""
        wanted = array_of(purchase_ids)
        both = sa.union_all(_in_order(wanted), _had_waited(wanted))
        return _folded(self._connection.execute(both.order_by("recorded_at", "return_id")))

    def matched_returns(self, purchase_ids: Iterable[UUID]) -> dict[UUID, PurchaseReturns]:
        """What had come back of each purchase when it was recorded; absent for one that nothing had."""
        waited = _had_waited(array_of(purchase_ids)).order_by("recorded_at", "return_id")
        return _folded(self._connection.execute(waited))

    def taken_within(self, purchases: Iterable[Purchase], *, since: bool = False) -> dict[UUID, tuple[Return, ...]]:
        """What sales took back when they were recorded, or with `since` also when they were claimed; absent for none.

        Sales that take nothing back are not asked about.
        """
        asked = {purchase.purchase_id: purchase.recorded_at for purchase in purchases if purchase.sale.takes_back}
        if not asked:
            return {}
        table = tables.returns
        rows = self._connection.execute(
            sa.select(table)
            .where(table.c.within_purchase_id == sa.any_(array_of(asked)))
            .order_by(table.c.recorded_at, table.c.return_id)
        )
        found: dict[UUID, tuple[Return, ...]] = {}
        for row in rows:
            if since or row.recorded_at <= asked[row.within_purchase_id]:
                found[row.within_purchase_id] = (*found.get(row.within_purchase_id, ()), _return(row))
        return found

    def bought_by(self, program_id: UUID, member_id: UUID, skus: Iterable[str], until: datetime) -> list[UUID]:
        """The member's purchases up to an instant, claimed ones too, that have one of these SKUs, the newest first.

        Of the newest SOUGHT_MAX purchases.
        """
        given = {
            "program_id": program_id,
            "member_id": member_id,
            "until": until,
            "sought_max": SOUGHT_MAX,
            "found_max": FOUND_MAX,
            "skus": sorted(skus),
        }
        return [row.purchase_id for row in self._connection.execute(_BOUGHT_BY, given)]

    def append(self, writer: Writer, purchase: Purchase, account: AccountView | None, digests: dict[str, str]) -> None:
        """Hands a new purchase to the writer."""
        writer.add(
            tables.purchases,
            {
                "purchase_id": purchase.purchase_id,
                "program_id": purchase.program_id,
                **receipt_columns(purchase.sale.receipt),
                "member_id": purchase.member_id,
                "occurred_at": purchase.sale.occurred_at,
                "currency": purchase.sale.currency,
                "total_minor": purchase.sale.total_minor,
                "points_earned": purchase.points_earned,
                "sale": dump(sale_document, purchase.sale),
                "earnings": dump(earnings_document, purchase.earnings),
                "account_after": None if account is None else dump(account_document, account),
                "digests": _json(digests),
                "recorded_at": purchase.recorded_at,
            },
        )

    def append_claim(self, writer: Writer, purchase: Purchase) -> None:
        """Hands the claim of a purchase, given as it stands after it, to the writer."""
        writer.add(
            tables.purchase_claims,
            {
                "purchase_id": purchase.purchase_id,
                "member_id": purchase.member_id,
                "points_earned": purchase.points_earned,
                "earnings": dump(earnings_document, purchase.earnings),
                "claimed_at": purchase.claimed_at,
            },
        )

    def append_return(
        self,
        writer: Writer,
        recorded: Return,
        awaited_purchase_id: UUID | None,
        cashier_id: str,
        currency: str,
        account: AccountView | None,
        digests: dict[str, str],
    ) -> None:
        """Hands a new return to the writer."""
        writer.add(
            tables.returns,
            {
                "return_id": recorded.return_id,
                "program_id": recorded.program_id,
                **receipt_columns(recorded.receipt),
                **receipt_columns(recorded.original_receipt, "original_"),
                "purchase_id": recorded.purchase_id,
                "awaited_purchase_id": awaited_purchase_id,
                "member_id": recorded.member_id,
                "occurred_at": recorded.occurred_at,
                "currency": currency,
                "cashier_id": cashier_id,
                "lines": dump(return_lines_document, recorded.lines),
                "points_returned": recorded.points_returned,
                "shortfall": recorded.shortfall,
                "taken_by_rule": dump(taken_document, recorded.taken),
                "points_restored": recorded.points_restored,
                "refunds": dump(refunds_document, recorded.refunds) if recorded.refunds else None,
                "within_purchase_id": recorded.within_purchase_id,
                "valued": dump(earnings_document, recorded.valued) if recorded.valued else None,
                "account_after": None if account is None else dump(account_document, account),
                "digests": _json(digests),
                "recorded_at": recorded.recorded_at,
            },
        )


def _in_order(wanted: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Returns that found their purchases."""
    back = tables.returns
    columns = (
        back.c.purchase_id,
        back.c.points_returned,
        back.c.taken_by_rule,
        sa.literal(None, sa.Text).label("misfit"),
    )
    return sa.select(*_told(back), *columns).where(back.c.purchase_id == sa.any_(wanted))


def _had_waited(wanted: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Returns that were there before their purchases."""
    back, matches = tables.returns, tables.return_matches
    columns = (matches.c.purchase_id, matches.c.points_returned, matches.c.taken_by_rule, matches.c.misfit)
    return (
        sa.select(*_told(back), *columns)
        .join(matches, matches.c.return_id == back.c.return_id)
        .where(matches.c.purchase_id == sa.any_(wanted))
    )


def _told(back: sa.Table) -> list[sa.Column[Any]]:
    return [back.c[name] for name in ("return_id", "recorded_at", *RECEIPT_COLUMNS, "lines")]


def _folded(rows: Iterable[Any]) -> dict[UUID, PurchaseReturns]:
    """Takes them together as they were recorded, so that the same are told in the same order each time."""
    found: dict[UUID, PurchaseReturns] = {}
    for row in rows:
        before = found.get(row.purchase_id, NOTHING_RETURNED)
        misfit = misfit_of(row)
        if misfit is not None:
            found[row.purchase_id] = replace(before, misfits=(*before.misfits, misfit))
            continue
        lines = ((line.line_id, line.quantity_milli) for line in load(return_lines_document, row.lines))
        found[row.purchase_id] = PurchaseReturns(
            add_returned(before.returned, lines),
            before.points_returned + row.points_returned,
            _taken(before.taken, row.taken_by_rule),
            before.misfits,
        )
    return found


def _first_purchase(row: Any) -> Purchase:
    return Purchase(
        purchase_id=row.purchase_id,
        program_id=row.program_id,
        member_id=row.member_id,
        sale=load(sale_document, row.sale),
        earnings=load(earnings_document, row.earnings),
        recorded_at=row.recorded_at,
    )


def _purchase(row: Any) -> Purchase:
    if row.claimed_at is None:
        return _first_purchase(row)
    return Purchase(
        purchase_id=row.purchase_id,
        program_id=row.program_id,
        member_id=row.claimant_id,
        sale=load(sale_document, row.sale),
        earnings=load(earnings_document, row.claimed_earnings),
        recorded_at=row.recorded_at,
        claimed_at=row.claimed_at,
    )


def _return(row: Any) -> Return:
    return Return(
        return_id=row.return_id,
        program_id=row.program_id,
        receipt=receipt_of(row),
        original_receipt=None if row.original_source is None else receipt_of(row, "original_"),
        purchase_id=row.purchase_id,
        member_id=row.member_id,
        lines=load(return_lines_document, row.lines),
        points_returned=row.points_returned,
        shortfall=row.shortfall,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        taken=_taken({}, row.taken_by_rule) or {},
        refunds=() if row.refunds is None else load(refunds_document, row.refunds),
        within_purchase_id=row.within_purchase_id,
        valued=() if row.valued is None else load(earnings_document, row.valued),
    )


def _taken(before: dict[UUID, int] | None, stored: object) -> dict[UUID, int] | None:
    """What was taken of each earning by one return more; None once one of them does not say."""
    if before is None or stored is None:
        return None
    more = load(taken_document, stored)
    return {rule_id: before.get(rule_id, 0) + more.get(rule_id, 0) for rule_id in before | more}


def _account(stored: object) -> AccountView | None:
    return None if stored is None else load(account_document, stored)


def _json(digests: dict[str, str]) -> str:
    return orjson.dumps(digests).decode()
