"""One transaction for many operations: load, open the books, judge in order, write everything at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from kit.errors import Refusal
from kit.failpoints import reach
from kit.idempotency import Outcome, judged
from services.points.batch.context import BatchContext
from services.points.batch.evaluations import EvaluationDeferred
from services.points.batch.operation import Operation, Submitted
from services.points.batch.rulebook import Rulebook
from services.points.storage import BookRequest, CounterRequest, Storage, Transaction

Answer = TypeVar("Answer")

# What became of one operation: its outcome, or what kept it from having one: a refusal that says nothing for good, or a
# fault of ours. Neither is stored.
Result: TypeAlias = Outcome[Any] | Exception


def carry_out(storage: Storage, rulebook: Rulebook, batch: Sequence[Submitted]) -> list[Result]:
    """Carries the operations out, one result each, in their order.

    A refused operation leaves no trace in the books and does not touch its neighbours. Anything but a refusal, such as
    a lost race or a fault of ours, rolls the whole batch back and is raised: nobody's operation has happened then.
    """
    with storage.transaction() as tx:
        context = BatchContext(tx, rulebook, lock=True)
        results = _replayed(storage, tx, batch)
        fresh = {index: each.operation for index, each in enumerate(batch) if index not in results}
        context.load(operation.reads for operation in fresh.values())
        touched = {index: _attempted(functools.partial(operation.books, context)) for index, operation in fresh.items()}
        context.open_books(
            request for found in touched.values() if isinstance(found, Outcome) for request in _books(found)
        )
        for index, operation in fresh.items():
            found = touched[index]
            may_be_judged = isinstance(found, Outcome) and found.refusal is None
            results[index] = _attempted(functools.partial(operation.judge, context)) if may_be_judged else found
        reach("points.batch.before_write")
        context.save(_rows(storage, tx, [(batch[index], results[index]) for index in fresh]))
        reach("points.batch.before_commit")
    reach("points.batch.after_commit")
    return [results[index] for index in range(len(batch))]


def preview(storage: Storage, rulebook: Rulebook, operation: Operation[Answer]) -> Answer:
    """What the operation would answer now, with long evaluations done outside of the transaction."""
    while True:
        try:
            return _preview(storage, rulebook, operation)
        except EvaluationDeferred as deferred:
            deferred.evaluate()


def prepare(storage: Storage, rulebook: Rulebook, operation: Operation[Any]) -> None:
    """Does the long evaluation that the operation will need, as far as can be seen now; refusals come later."""
    try:
        with storage.transaction() as tx:
            context = BatchContext(tx, rulebook, lock=False)
            context.load([operation.reads])
            operation.books(context)
    except EvaluationDeferred as deferred:
        deferred.evaluate()
    except Refusal:
        return


def _preview(storage: Storage, rulebook: Rulebook, operation: Operation[Answer]) -> Answer:
    """Nothing is locked and nothing written."""
    with storage.transaction() as tx:
        context = BatchContext(tx, rulebook, lock=False)
        context.load([operation.reads])
        context.open_books(operation.books(context))
        return operation.judge(context)


def _replayed(storage: Storage, tx: Transaction, batch: Sequence[Submitted]) -> dict[int, Result]:
    asked = [each.asked for each in batch if each.asked is not None]
    stored = tx.answered(asked) if asked else {}
    results: dict[int, Result] = {}
    for index, each in enumerate(batch):
        found = None if each.asked is None else stored.get(each.asked.key)
        if each.asked is not None and found is not None:
            try:
                results[index] = storage.answers.replay(found, each.asked, each.operation.answer_type)
            except Refusal as refusal:
                results[index] = refusal
    return results


def _books(found: Result) -> Sequence[BookRequest | CounterRequest]:
    if isinstance(found, Exception) or found.refusal is not None:
        return ()
    requests: Sequence[BookRequest | CounterRequest] = found.unwrap()
    return requests


def _attempted(work: Callable[[], object]) -> Result:
    try:
        return judged(work)
    except Refusal as refusal:
        return refusal


def _rows(storage: Storage, tx: Transaction, results: Sequence[tuple[Submitted, Result]]) -> list[dict[str, object]]:
    """The answers and final refusals to store."""
    return [
        storage.answers.row(each.asked, result, tx.now)
        for each, result in results
        if each.asked is not None and isinstance(result, Outcome)
    ]
