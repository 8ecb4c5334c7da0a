"""The program's rules, read once per change and process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID

from services.points.batch.evaluations import Evaluations
from services.points.domain.earning.conditions import Conditions
from services.points.domain.earning.evaluation_steps import STEPS_MAX_DEFAULT
from services.points.domain.earning.rule_sets import RuleSet
from services.points.storage import Transaction


class Rulebook:
    """Keeps the rules of up to `programs_max` programs; a revision that has moved on has them read again."""

    def __init__(
        self,
        programs_max: int,
        conditions: Conditions,
        *,
        steps_max: int = STEPS_MAX_DEFAULT,
        evaluations: Evaluations | None = None,
    ) -> None:
        self._programs_max = programs_max
        self._conditions = conditions
        self._steps_max = steps_max
        self._evaluations = evaluations or Evaluations()
        self._pages: OrderedDict[UUID, tuple[int, RuleSet]] = OrderedDict()
        self._lock = threading.Lock()

    def effective(self, tx: Transaction, program_id: UUID, revision: int) -> RuleSet:
        """Every version that is or was in force, as of the revision that the transaction has seen."""
        with self._lock:
            page = self._pages.get(program_id)
            if page is not None and page[0] == revision:
                self._pages.move_to_end(program_id)
                return page[1]
        rules = RuleSet(tx.rules.effective(program_id), self._conditions, self._steps_max, self._evaluations)
        with self._lock:
            self._pages[program_id] = (revision, rules)
            while len(self._pages) > self._programs_max:
                self._pages.popitem(last=False)
        return rules
