"""Transfers, from both sides: found, locked, counted, taken over, written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter

from kit.page import PageRequest
from services.points import tables
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.ledger.transfers import Arrival, Sent, Transfer, TransferPart, TransferState
from services.points.storage.writer import Writer

# A member and a transfer of theirs, or one to them.
Whose: TypeAlias = tuple[UUID, UUID]

_parts = TypeAdapter(tuple[TransferPart, ...])


class Transfers:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, program_id: UUID, transfer_id: UUID) -> Transfer | None:
        """The transfer with this id, if it is the program's."""
        table = tables.transfers
        query = sa.select(table).where(table.c.program_id == program_id, table.c.transfer_id == transfer_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _transfer(row)

    def load(self, wanted: Iterable[Whose], *, lock: bool) -> dict[UUID, Transfer]:
        """The transfers, by id; locked in key order if they are about to end."""
        rows = self._connection.execute(_LOCKED if lock else _LOADED, _given(wanted))
        return {row.transfer_id: _transfer(row) for row in rows}

    def arrivals(self, wanted: Iterable[Whose]) -> dict[UUID, Arrival]:
        """What recipients' accounts have decided already, by transfer."""
        return {row.transfer_id: _arrival(row) for row in self._connection.execute(_ARRIVALS, _given(wanted))}

    def sent_on(self, accounts: Iterable[AccountKey], day: date) -> dict[AccountKey, list[Sent]]:
        """What each of these accounts has sent on a day, without what came back. To be asked under their locks."""
        keys = list(accounts)
        given = {"members": [key.member_id for key in keys], "wallets": [key.wallet for key in keys], "day": day}
        found: dict[AccountKey, list[Sent]] = {key: [] for key in keys}
        for row in self._connection.execute(_SENT_ON, given):
            found[AccountKey(row.program_id, row.member_id, row.wallet)].append(Sent(row.recipient_id, row.amount))
        return found

    def page(self, program_id: UUID, member_id: UUID, page: PageRequest) -> list[Transfer]:
        """What the member has sent and what was sent to them, newest first, one more than the page is long."""
        table = tables.transfers
        theirs = sa.or_(table.c.member_id == member_id, table.c.recipient_id == member_id)
        query = sa.select(table).where(table.c.program_id == program_id, theirs)
        if page.after:
            query = query.where(table.c.transfer_id < UUID(page.after[0]))
        rows = self._connection.execute(query.order_by(table.c.transfer_id.desc()).limit(page.size + 1))
        return [_transfer(row) for row in rows]

    def claim(self, now: datetime, lease_s: int) -> Transfer | None:
        """Takes over the transfer whose lease ran out first; nothing when there is none. Nobody is waited for."""
        table = tables.transfers
        over = (
            sa.select(table.c.member_id, table.c.transfer_id)
            .where(table.c.lease_until <= now)
            .order_by(table.c.lease_until)
            .limit(1)
            .with_for_update(skip_locked=True)
            # Asked once; a subquery may be asked anew for each row, and take another each time.
            .cte("over")
        )
        statement = (
            sa.update(table)
            .where(table.c.member_id == over.c.member_id, table.c.transfer_id == over.c.transfer_id)
            .values(lease_until=now + timedelta(seconds=lease_s))
        )
        row = self._connection.execute(statement.returning(table)).one_or_none()
        return None if row is None else _transfer(row)

    def count_sent_before(self, instant: datetime) -> int:
        """How many transfers were sent before an instant and have not ended."""
        table = tables.transfers
        query = (
            sa.select(sa.func.count())
            .select_from(table)
            # What has a lease is what has not ended; the index of leases holds just those.
            .where(table.c.lease_until.is_not(None), table.c.sent_at < instant)
        )
        count: int = self._connection.execute(query).scalar_one()
        return count

    def put(self, writer: Writer, transfer: Transfer, lease_until: datetime | None) -> None:
        """Hands the transfer as it stands to the writer."""
        writer.add(tables.transfers, _columns(transfer) | {"lease_until": lease_until})

    def append_arrival(self, writer: Writer, arrival: Arrival) -> None:
        """Hands what a recipient's account has decided to the writer."""
        writer.add(
            tables.transfer_arrivals,
            {
                "member_id": arrival.key.member_id,
                "transfer_id": arrival.transfer_id,
                "program_id": arrival.key.program_id,
                "wallet": arrival.key.wallet,
                "sender_id": arrival.sender_id,
                "amount": arrival.amount,
                "entry_version": arrival.entry_version,
                "arrived_at": arrival.arrived_at,
            },
        )


_WANTED = """
    JOIN unnest(CAST(:members AS uuid[]), CAST(:transfers AS uuid[])) AS wanted (member_id, transfer_id)
        USING (member_id, transfer_id)
"""
_LOADED = sa.text(f"SELECT transfers.* FROM transfers {_WANTED}")  # noqa: S608 - constants
_LOCKED = sa.text(f"{_LOADED.text} ORDER BY member_id, transfer_id FOR UPDATE OF transfers")
_ARRIVALS = sa.text(f"SELECT transfer_arrivals.* FROM transfer_arrivals {_WANTED}")  # noqa: S608 - constants

_SENT_ON = sa.text("""
    SELECT program_id, member_id, wallet, recipient_id, amount
    FROM transfers
    JOIN unnest(CAST(:members AS uuid[]), CAST(:wallets AS text[])) AS wanted (member_id, wallet)
        USING (member_id, wallet)
    WHERE sent_on = :day AND state <> 'returned'
""")


def _given(wanted: Iterable[Whose]) -> dict[str, list[UUID]]:
    pairs = list(wanted)
    return {"members": [pair[0] for pair in pairs], "transfers": [pair[1] for pair in pairs]}


def _columns(transfer: Transfer) -> dict[str, object]:
    return {
        "member_id": transfer.key.member_id,
        "transfer_id": transfer.transfer_id,
        "program_id": transfer.key.program_id,
        "wallet": transfer.key.wallet,
        "recipient_id": transfer.recipient_id,
        "amount": transfer.amount,
        "reason": transfer.reason,
        "parts": _parts.dump_json(transfer.parts).decode(),
        "sent_version": transfer.sent_version,
        "sent_at": transfer.sent_at,
        "sent_on": transfer.sent_on,
        "state": transfer.state.value,
        "ended_at": transfer.ended_at,
        "returned_version": transfer.returned_version,
    }


def _transfer(row: Any) -> Transfer:
    return Transfer(
        transfer_id=row.transfer_id,
        key=AccountKey(row.program_id, row.member_id, row.wallet),
        recipient_id=row.recipient_id,
        amount=row.amount,
        reason=row.reason,
        parts=_parts.validate_python(row.parts, strict=False),
        sent_version=row.sent_version,
        sent_at=row.sent_at,
        state=TransferState(row.state),
        ended_at=row.ended_at,
        returned_version=row.returned_version,
    )


def _arrival(row: Any) -> Arrival:
    return Arrival(
        row.transfer_id,
        AccountKey(row.program_id, row.member_id, row.wallet),
        row.sender_id,
        row.amount,
        row.entry_version,
        row.arrived_at,
    )
