"""Who hands operations to batches: one at a time, or all that arrive while the batch before is being written."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar, cast

import prometheus_client
import structlog

from kit.bounds import LINES_MAX
from kit.call import Call
from kit.database import DatabaseContended, retrying
from kit.errors import Kind, Refusal
from kit.idempotency import Outcome
from kit.workers import Worker
from services.points.batch.evaluations import EvaluationDeferred
from services.points.batch.execution import Result, carry_out, prepare, preview
from services.points.batch.operation import Operation, Submitted
from services.points.batch.rulebook import Rulebook
from services.points.domain.errors import LedgerBusy
from services.points.storage import Storage

_log = structlog.get_logger()

Answer = TypeVar("Answer")

BATCH_SIZES = prometheus_client.Histogram(
    "points_batch_operations",
    "Operations written in one transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
)

# Operations of one caller that stand in the queue at the same time, so that tills find room between them.
HANDED_OVER_MAX = 128

# Lines of receipts that one transaction judges: those of the longest receipt, and of a hundred short ones beside it. So
# who waits for the writer waits for one long receipt at a time.
LINES_A_BATCH_MAX = LINES_MAX + LINES_MAX // 2

# How much a batch counts in the mean pace of writing.
PACE_WEIGHT = 0.1

# Lines from which on a sale is evaluated before it is handed over.
LINES_PREPARED_MIN = 500

# How often an operation may find that a long evaluation is still to be done: a return has two, and rules may change.
DEFERRALS_MAX = 6

# How long the writer waits for work in one round.
IDLE_S = 0.2

# How long it pauses after a round that has failed; it does not pause otherwise.
WRITER_PAUSE_S = 0.05

# Refusals of these kinds are of the database as a whole: trying the batch's operations one by one would not help.
_TRANSIENT_KINDS = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED})


class Committer(Protocol):
    """Carries operations out."""

    def submit(self, call: Call, operation: Operation[Any, Answer]) -> Outcome[Answer]:
        """Carries one out. Raises refusals that are not final; others are in the outcome."""
        ...

    def submit_all(self, call: Call, operations: Sequence[Operation[Any, Any]]) -> list[Result]:
        """Carries several out, each on its own merits; those of one member in their order. Raises only LedgerBusy."""
        ...

    def preview(self, operation: Operation[Any, Answer]) -> Answer:
        """What the operation would answer now; nothing is written."""
        ...


def submit_in_shares(committer: Committer, call: Call, operations: Sequence[Operation[Any, Any]]) -> list[Result]:
    """Hands many over by and by, with room for others between them; when there is none for the rest, they are told so.

    Raises LedgerBusy when there is none for the first.
    """
    results: list[Result] = []
    for start in range(0, len(operations), HANDED_OVER_MAX):
        try:
            results += committer.submit_all(call, operations[start : start + HANDED_OVER_MAX])
        except LedgerBusy as busy:
            if not results:
                raise
            return results + [busy] * (len(operations) - len(results))
    return results


class DirectCommitter:
    """Each operation in a transaction of its own, in the caller's thread."""

    def __init__(self, storage: Storage, rulebook: Rulebook) -> None:
        self._storage = storage
        self._rulebook = rulebook

    def submit(self, call: Call, operation: Operation[Any, Answer]) -> Outcome[Answer]:
        """Carries one out."""
        return _unwrapped(self._carry_out(_submitted(self._storage, call, operation)))

    def submit_all(self, call: Call, operations: Sequence[Operation[Any, Any]]) -> list[Result]:
        """Carries them out one after another."""
        return [self._carry_out(_submitted(self._storage, call, operation)) for operation in operations]

    def preview(self, operation: Operation[Any, Answer]) -> Answer:
        """What the operation would answer now."""
        return preview(self._storage, self._rulebook, operation)

    def _carry_out(self, submitted: Submitted) -> Result:
        return _evaluated([submitted], lambda some: [self._tried(each) for each in some])[0]

    def _tried(self, submitted: Submitted) -> Result:
        BATCH_SIZES.observe(1)
        try:
            return retrying(lambda: carry_out(self._storage, self._rulebook, [submitted]))[0]
        except Exception as error:
            return error


