"""One transaction for many operations: load, plan, open the accounts, judge in order, write everything at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from kit.errors import Refusal
from kit.failpoints import reach
from kit.idempotency import Outcome, judged
from services.points.batch.context import BatchContext
from services.points.batch.evaluations import EvaluationDeferred
from services.points.batch.operation import Operation, Submitted, ref_of
from services.points.batch.plan import Plan, Touch
from services.points.batch.rulebook import Rulebook
from services.points.storage import Storage, Transaction

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
        plans = {index: _attempted(functools.partial(operation.plan, context)) for index, operation in fresh.items()}
        context.open(touch for plan in plans.values() for touch in _touches(plan))
        for index, operation in fresh.items():
            results[index] = _judged(operation, context, plans[index])
        reach("points.batch.before_write")
        context.save(_rows(storage, tx, [(batch[index], results[index]) for index in fresh]))
        reach("points.batch.before_commit")
    reach("points.batch.after_commit")
    return [results[index] for index in range(len(batch))]


def preview(storage: Storage, rulebook: Rulebook, operation: Operation[Any, Answer]) -> Answer:
    """What the operation would answer now, with long evaluations done outside of the transaction."""
    while True:
        try:
            return _preview(storage, rulebook, operation)
        except EvaluationDeferred as deferred:
            deferred.evaluate()


def prepare(storage: Storage, rulebook: Rulebook, operation: Operation[Any, Any]) -> None:
    """Does the long evaluation that the operation will need, as far as can be seen now; refusals come later."""
    try:
        with storage.transaction() as tx:
            context = BatchContext(tx, rulebook, lock=False)
            context.load([operation.reads])
            operation.plan(context)
    except EvaluationDeferred as deferred:
        deferred.evaluate()
    except Refusal:
        return


def _preview(storage: Storage, rulebook: Rulebook, operation: Operation[Any, Answer]) -> Answer:
    """Nothing is locked and nothing written."""
    with storage.transaction() as tx:
        context = BatchContext(tx, rulebook, lock=False)
        context.load([operation.reads])
        plan = operation.plan(context)
        context.open(plan.touches)
        return operation.judge(context, plan)


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


def _touches(planned: Result) -> Sequence[Touch]:
    if isinstance(planned, Exception) or planned.refusal is not None:
        return ()
    plan: Plan = planned.unwrap()
    return plan.touches


def _judged(operation: Operation[Any, Any], context: BatchContext, planned: Result) -> Result:
    if isinstance(planned, Exception) or planned.refusal is not None:
        return planned
    return _attempted(functools.partial(operation.judge, context, planned.unwrap()))


def _attempted(work: Callable[[], object]) -> Result:
    try:
        return judged(work)
    except Refusal as refusal:
        return refusal


def _rows(storage: Storage, tx: Transaction, results: Sequence[tuple[Submitted, Result]]) -> list[dict[str, object]]:
    """The answers and final refusals to store."""
    return [
        storage.answers.row(each.asked, result.map(ref_of), tx.now)
        for each, result in results
        if each.asked is not None and isinstance(result, Outcome)
    ]
