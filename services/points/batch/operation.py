"""One command of one caller, in the form in which batches carry it out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from kit.idempotency import Asked, Command
from services.points.batch.plan import Plan
from services.points.batch.reads import Reads

if TYPE_CHECKING:
    from services.points.batch.context import BatchContext

PlanT = TypeVar("PlanT", bound=Plan)
AnswerOut = TypeVar("AnswerOut", covariant=True)
Ref = TypeVar("Ref")
Answer = TypeVar("Answer")


class Operation(Protocol[PlanT, AnswerOut]):
    """A command with what it takes to carry it out.

    A batch loads what `reads` names, asks for the `plan`, locks what the plan touches, and has the plan judged. Both
    may refuse; `judge` decides before it changes any account or counter. An operation keeps nothing between the two:
    what it has worked out is its plan, and when the batch has lost a race it is asked for another one.
    """

    @property
    def command(self) -> Command | None:
        """What is stored with its answer; None for work of our own that nobody retries."""
        ...

    @property
    def answer_type(self) -> type[Any]:
        """What the stored answer is read as."""
        ...

    @property
    def reads(self) -> Reads:
        """What it must see first."""
        ...

    def plan(self, context: BatchContext) -> PlanT:
        """What it is to do, and the accounts and counters that it touches."""
        ...

    def judge(self, context: BatchContext, plan: PlanT) -> AnswerOut:
        """Decides, changes accounts and counters, leaves in the context what else is to be written, and answers."""
        ...


@dataclass(frozen=True)
class ReferencedAnswer(Generic[Ref, Answer]):
    """An answer of which only the reference is stored: what it refers to is kept for longer than answers are."""

    ref: Ref
    answer: Answer


def ref_of(found: Ref | ReferencedAnswer[Ref, Any]) -> Ref:
    """The reference, whether the answer was replayed or is new."""
    return found.ref if isinstance(found, ReferencedAnswer) else found


def answer_of(found: Ref | ReferencedAnswer[Ref, Answer], read: Callable[[Ref], Answer]) -> Answer:
    """The answer; where it was replayed, as `read` finds it by the reference."""
    return found.answer if isinstance(found, ReferencedAnswer) else read(found)


@dataclass(frozen=True, eq=False)
class Submitted:
    """An operation on its way, with its request as the store of answers knows it; None for work of our own."""

    operation: Operation[Any, Any]
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
