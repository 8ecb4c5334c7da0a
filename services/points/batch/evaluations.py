"""Long evaluations are done outside of the writer, in the thread of whoever submitted the operation.

Evaluating is pure: the same rules, goods and earner give the same, whoever works it out. So a batch that meets a long
evaluation for the first time puts the operation off and goes on with the others; its thread works it out, keeps it here
and submits the operation again, which then finds it. If rules or goods have changed in between, it is put off again.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import prometheus_client

from services.points.domain.earning.rule_sets import Question
from services.points.domain.errors import LedgerBusy

Result = TypeVar("Result")

# Steps up to which an evaluation is done where it is met: some milliseconds.
INLINE_STEPS_MAX = 200_000
# Long evaluations that are kept for the batch that will ask for them.
KEPT_MAX = 32

DEFERRED = prometheus_client.Counter(
    "points_evaluations_deferred", "Evaluations too long for the writer, done by the thread of the request."
)


class EvaluationDeferred(LedgerBusy):
    """The operation waits for a long evaluation; whoever submitted it calls `evaluate` and submits it again."""

    def __init__(self, evaluate: Callable[[], None]) -> None:
        super().__init__("judging this takes long and is not done yet, try again")
        self.evaluate = evaluate


class Evaluations:
    """Keeps the long ones that were worked out last. Safe to share between threads."""

    def __init__(self, inline_steps_max: int = INLINE_STEPS_MAX) -> None:
        self._inline_steps_max = inline_steps_max
        self._kept: OrderedDict[Hashable, tuple[Question, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def evaluated(self, steps: int, question: Question, work: Callable[[], Result]) -> Result:
        """The result of the work, or EvaluationDeferred where it is long and not done yet."""
        if steps <= self._inline_steps_max:
            return work()
        with self._lock:
            kept = self._kept.get(question.key)
        if kept is not None and kept[0] == question:
            return cast(Result, kept[1])
        DEFERRED.inc()
        raise EvaluationDeferred(functools.partial(self._keep, question, work))

    def _keep(self, question: Question, work: Callable[[], object]) -> None:
        result = work()
        with self._lock:
            self._kept[question.key] = question, result
            self._kept.move_to_end(question.key)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
