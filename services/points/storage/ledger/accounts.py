"""Accounts with their lots and holds: loaded into books, locked in key order, written back; and the list of entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit import ids, row_digests
from kit.database import LostRaceError
from kit.page import PageRequest
from services.points import tables
from services.points.domain.ledger.accounts import (
    CONTRA_OF,
    NONE_CLOSED,
    Account,
    AccountKey,
    Cause,
    ClosedLots,
    Entry,
    EntryKind,
    Hold,
    HoldPart,
    HoldState,
    Lot,
)
from services.points.domain.ledger.book import Book
from services.points.domain.ledger.transferring import TransferringBook
from services.points.domain.sales.refunds import PlacedHold
from services.points.storage.documents import dump, earning_document, load
from services.points.storage.ledger import book_queries as queries
from services.points.storage.writer import Writer


@dataclass(frozen=True)
class BookRequest:
    """A book to open: an account, and what of its past is touched besides what is open.

    `only_credited` is for accounts from which nothing is taken: lots that nothing can happen to stay closed.
    """

    key: AccountKey
    purchase_ids: frozenset[UUID] = frozenset()
    hold_ids: frozenset[UUID] = frozenset()
    only_credited: bool = False
    # Lots that are touched whether anything is left in them or not.
    lot_ids: frozenset[UUID] = frozenset()
    # Whether what the account has sent today counts.
    counting_sent: bool = False

    def merged(self, other: BookRequest) -> BookRequest:
        """One request for what both want of the same account."""
        return BookRequest(
            self.key,
            self.purchase_ids | other.purchase_ids,
            self.hold_ids | other.hold_ids,
            self.only_credited and other.only_credited,
            self.lot_ids | other.lot_ids,
            self.counting_sent or other.counting_sent,
        )


class Accounts:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def open(self, requests: Iterable[BookRequest], now: datetime, *, lock: bool) -> dict[AccountKey, TransferringBook]:
        """Opens books to be used at `now`: three queries, however many they are.

        With `lock` they are for writing: missing accounts are made first and all are locked, in key order, so that
        those who open several wait for one another and never in a circle.
        """
        wanted: dict[AccountKey, BookRequest] = {}
        for request in requests:
            known = wanted.get(request.key)
            wanted[request.key] = request if known is None else known.merged(request)
        if not wanted:
            return {}
        keys = sorted(wanted, key=lambda key: (key.member_id, key.wallet))
        heads = self._locked(keys) if lock else self._heads(keys)
        holds = self._holds(wanted)
        lots, closed = self._lots(wanted, holds, now)
        return {
            key: TransferringBook(
                heads.get(key) or Account(key),
                lots.get(key, ()),
                holds.get(key, ()),
                ids.ordered_id,
                closed.get(key, NONE_CLOSED),
            )
            for key in keys
        }

    def write(self, writer: Writer, books: Iterable[Book]) -> None:
        """Hands the changes of the books to the writer."""
        for book in books:
            changes = book.changes()
            account = {"member_id": book.key.member_id, "wallet": book.key.wallet, "program_id": book.key.program_id}
            if book.account_changed:
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

    def wallets_of_holds(self, holds: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], tuple[UUID, str]]:
        """For each (member, hold) that exists: the program and the wallet that the hold is on."""
        rows = self._connection.execute(queries.WALLETS_OF_HOLDS, _columns_of(("members", "holds"), holds))
        return {(row.member_id, row.hold_id): (row.program_id, row.wallet) for row in rows}

    def placed_holds(self, holds: Iterable[tuple[UUID, UUID]]) -> dict[UUID, PlacedHold]:
        """The holds of these (program, hold), whosever they are."""
        rows = self._connection.execute(queries.PLACED_HOLDS, _columns_of(("programs", "holds"), holds))
        return {
            row.hold_id: PlacedHold(row.hold_id, AccountKey(row.program_id, row.member_id, row.wallet), row.reference)
            for row in rows
        }

    def entries(self, key: AccountKey, page: PageRequest) -> list[Entry]:
        """The account's entries, newest first, one more than the page is long."""
        table = tables.entries
        query = sa.select(table).where(
            table.c.member_id == key.member_id, table.c.wallet == key.wallet, table.c.program_id == key.program_id
        )
        if page.after:
            query = query.where(table.c.version < int(page.after[0]))
        rows = self._connection.execute(query.order_by(table.c.version.desc()).limit(page.size + 1))
        return [entry_of(key, row) for row in rows]

    def overdue(self, now: datetime, limit: int) -> tuple[list[AccountKey], bool]:
        """Accounts that have holds or lots whose time is over, or may be for inactivity, up to `limit` of each.

        Several may be of one account. The second says whether there may be more.
        """
        lots, holds, accounts = tables.lots, tables.holds, tables.accounts
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
        idle = (
            sa.select(accounts.c.program_id, accounts.c.member_id, accounts.c.wallet)
            .where(accounts.c.inactivity_due_at <= now)
            .order_by(accounts.c.inactivity_due_at)
            .limit(limit)
        )
        found = [self._connection.execute(query).all() for query in (lapsing, ending, idle)]
        keys = {AccountKey(*row) for rows in found for row in rows}
        return sorted(keys, key=lambda key: (key.member_id, key.wallet)), any(len(rows) >= limit for rows in found)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _heads(self, keys: Sequence[AccountKey]) -> dict[AccountKey, Account]:
        return _accounts(self._connection.execute(queries.HEADS, _key_columns(keys)), keys)

    def _locked(self, keys: Sequence[AccountKey]) -> dict[AccountKey, Account]:
        given = _key_columns(keys) | row_digests.given(self._connection)
        heads = _accounts(self._connection.execute(queries.MADE_OR_LOCKED, given), keys)
        if len(heads) < len(keys):
            # Somebody made an account after the statement had begun, too late for it to see. Now it is there.
            heads = _accounts(self._connection.execute(queries.MADE_OR_LOCKED, given), keys)
        if len(heads) < len(keys):
            raise LostRaceError
        return heads

    def _holds(self, wanted: Mapping[AccountKey, BookRequest]) -> dict[AccountKey, list[Hold]]:
        past = ((key.member_id, hold_id) for key, request in wanted.items() for hold_id in request.hold_ids)
        given = _key_columns(list(wanted)) | _columns_of(("past_members", "past_holds"), past)
        grouped: dict[UUID, list[Any]] = {}
        for row in self._connection.execute(queries.HOLDS, given):
            grouped.setdefault(row.hold_id, []).append(row)
        found: dict[AccountKey, list[Hold]] = {}
        for rows in grouped.values():
            key = AccountKey(rows[0].program_id, rows[0].member_id, rows[0].wallet)
            found.setdefault(key, []).append(_hold(key, rows))
        return found

    def _lots(
        self, wanted: Mapping[AccountKey, BookRequest], holds: Mapping[AccountKey, Sequence[Hold]], now: datetime
    ) -> tuple[dict[AccountKey, list[Lot]], dict[AccountKey, ClosedLots]]:
        bought = ((key.member_id, purchase) for key, request in wanted.items() for purchase in request.purchase_ids)
        given = {
            **_key_columns(list(wanted)),
            **_columns_of(("bought_members", "purchases"), bought),
            **_columns_of(("part_members", "part_wallets", "part_lots"), _parts(holds, wanted)),
            "credited": [request.only_credited for request in wanted.values()],
            "now": now,
        }
        found: dict[AccountKey, list[Lot]] = {}
        closed: dict[AccountKey, ClosedLots] = {}
        for row in self._connection.execute(queries.LOTS, given):
            key = AccountKey(row.program_id, row.member_id, row.wallet)
            if row.lot_id is None:
                closed[key] = ClosedLots(row.closed_pending, row.closed_spendable)
            else:
                found.setdefault(key, []).append(_lot(row))
        return found, closed


