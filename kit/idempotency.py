"""Every write happens once, however often it is asked for.

The first request with a key stores its answer, or its refusal, in the same transaction as its effect. Later ones with
the same key and the same content get what is stored, marked as a replay; with other content they are refused, and told
what differs. Keys live per program, caller and operation, and are kept for `RETENTION_DAYS`.

Two requests with one key at the same time: both find nothing and do the work, one commits, the other meets the primary
key, loses the race, is rolled back whole and judged again, and then finds the answer. Nothing is claimed beforehand, so
a crash leaves no key that is taken and has no answer.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects import postgresql

from kit.call import Call
from kit.database import LostRaceError
from kit.errors import Conflict, Kind, Refusal

RETENTION_DAYS = 30
KEY_LENGTH_MAX = 255

Answer = TypeVar("Answer")
Other = TypeVar("Other")


class IdempotencyKeyReused(Conflict):
    """The same key came with another request before; `fields` names what differs."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class Command(Protocol):
    """A write as a handler gets it: a frozen dataclass of plain values with these two among them."""

    @property
    def program_id(self) -> uuid.UUID:
        """The program it acts on."""
        ...

    @property
    def request_id(self) -> str:
        """The idempotency key."""
        ...


class Seal(Protocol):
    """Closes what must not lie open in a table, and opens it again."""

    def close(self, plain: bytes) -> bytes:
        """Seals `plain`."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """Gives back what was sealed."""
        ...


class NoSeal:
    """For services whose answers hold no personal data."""

    def close(self, plain: bytes) -> bytes:
        """Gives it back as it is."""
        return plain

    def open(self, sealed: bytes) -> bytes:
        """Gives it back as it is."""
        return sealed


class OutcomeKind(enum.Enum):
    """What a stored answer is."""

    ANSWER = "answer"
    REFUSAL = "refusal"


@dataclasses.dataclass(frozen=True)
class Outcome(Generic[Answer]):
    """What a write came to: an answer or a refusal, now or at an earlier call with the same key."""

    _answer: Answer | None
    _refusal: Refusal | None
    replayed: bool

    def unwrap(self) -> Answer:
        """The answer; raises the refusal if that is what it came to. Call it after the transaction has ended."""
        if self._refusal is not None:
            raise self._refusal
        assert self._answer is not None  # noqa: S101 - one of the two is there by construction
        return self._answer

    def map(
        self, convert: Callable[[Answer], Other], *, replayed_if: Callable[[Answer], bool] = lambda _: False
    ) -> Outcome[Other]:
        """The same outcome with its answer converted; a refusal stays as it is.

        `replayed_if` says of an answer that it was given before for a reason of the business, whatever the key.
        """
        if self._refusal is not None:
            return Outcome(None, self._refusal, self.replayed)
        answer = self.unwrap()
        return Outcome(convert(answer), None, self.replayed or replayed_if(answer))


def answered(answer: Answer, *, replayed: bool = False) -> Outcome[Answer]:
    """The outcome of a write that gave `answer`."""
    return Outcome(answer, None, replayed)


def stored_answers_table(metadata: sa.MetaData) -> sa.Table:
    """The table that a service keeps its stored answers in; distributed by the key, not by member."""
    return sa.Table(
        "stored_answers",
        metadata,
        sa.Column("program_id", sa.Uuid, primary_key=True),
        sa.Column("caller_id", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("fingerprint", postgresql.JSONB, nullable=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('answer', 'refusal')", name="kind"), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("ix_stored_answers_stored_at", "stored_at"),
    )


class StoredAnswers:
    """A service's memory of what it answered.

    `fingerprint_key` keys the digests of requests that hold personal data, so that nobody can guess their content from
    the table; `seal` closes the answers for the same reason.
    """

    def __init__(self, table: sa.Table, *, seal: Seal | None = None, fingerprint_key: bytes = b"") -> None:
        self._table = table
        self._seal = seal or NoSeal()
        self._fingerprint_key = fingerprint_key

    def once(
        self,
        connection: sa.Connection,
        call: Call,
        command: Command,
        answer_type: type[Answer],
        work: Callable[[], Answer],
        *,
        now: datetime,
    ) -> Outcome[Answer]:
        """Replays the stored outcome of `command`, or does the work and stores what it came to.

        `work` may raise a Refusal as long as it has written nothing yet: final ones are stored in the same transaction,
        the others leave as they are and roll it back.
        """
        operation = type(command).__name__
        fingerprint = self._fingerprint(command)
        key = (command.program_id, call.caller_id, operation, command.request_id)
        stored = self._find(connection, key)
        if stored is not None:
            return self._replay(stored, fingerprint, answer_type)
        try:
            answer = work()
        except Refusal as refusal:
            if not refusal.is_final:
                raise
            self._store(connection, key, fingerprint, OutcomeKind.REFUSAL, _dump_refusal(refusal), now)
            return Outcome(None, refusal, replayed=False)
        self._store(connection, key, fingerprint, OutcomeKind.ANSWER, _adapter(answer_type).dump_json(answer), now)
        return answered(answer)

    def forget_before(self, connection: sa.Connection, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` answers stored before `instant` and says how many."""
        old = (
            sa.select(
                self._table.c.program_id, *(self._table.c[name] for name in ("caller_id", "operation", "request_id"))
            )
            .where(self._table.c.stored_at < instant)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        key = sa.tuple_(*self._table.primary_key.columns)
        return connection.execute(sa.delete(self._table).where(key.in_(old))).rowcount

    def _find(self, connection: sa.Connection, key: tuple[object, ...]) -> sa.Row[Any, Any, Any] | None:
        table = self._table
        return connection.execute(
            sa.select(table.c.fingerprint, table.c.kind, table.c.answer).where(
                *(column == value for column, value in zip(table.primary_key.columns, key, strict=True))
            )
        ).one_or_none()

    def _replay(
        self, stored: sa.Row[Any, Any, Any], fingerprint: dict[str, str], answer_type: type[Answer]
    ) -> Outcome[Answer]:
        differing = differing_fields(stored.fingerprint, fingerprint)
        if differing:
            raise IdempotencyKeyReused(
                f"this idempotency key was used before with another {', '.join(differing)}", fields=",".join(differing)
            )
        content = self._seal.open(stored.answer)
        if OutcomeKind(stored.kind) is OutcomeKind.REFUSAL:
            return Outcome(None, _load_refusal(content), replayed=True)
        return answered(_adapter(answer_type).validate_json(content), replayed=True)

    def _store(
        self,
        connection: sa.Connection,
        key: tuple[object, ...],
        fingerprint: dict[str, str],
        kind: OutcomeKind,
        content: bytes,
        now: datetime,
    ) -> None:
        columns = dict(zip((column.name for column in self._table.primary_key.columns), key, strict=True))
        row = {**columns, "fingerprint": fingerprint, "kind": kind.value, "answer": self._seal.close(content)}
        inserted = connection.execute(
            postgresql.insert(self._table)
            .values(**row, stored_at=now)
            .on_conflict_do_nothing()
            # The driver counts no rows of an INSERT; what it returns can be looked at.
            .returning(self._table.c.request_id)
        )
        if inserted.one_or_none() is None:
            raise LostRaceError

    def _fingerprint(self, command: Command) -> dict[str, str]:
        return field_digests(command, without=("program_id", "request_id"), key=self._fingerprint_key)


def field_digests(value: object, *, without: tuple[str, ...] = (), key: bytes = b"") -> dict[str, str]:
    """A short digest of each field of a dataclass of plain values, to compare two of them without keeping either."""
    content = _adapter(type(value)).dump_python(value, mode="json")
    return {
        name: hashlib.blake2b(orjson.dumps(part, option=orjson.OPT_SORT_KEYS), digest_size=12, key=key).hexdigest()
        for name, part in content.items()
        if name not in without
    }


def differing_fields(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The names of the fields whose digests differ, sorted."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type[Answer]) -> TypeAdapter[Answer]:
    """The reader and writer of `kind`; made once, since making one costs milliseconds."""
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(kind)
    return adapter


def _dump_refusal(refusal: Refusal) -> bytes:
    return orjson.dumps(
        {
            "kind": refusal.kind.value,
            "reason": refusal.reason,
            "message": refusal.message,
            "metadata": refusal.metadata,
        }
    )


def _load_refusal(content: bytes) -> Refusal:
    stored = orjson.loads(content)
    return Refusal.restore(Kind(stored["kind"]), stored["reason"], stored["message"], stored["metadata"])
