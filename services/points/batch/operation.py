"""One wish of one caller, in the form in which batches judge it."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from kit.idempotency import Asked, Command
from services.points.storage import BookRequest, CounterRequest

if TYPE_CHECKING:
    from services.points.batch.context import BatchContext

AnswerOut = TypeVar("AnswerOut", covariant=True)


@dataclass(frozen=True)
class GoodsTakenBack:
    """What a sale takes back: the purchases that it says the goods are of, and the goods whose purchases are sought."""

    purchase_ids: frozenset[UUID]
    skus: frozenset[str]
    bought_until: datetime


@dataclass(frozen=True)
class Reads:
    """What an operation must see before it can say which accounts it touches."""

    program_id: UUID
    member_id: UUID | None = None
    # A receipt that may be recorded already.
    purchase_id: UUID | None = None
    # A purchase that is about to change: it is locked, and what came back of it is read.
    changing_purchase_id: UUID | None = None
    return_id: UUID | None = None
    # An activity that may be recorded already, by each id that it may have.
    activity_ids: frozenset[UUID] = frozenset()
    hold_id: UUID | None = None
    # Holds that are about to give back what they spent, whosever they are.
    refunded_hold_ids: frozenset[UUID] = frozenset()
    # Of an adjustment that was asked for and is about to end: it is locked. The member must be given.
    adjustment_id: UUID | None = None
    # Whether something is sold to the member of the purchase that changes, who must be known then.
    selling_to_owner: bool = False
    # Another member who must be known.
    counterpart_id: UUID | None = None
    # A transfer to the member, and one of the member that is about to end: it is locked.
    arriving_transfer_id: UUID | None = None
    ending_transfer_id: UUID | None = None
    # Lines of receipts that it judges: how much work it is, beside others that have a few.
    lines: int = 0
    # Of a sale that takes goods back. Which purchases change is only known once they are sought, so it goes alone.
    taking_back: GoodsTakenBack | None = None

    def subjects(self) -> Iterable[Hashable]:
        """What two operations of one batch must not both be about, since neither would see what the other did."""
        named = (
            self.purchase_id,
            self.changing_purchase_id,
            self.return_id,
            self.hold_id,
            self.adjustment_id,
            self.arriving_transfer_id,
            self.ending_transfer_id,
        )
        return (identity for identity in (*named, *self.refunded_hold_ids, *self.activity_ids) if identity is not None)


class Operation(Protocol[AnswerOut]):
    """A command with what it takes to carry it out.

    A batch asks in this order: `reads`, then `books`, then `judge`, the last two with a context that holds what was
    asked for before. Both may refuse; `judge` decides before it changes any book or counter. They may be asked again
    from the start when the batch has lost a race, so they keep nothing that they do not make anew.
    """

    @property
    def command(self) -> Command | None:
        """What is stored with its answer; None for work of our own that nobody retries."""
        ...

    @property
    def answer_type(self) -> type[AnswerOut]:
        """What the stored answer is read as."""
        ...

    @property
    def reads(self) -> Reads:
        """What it must see first."""
        ...

    def books(self, context: BatchContext) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that it touches, and the counters of limits."""
        ...

    def judge(self, context: BatchContext) -> AnswerOut:
        """Decides, changes the context's books, leaves there what else is to be written, and answers."""
        ...


@dataclass(frozen=True, eq=False)
class Submitted:
    """An operation on its way, with its request as the store of answers knows it; None for work of our own."""

    operation: Operation[Any]
    asked: Asked | None

    @functools.cached_property
    def subjects(self) -> frozenset[Hashable]:
        """What no other operation of the same batch may be about."""
        own: set[Hashable] = set(self.operation.reads.subjects())
        if self.asked is not None:
            own.add(self.asked.key)
        return frozenset(own)

    @property
    def lines(self) -> int:
        """Lines of receipts that it judges."""
        return self.operation.reads.lines

    @property
    def goes_alone(self) -> bool:
        """Whether no other operation may be of its batch."""
        return self.operation.reads.taking_back is not None

    @property
    def member_id(self) -> Hashable:
        """Whose order it must keep; for an operation that names no member, nobody else's."""
        return self.operation.reads.member_id or self
