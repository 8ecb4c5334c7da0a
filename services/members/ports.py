"""What the handlers need of the world: a storage that gives transactions. Members calls no other service."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar

from kit.call import Call
from kit.idempotency import Command, Outcome
from kit.outbox import Event
from kit.page import PageRequest
from services.members.domain.api_keys import ApiKey
from services.members.domain.identifiers import Identifier, NewIdentifier
from services.members.domain.members import Change, Member
from services.members.domain.programs import Program

Answer = TypeVar("Answer")


# Has what was announced on the stream before a caller hears of it, or leaves it to the relay.
Publish: TypeAlias = Callable[[], None]


class Members(Protocol):
    """Members, as one transaction sees them."""

    def load(self, program_id: uuid.UUID, member_id: uuid.UUID) -> Member | None:
        """The member of the program, or nothing."""
        ...

    def lock(self, program_id: uuid.UUID, member_id: uuid.UUID) -> Member | None:
        """The same, locked until the end."""
        ...

    def insert(self, change: Change, caller_id: str) -> None:
        """Writes a new member."""
        ...

    def update(
        self, change: Change, caller_id: str, *, added: Identifier | None = None, removed: Identifier | None = None
    ) -> None:
        """Writes a changed member."""
        ...


class Identifiers(Protocol):
    """Whose an identifier is."""

    def owners(self, program_id: uuid.UUID, wanted: Sequence[NewIdentifier]) -> list[uuid.UUID | None]:
        """The member that has each identifier, or nothing, in the order they are given."""
        ...

    def claim(self, program_id: uuid.UUID, member_id: uuid.UUID, claimed: Sequence[Identifier]) -> None:
        """Makes the identifiers the member's; raises LostRaceError if another member got one of them just now."""
        ...

    def release(self, program_id: uuid.UUID, identifier: Identifier) -> None:
        """Frees the identifier for other members."""
        ...


class Programs(Protocol):
    """Programs."""

    def load(self, program_id: uuid.UUID) -> Program | None:
        """The program, or nothing."""
        ...

    def page(self, request: PageRequest) -> Sequence[Program]:
        """Programs by name, one more than the page is long."""
        ...

    def insert(self, program: Program) -> bool:
        """Writes the program; says no and writes nothing if there is one of that id."""
        ...


class ApiKeys(Protocol):
    """API keys."""

    def load_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """The API key whose secret has this SHA-256, or nothing."""
        ...

    def lock(self, program_id: uuid.UUID, api_key_id: uuid.UUID) -> ApiKey | None:
        """The API key, locked, or nothing."""
        ...

    def page(self, program_id: uuid.UUID, request: PageRequest) -> Sequence[ApiKey]:
        """A program's API keys, oldest first, one more than the page is long."""
        ...

    def insert(self, api_key: ApiKey, key_hash: bytes) -> None:
        """Writes a new API key with the hash of its secret."""
        ...

    def update(self, api_key: ApiKey) -> None:
        """Writes when the API key was revoked."""
        ...


class Transaction(Protocol):
    """Loads, locks and appends; all or nothing of what is written stays."""

    @property
    def now(self) -> datetime:
        """The time of everything that happens in it."""
        ...

    @property
    def members(self) -> Members:
        """Members."""
        ...

    @property
    def identifiers(self) -> Identifiers:
        """Whose an identifier is."""
        ...

    @property
    def programs(self) -> Programs:
        """Programs."""
        ...

    @property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        ...

    def once(
        self, call: Call, command: Command, answer_type: type[Answer], work: Callable[[], Answer]
    ) -> Outcome[Answer]:
        """Replays the stored outcome of the command, or does the work and stores what it came to."""
        ...

    def announce(self, events: Sequence[Event]) -> None:
        """Publishes the events once the transaction has committed."""
        ...


class Storage(Protocol):
    """Gives transactions."""

    def transaction(self) -> contextlib.AbstractContextManager[Transaction]:
        """One transaction: leaving commits, raising rolls back."""
        ...
