"""Accounts with their lots and holds: loaded into books, locked in key order, written back; and the list of entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import ids
from kit.page import PageRequest
from services.points import tables
from services.points.domain.book import Book
from services.points.domain.ledger import (
    CONTRA_OF,
    Account,
    AccountKey,
    Cause,
    Entry,
    EntryKind,
    Hold,
    HoldPart,
    HoldState,
    Lot,
)
from services.points.storage.documents import dump, earning_document, load
from services.points.storage.writer import Writer


@dataclass(frozen=True)
class BookRequest:
    """A book to open: an account, and what of its past the operation touches besides what is open."""

    key: AccountKey
    purchase_id: UUID | None = None
    hold_id: UUID | None = None


class Accounts:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def read(self, request: BookRequest) -> Book:
        """Opens a book for looking only."""
        head = self._heads([request.key], lock=False)
        return self._book(head.get(request.key) or Account(request.key), request)

    def lock(self, requests: Sequence[BookRequest]) -> dict[AccountKey, Book]:
        """Opens books for writing: their accounts are locked in key order, missing ones made first."""
        keys = sorted((request.key for request in requests), key=lambda key: (key.member_id, key.wallet))
        heads = self._heads(keys, lock=True)
        missing = [key for key in keys if key not in heads]
        if missing:
            self._create(missing)
            heads = self._heads(keys, lock=True)
        return {request.key: self._book(heads[request.key], request) for request in requests}

    def write(self, writer: Writer, books: Iterable[Book]) -> None:
        """Hands the changes of the books to the writer."""
        for book in books:
            changes = book.changes()
            account = {"member_id": book.key.member_id, "wallet": book.key.wallet, "program_id": book.key.program_id}
            if changes.entries or changes.lots or changes.holds:
                writer.add(tables.accounts, account | _account_columns(changes.account))
            for entry in changes.entries:
                writer.add(tables.entries, account | _entry_columns(entry))
            for lot in changes.lots:
                writer.add(tables.lots, account | _lot_columns(lot))
            for movement in changes.movements:
                writer.add(
                    tables.lot_movements,
                    {
                        "member_id": book.key.member_id,
                        "movement_id": movement.movement_id,
                        "wallet": book.key.wallet,
                        "entry_version": movement.entry_version,
                        "lot_id": movement.lot_id,
                        "units": movement.units,
                    },
                )
            for hold in changes.holds:
                writer.add(tables.holds, account | _hold_columns(hold))
                for ordinal, part in enumerate(hold.parts):
                    writer.add(tables.hold_parts, _part_columns(hold, ordinal, part))

    def wallet_of_hold(self, program_id: UUID, member_id: UUID, hold_id: UUID) -> str | None:
        """The wallet that a hold is on, or nothing when the member has no such hold in this program."""
        holds = tables.holds
        return self._connection.scalar(
            sa.select(holds.c.wallet).where(
                holds.c.member_id == member_id, holds.c.hold_id == hold_id, holds.c.program_id == program_id
            )
        )

    def entries(self, key: AccountKey, page: PageRequest) -> list[Entry]:
        """The account's entries, newest first, one more than the page is long."""
        table = tables.entries
        query = sa.select(table).where(
            table.c.member_id == key.member_id, table.c.wallet == key.wallet, table.c.program_id == key.program_id
        )
        if page.after:
            query = query.where(table.c.version < int(page.after[0]))
        rows = self._connection.execute(query.order_by(table.c.version.desc()).limit(page.size + 1))
        return [_entry(key, row) for row in rows]

    def overdue(self, now: datetime, limit: int) -> list[AccountKey]:
        """Accounts that have holds or lots whose time is over, up to `limit` of each."""
        lots, holds = tables.lots, tables.holds
        lapsing = (
            sa.select(lots.c.program_id, lots.c.member_id, lots.c.wallet)
            .where(lots.c.remaining > lots.c.held, lots.c.expires_at.is_not(None), lots.c.expires_at <= now)
            .order_by(lots.c.expires_at)
            .limit(limit)
        )
        ending = (
            sa.select(holds.c.program_id, holds.c.member_id, holds.c.wallet)
            .where(holds.c.state == HoldState.OPEN.value, holds.c.expires_at <= now)
            .order_by(holds.c.expires_at)
            .limit(limit)
        )
        found = {AccountKey(*row) for query in (lapsing, ending) for row in self._connection.execute(query)}
        return sorted(found, key=lambda key: (key.member_id, key.wallet))

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _heads(self, keys: Sequence[AccountKey], *, lock: bool) -> dict[AccountKey, Account]:
        table = tables.accounts
        query = (
            sa.select(table)
            .where(sa.tuple_(table.c.member_id, table.c.wallet).in_([(key.member_id, key.wallet) for key in keys]))
            .order_by(table.c.member_id, table.c.wallet)
        )
        rows = self._connection.execute(query.with_for_update() if lock else query)
        heads = {AccountKey(row.program_id, row.member_id, row.wallet): row for row in rows}
        return {
            key: Account(key, row.posted, row.deficit, row.owed, row.version)
            for key, row in heads.items()
            if key in keys
        }

    def _create(self, keys: Sequence[AccountKey]) -> None:
        self._connection.execute(
            postgresql.insert(tables.accounts).on_conflict_do_nothing(),
            [{"member_id": key.member_id, "wallet": key.wallet, "program_id": key.program_id} for key in keys],
        )

    def _book(self, account: Account, request: BookRequest) -> Book:
        holds = self._holds(request)
        lot_ids = {part.lot_id for hold in holds for part in hold.parts}
        return Book(account, self._lots(request, lot_ids), holds, ids.ordered_id)

    def _lots(self, request: BookRequest, lot_ids: set[UUID]) -> list[Lot]:
        table = tables.lots
        wanted = [table.c.remaining > 0]
        if request.purchase_id is not None:
            wanted.append(table.c.purchase_id == request.purchase_id)
        if lot_ids:
            wanted.append(table.c.lot_id.in_(lot_ids))
        rows = self._connection.execute(
            sa.select(table).where(
                table.c.member_id == request.key.member_id,
                table.c.wallet == request.key.wallet,
                table.c.program_id == request.key.program_id,
                sa.or_(*wanted),
            )
        )
        return [_lot(row) for row in rows]

    def _holds(self, request: BookRequest) -> list[Hold]:
        holds, parts = tables.holds, tables.hold_parts
        wanted = holds.c.state == HoldState.OPEN.value
        if request.hold_id is not None:
            wanted = sa.or_(wanted, holds.c.hold_id == request.hold_id)
        rows = self._connection.execute(
            sa.select(holds, parts.c.lot_id, parts.c.units, parts.c.captured.label("part_captured"))
            .join(parts, sa.and_(parts.c.member_id == holds.c.member_id, parts.c.hold_id == holds.c.hold_id))
            .where(
                holds.c.member_id == request.key.member_id,
                holds.c.wallet == request.key.wallet,
                holds.c.program_id == request.key.program_id,
                wanted,
            )
            .order_by(holds.c.placed_at, holds.c.hold_id, parts.c.ordinal)
        ).all()
        grouped: dict[UUID, list[Any]] = {}
        for row in rows:
            grouped.setdefault(row.hold_id, []).append(row)
        return [_hold(request.key, hold_rows) for hold_rows in grouped.values()]