def _key_columns(keys: Sequence[AccountKey]) -> dict[str, list[object]]:
    return {
        "members": [key.member_id for key in keys],
        "wallets": [key.wallet for key in keys],
        "programs": [key.program_id for key in keys],
    }


def _columns_of(names: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> dict[str, list[object]]:
    found = list(rows)
    return {name: [row[index] for row in found] for index, name in enumerate(names)}


def _parts(
    holds: Mapping[AccountKey, Sequence[Hold]], wanted: Mapping[AccountKey, BookRequest]
) -> set[tuple[object, ...]]:
    """The lots that holds have units in, and those that were asked for."""
    return {
        (key.member_id, key.wallet, part.lot_id) for key, each in holds.items() for hold in each for part in hold.parts
    } | {(key.member_id, key.wallet, lot_id) for key, request in wanted.items() for lot_id in request.lot_ids}


# ---- Rows and values -------------------------------------------------------------------------------------------------


def _accounts(rows: Iterable[Any], keys: Sequence[AccountKey]) -> dict[AccountKey, Account]:
    wanted = set(keys)
    heads = {AccountKey(row.program_id, row.member_id, row.wallet): row for row in rows}
    return {
        key: Account(key, row.posted, row.deficit, row.owed, row.version, row.active_at, row.inactivity_due_at)
        for key, row in heads.items()
        if key in wanted
    }


def _account_columns(account: Account) -> dict[str, object]:
    return {
        "posted": account.posted,
        "deficit": account.deficit,
        "owed": account.owed,
        "version": account.version,
        "active_at": account.active_at,
        "inactivity_due_at": account.inactivity_due_at,
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
        "adjustment_id": cause.adjustment_id,
        "approved_by": cause.approved_by,
        "transfer_id": cause.transfer_id,
        "qualifying": cause.qualifying,
        "activity_id": cause.activity_id,
        "earning": None if entry.earning is None else dump(earning_document, entry.earning),
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "counted": entry.counted,
        "inactivity_days": entry.inactivity_days,
    }


def entry_of(key: AccountKey, row: Any) -> Entry:
    """The entry that a row of the table tells of."""
    return Entry(
        key=key,
        version=row.version,
        kind=EntryKind(row.kind),
        amount=row.amount,
        balance_after=row.balance_after,
        cause=Cause(
            row.purchase_id,
            row.return_id,
            row.hold_id,
            row.corrects_version,
            row.reason,
            row.actor,
            row.adjustment_id,
            row.approved_by,
            row.transfer_id,
            qualifying=row.qualifying,
            activity_id=row.activity_id,
        ),
        earning=None if row.earning is None else load(earning_document, row.earning),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        counted=row.counted,
        inactivity_days=row.inactivity_days,
    )


def _lot_columns(lot: Lot) -> dict[str, object]:
    return {
        "lot_id": lot.lot_id,
        "purchase_id": lot.purchase_id,
        "activity_id": lot.activity_id,
        "rule_id": lot.rule_id,
        "units": lot.units,
        "remaining": lot.remaining,
        "held": lot.held,
        "lapsed": lot.lapsed,
        "forgiven": lot.forgiven,
        "available_at": lot.available_at,
        "expires_at": lot.expires_at,
        "inactivity_days": lot.inactivity_days,
    }


def _lot(row: Any) -> Lot:
    return Lot(
        lot_id=row.lot_id,
        units=row.units,
        remaining=row.remaining,
        available_at=row.available_at,
        expires_at=row.expires_at,
        purchase_id=row.purchase_id,
        activity_id=row.activity_id,
        rule_id=row.rule_id,
        held=row.held,
        lapsed=row.lapsed,
        forgiven=row.forgiven,
        inactivity_days=row.inactivity_days,
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
        "reversed": hold.reversed,
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
        "reversed": part.reversed,
    }


def _hold(key: AccountKey, rows: Sequence[Any]) -> Hold:
    head = rows[0]
    # Reversed when there were no parts of reversals.
    whole = head.reversed_at is not None and head.reversed == 0
    return Hold(
        hold_id=head.hold_id,
        key=key,
        amount=head.amount,
        parts=tuple(
            HoldPart(row.lot_id, row.units, row.part_captured, row.part_captured if whole else row.part_reversed)
            for row in rows
        ),
        reference=head.reference,
        placed_at=head.placed_at,
        expires_at=head.expires_at,
        state=HoldState(head.state),
        captured=head.captured,
        ended_at=head.ended_at,
        captured_version=head.captured_version,
        reversed=head.captured if whole else head.reversed,
        reversed_at=head.reversed_at,
    )