class GroupCommitter:
    """A bounded queue, and a writer that takes what is in it: with nothing to wait for, an operation is not delayed.

    `round` is the writer's, whose thread the composition root starts and stops. An operation that nobody waits for any
    more is dropped while it is queued and finished once it is taken, never left half done.

    The queue is as long as what is written within the wait at the pace of late, and at least two batches: what would
    only wait in vain is refused at once, so that what is taken in is answered in time.
    """

    def __init__(
        self, storage: Storage, rulebook: Rulebook, *, batch_max: int, queue_max: int, queue_wait_s: float
    ) -> None:
        self._storage = storage
        self._rulebook = rulebook
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._queue_wait_s = queue_wait_s
        self._queue: deque[tuple[Submitted, Future[Result]]] = deque()
        self._arrived = threading.Condition()
        # Mean seconds of writing for each operation, of late; 0 before the first batch.
        self._pace_s = 0.0

    def submit(self, call: Call, operation: Operation[Any, Answer]) -> Outcome[Answer]:
        """Carries one out, with whatever else is waiting."""
        return _unwrapped(self.submit_all(call, [operation])[0])

    def submit_all(self, call: Call, operations: Sequence[Operation[Any, Any]]) -> list[Result]:
        """Carries them out with whatever else is waiting."""
        for operation in operations:
            # So that those of one member keep their order; what else is long is put off when the writer meets it.
            if operation.reads.lines >= LINES_PREPARED_MIN:
                prepare(self._storage, self._rulebook, operation)
        submitted = [_submitted(self._storage, call, operation) for operation in operations]
        return _evaluated(submitted, self._written)

    def preview(self, operation: Operation[Any, Answer]) -> Answer:
        """What the operation would answer now."""
        return preview(self._storage, self._rulebook, operation)

    def writer(self) -> Worker:
        """The thread that writes, not yet started."""
        return Worker("points-writer", self.round, interval_s=WRITER_PAUSE_S, wake=self.wake)

    def round(self) -> bool:
        """Waits a moment for work and writes one batch of it; True, since there is no other pause to make."""
        batch = self._take()
        if batch:
            BATCH_SIZES.observe(len(batch))
            began = time.monotonic()
            try:
                results = self._carry_out([submitted for submitted, _ in batch])
            except BaseException as error:
                # The writer's thread may end with this; those who wait for their results must not wait for ever.
                for _, future in batch:
                    future.set_exception(error)
                raise
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
            self._keep_pace((time.monotonic() - began) / len(batch))
        return True

    def _keep_pace(self, each_s: float) -> None:
        self._pace_s += (each_s - self._pace_s) * (PACE_WEIGHT if self._pace_s else 1.0)

    def _room(self) -> int:
        """How many operations may wait: as many as are written within the wait."""
        if self._pace_s <= 0:
            return self._queue_max
        return min(self._queue_max, max(2 * self._batch_max, int(self._queue_wait_s / self._pace_s)))

    def wake(self) -> None:
        """Ends the wait of a round that has found nothing yet."""
        with self._arrived:
            self._arrived.notify_all()

    def _written(self, submitted: Sequence[Submitted]) -> list[Result]:
        return [self._result(future) for future in self._enqueue(submitted)]

    def _enqueue(self, operations: Sequence[Submitted]) -> list[Future[Result]]:
        futures: list[Future[Result]] = [Future() for _ in operations]
        with self._arrived:
            if len(self._queue) + len(operations) > self._room():
                raise LedgerBusy("more is waiting to be written than can be, try again")
            self._queue.extend(zip(operations, futures, strict=True))
            self._arrived.notify()
        return futures

    def _result(self, future: Future[Result]) -> Result:
        try:
            return future.result(self._queue_wait_s)
        except TimeoutError:
            if future.cancel():
                return LedgerBusy("this has waited too long to be written and was not begun, try again")
            return future.result()

    def _take(self) -> list[tuple[Submitted, Future[Result]]]:
        """The next batch: in order of arrival, without two operations about the same thing, or too many lines.

        One that goes alone is the whole batch.

        One that must wait for the next batch holds back whatever comes after it of the same member, so that each
        member's operations keep their order. Shorter ones of others go before a long one that waits.
        """
        taken: list[tuple[Submitted, Future[Result]]] = []
        lines = 0
        about: set[Hashable] = set()
        held_back: set[Hashable] = set()
        left: deque[tuple[Submitted, Future[Result]]] = deque()
        with self._arrived:
            if not self._queue:
                self._arrived.wait(IDLE_S)
            while self._queue and len(taken) < self._batch_max:
                submitted, future = self._queue.popleft()
                if submitted.goes_alone:
                    if taken or left:
                        left.append((submitted, future))
                    elif future.set_running_or_notify_cancel():
                        taken.append((submitted, future))
                    break
                too_long = lines > 0 and lines + submitted.lines > LINES_A_BATCH_MAX
                if too_long or submitted.subjects & about or submitted.member_id in held_back:
                    held_back.add(submitted.member_id)
                    left.append((submitted, future))
                elif future.set_running_or_notify_cancel():
                    taken.append((submitted, future))
                    lines += submitted.lines
                about |= submitted.subjects
            self._queue.extendleft(reversed(left))
        return taken

    def _carry_out(self, batch: Sequence[Submitted]) -> Sequence[Result]:
        try:
            return retrying(lambda: carry_out(self._storage, self._rulebook, batch))
        except Exception as error:
            if len(batch) == 1 or (isinstance(error, Refusal) and error.kind in _TRANSIENT_KINDS):
                return [error] * len(batch)
            _log.warning("batch_fell_back_to_singles", operations=len(batch), error=type(error).__name__)
        return self._one_by_one(batch)

    def _one_by_one(self, batch: Sequence[Submitted]) -> Sequence[Result]:
        """Each by itself, until one has waited in vain for somebody's lock: the others would each wait as long."""
        results: list[Result] = []
        for each in batch:
            results += self._carry_out([each])
            if isinstance(results[-1], DatabaseContended):
                return results + [results[-1]] * (len(batch) - len(results))
        return results


def _evaluated(submitted: Sequence[Submitted], write: Callable[[Sequence[Submitted]], list[Result]]) -> list[Result]:
    """The results, with long evaluations done here and what waited for them submitted again."""
    results = write(submitted)
    for _ in range(DEFERRALS_MAX):
        late = {index: found for index, found in enumerate(results) if isinstance(found, EvaluationDeferred)}
        if not late:
            break
        for deferred in late.values():
            deferred.evaluate()
        try:
            again = write([submitted[index] for index in late])
        except LedgerBusy:
            # What the others came to stands; these have not happened.
            break
        for index, result in zip(late, again, strict=True):
            results[index] = result
    return results


def _submitted(storage: Storage, call: Call, operation: Operation[Any, Any]) -> Submitted:
    command = operation.command
    return Submitted(operation, None if command is None else storage.answers.asked(call, command))


def _unwrapped(result: Result) -> Outcome[Answer]:
    if isinstance(result, Exception):
        raise result
    return cast(Outcome[Answer], result)