# ---- Rows and values -------------------------------------------------------------------------------------------------


def _account_columns(account: Account) -> dict[str, object]:
    return {
        "posted": account.posted,
        "deficit": account.deficit,
        "owed": account.owed,
        "version": account.version,
    }


def _entry_columns(entry: Entry) -> dict[str, object]:
    cause = entry.cause
    return {
        "version": entry.version,
        "kind": entry.kind.value,
        "contra": CONTRA_OF[entry.kind].value,
        "amount": entry.amount,
        "balance_after": entry.balance_after,
        "purchase_id": cause.purchase_id,
        "return_id": cause.return_id,
        "hold_id": cause.hold_id,
        "corrects_version": cause.corrects_version,
        "reason": cause.reason,
        "actor": cause.actor,
        "earning": None if entry.earning is None else dump(earning_document, entry.earning),
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
    }


def _entry(key: AccountKey, row: Any) -> Entry:
    return Entry(
        key=key,
        version=row.version,
        kind=EntryKind(row.kind),
        amount=row.amount,
        balance_after=row.balance_after,
        cause=Cause(row.purchase_id, row.return_id, row.hold_id, row.corrects_version, row.reason, row.actor),
        earning=None if row.earning is None else load(earning_document, row.earning),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
    )


def _lot_columns(lot: Lot) -> dict[str, object]:
    return {
        "lot_id": lot.lot_id,
        "purchase_id": lot.purchase_id,
        "rule_id": lot.rule_id,
        "units": lot.units,
        "remaining": lot.remaining,
        "held": lot.held,
        "lapsed": lot.lapsed,
        "forgiven": lot.forgiven,
        "available_at": lot.available_at,
        "expires_at": lot.expires_at,
    }


def _lot(row: Any) -> Lot:
    return Lot(
        lot_id=row.lot_id,
        units=row.units,
        remaining=row.remaining,
        available_at=row.available_at,
        expires_at=row.expires_at,
        purchase_id=row.purchase_id,
        rule_id=row.rule_id,
        held=row.held,
        lapsed=row.lapsed,
        forgiven=row.forgiven,
    )


def _hold_columns(hold: Hold) -> dict[str, object]:
    return {
        "hold_id": hold.hold_id,
        "amount": hold.amount,
        "captured": hold.captured,
        "state": hold.state.value,
        "reference": hold.reference,
        "placed_at": hold.placed_at,
        "expires_at": hold.expires_at,
        "ended_at": hold.ended_at,
        "captured_version": hold.captured_version,
        "reversed_at": hold.reversed_at,
    }


def _part_columns(hold: Hold, ordinal: int, part: HoldPart) -> dict[str, object]:
    return {
        "member_id": hold.key.member_id,
        "hold_id": hold.hold_id,
        "ordinal": ordinal,
        "lot_id": part.lot_id,
        "units": part.units,
        "captured": part.captured,
    }


def _hold(key: AccountKey, rows: Sequence[Any]) -> Hold:
    head = rows[0]
    return Hold(
        hold_id=head.hold_id,
        key=key,
        amount=head.amount,
        parts=tuple(HoldPart(row.lot_id, row.units, row.part_captured) for row in rows),
        reference=head.reference,
        placed_at=head.placed_at,
        expires_at=head.expires_at,
        state=HoldState(head.state),
        captured=head.captured,
        ended_at=head.ended_at,
        captured_version=head.captured_version,
        reversed_at=head.reversed_at,
    )
