"""One database for everything."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def _now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """What the ORM knows."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSONB,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        str: Text,
    }


class ApiKey(Base):
    """A caller."""

    __tablename__ = "api_keys"
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    key_id: Mapped[str]
    program_id: Mapped[uuid.UUID]
    role: Mapped[str]


class Member(Base):
    """A person."""

    __tablename__ = "members"
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    program_id: Mapped[uuid.UUID]
    card: Mapped[str]
    status: Mapped[str]
    __table_args__ = (UniqueConstraint("program_id", "card"),)


class Rule(Base):
    """An earning rule."""

    __tablename__ = "rules"
    rule_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    program_id: Mapped[uuid.UUID] = mapped_column(index=True)
    name: Mapped[str]
    points: Mapped[int]
    per_amount_minor: Mapped[int]
    excluded: Mapped[dict[str, Any]]


class Account(Base):
    """What a member holds."""

    __tablename__ = "accounts"
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    balance: Mapped[int]
    version: Mapped[int]


class Purchase(Base):
    """A receipt."""

    __tablename__ = "purchases"
    purchase_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    program_id: Mapped[uuid.UUID]
    source: Mapped[str]
    store_id: Mapped[str]
    terminal_id: Mapped[str]
    business_day: Mapped[str]
    receipt_number: Mapped[str]
    member_id: Mapped[uuid.UUID]
    sale: Mapped[dict[str, Any]]
    points: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(default=_now)
    __table_args__ = (
        UniqueConstraint("program_id", "source", "store_id", "terminal_id", "business_day", "receipt_number"),
    )


class Entry(Base):
    """A movement."""

    __tablename__ = "entries"
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]
    balance_after: Mapped[int]
    purchase_id: Mapped[uuid.UUID]
    why: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime] = mapped_column(default=_now)


class Lot(Base):
    """What remains of an earn."""

    __tablename__ = "lots"
    lot_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    member_id: Mapped[uuid.UUID] = mapped_column(index=True)
    units: Mapped[int]
    remaining: Mapped[int]
    available_at: Mapped[datetime]


class Answer(Base):
    """A stored answer."""

    __tablename__ = "answers"
    program_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any]]


class Outbox(Base):
    """An event for others."""

    __tablename__ = "outbox"
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=_now)
