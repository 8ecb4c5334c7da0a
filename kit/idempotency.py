"""Every write happens once, however often it is asked for.

The first request with a key stores its answer, or its refusal, in the same transaction as its effect. Later ones with
the same key and the same content get what is stored, marked as a replay; with other content they are refused, and the
refusal names what differs: `kit.digests` says what the same content is. Keys live per program, caller and operation,
and are kept for `kit.call.KEY_RETENTION_DAYS`.

Two requests with one key at the same time: both find nothing and do the work, one commits, the other meets the primary
key, loses the race, is rolled back whole and judged again, and then finds the answer. Nothing is claimed beforehand, so
after a crash there is no key that is taken and has no answer.

An answer is stored without the texts that people wrote (`kit.free_text`): a handler whose answer has such texts puts
them back into a replay.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeAlias, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import row_digests
from kit.adapters import adapter_of
from kit.arrays import unnested
from kit.call import Call
from kit.database import LostRaceError
from kit.digests import differing_fields, digests_in_order, field_digests
from kit.errors import Conflict, Kind, Refusal
from kit.free_text import without_free_text
from kit.row_digests import row_digest_column

Key: TypeAlias = tuple[uuid.UUID, str, str, str]

Answer = TypeVar("Answer")
Other = TypeVar("Other")

# What the key of a stored answer says already.
_IN_KEY = ("program_id", "request_id")


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

    @property
    def refusal(self) -> Refusal | None:
        """The refusal, if that is what it came to."""
        return self._refusal

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

        `replayed_if` says whether an answer is a repetition for a business reason, independent of the key.
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
        row_digest_column(),
        sa.Index("ix_stored_answers_stored_at", "stored_at"),
    )


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as the store knows it: the four parts of its key, digests of its content, and the content itself."""

    program_id: uuid.UUID
    caller_id: str
    operation: str
    request_id: str
    fingerprint: dict[str, str]
    command: Command

    @property
    def key(self) -> Key:
        """What names it in the table."""
        return (self.program_id, self.caller_id, self.operation, self.request_id)


@dataclasses.dataclass(frozen=True)
class Stored:
    """An answer as it lies in the table."""

    fingerprint: dict[str, str]
    kind: OutcomeKind
    content: bytes


class StoredAnswers:
    """The stored answers of a service.

    `fingerprint_key` keys the digests of requests that hold personal data, so that their content cannot be guessed
    from the table; `seal` closes the answers for the same reason.

    `once` is all that a handler needs. A service that writes many operations in one transaction puts the same steps
    together itself: `asked`, `find`, `replay` or the work, and the `row` to write.
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
        the others are raised on and roll it back.
        """
        asked = self.asked(call, command)
        stored = self.find(connection, [asked]).get(asked.key)
        if stored is not None:
            return self.replay(stored, asked, answer_type)
        outcome = judged(work)
        self._store(connection, self.row(asked, outcome, now))
        return outcome

    def asked(self, call: Call, command: Command) -> Asked:
        """The request as the store knows it; it needs no database, so it can be made before a transaction."""
        fingerprint = field_digests(command, without=_IN_KEY, key=self._fingerprint_key)
        return Asked(
            command.program_id, call.caller_id, type(command).__name__, command.request_id, fingerprint, command
        )

    def find(self, connection: sa.Connection, requests: Sequence[Asked]) -> dict[Key, Stored]:
        """What is stored for the requests, by key, in one query."""
        key = list(self._table.primary_key.columns)
        given = unnested(
            {column.name: column.type for column in key},
            {column.name: [getattr(asked, column.name) for asked in requests] for column in key},
        )
        matches = sa.and_(*(column == given.c[column.name] for column in key))
        rows = connection.execute(sa.select(self._table).join(given, matches))
        return {
            (row.program_id, row.caller_id, row.operation, row.request_id): Stored(
                row.fingerprint, OutcomeKind(row.kind), row.answer
            )
            for row in rows
        }

    def replay(self, stored: Stored, asked: Asked, answer_type: type[Answer]) -> Outcome[Answer]:
        """The stored outcome; raises IdempotencyKeyReused when it was given to another request."""
        differing = differing_fields(stored.fingerprint, asked.fingerprint)
        if differing:
            # It may have been stored when the order of lists counted.
            in_order = digests_in_order(asked.command, without=_IN_KEY, key=self._fingerprint_key)
            differing = differing_fields(stored.fingerprint, asked.fingerprint, in_order)
        if differing:
            raise IdempotencyKeyReused(
                f"this idempotency key was used before with another {', '.join(differing)}", fields=",".join(differing)
            )
        content = self._seal.open(stored.content)
        if stored.kind is OutcomeKind.REFUSAL:
            return Outcome(None, _load_refusal(content), replayed=True)
        return answered(adapter_of(answer_type).validate_json(content), replayed=True)

    def row(self, asked: Asked, outcome: Outcome[Answer], now: datetime) -> dict[str, object]:
        """The outcome as columns of the table, in plain values."""
        refusal = outcome.refusal
        if refusal is not None:
            kind, content = OutcomeKind.REFUSAL, _dump_refusal(refusal)
        else:
            answer = outcome.unwrap()
            kind, content = OutcomeKind.ANSWER, adapter_of(type(answer)).dump_json(without_free_text(answer))
        return {
            **dict(zip((column.name for column in self._table.primary_key.columns), asked.key, strict=True)),
            "fingerprint": asked.fingerprint,
            "kind": kind.value,
            "answer": self._seal.close(content),
            "stored_at": now,
        }

    def forget_before(self, connection: sa.Connection, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` answers stored before `instant` and says how many."""
        old = (
            sa.select(*self._table.primary_key.columns)
            .where(self._table.c.stored_at < instant)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        key = sa.tuple_(*self._table.primary_key.columns)
        return connection.execute(sa.delete(self._table).where(key.in_(old))).rowcount

    def _store(self, connection: sa.Connection, row: dict[str, object]) -> None:
        inserted = connection.execute(
            postgresql.insert(self._table)
            .values(**row_digests.fresh(connection, self._table, row))
            .on_conflict_do_nothing()
            # The driver counts no rows of an INSERT; what it returns can be looked at.
            .returning(self._table.c.request_id)
        )
        if inserted.one_or_none() is None:
            raise LostRaceError


def judged(work: Callable[[], Answer]) -> Outcome[Answer]:
    """The answer of the work or its final refusal. Raises the refusals that are not final."""
    try:
        return answered(work())
    except Refusal as refusal:
        if not refusal.is_final:
            raise
        return Outcome(None, refusal, replayed=False)


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
