"""Conditions in CEL, the Common Expression Language: checked when a rule is saved, compiled once per process.

Every name and its type is declared (`domain/conditions.py`), so that a typing error is met by whoever writes the rule
and not by a till. What an expression may cost is bounded three times: by its length, by the depth that the parser
allows (32), and by one macro that walks a list, since lists come from tenders or from the text itself.

CEL gives errors as values and divides whole numbers without a rest: only a value of type bool is an answer here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

import cel_expr_python.cel as cel

from kit.errors import Invalid
from services.points.domain.conditions import LINE_FACTS, PURCHASE_FACTS, Facts
from services.points.domain.terms import EarningTerms, Trigger

WALKS_MAX = 1
# Compiled conditions that a process keeps; beyond, those longest unused are compiled again.
COMPILED_MAX = 10_000

_TYPES = {int: cel.Type.INT, str: cel.Type.STRING, list: cel.Type.List(cel.Type.STRING)}
_WALKS = re.compile(r"\b(?:all|exists|exists_one|map|filter)\s*\(")
# "ERROR: <input>:1:22: found no matching overload …", then lines that draw where.
_COMPLAINT = re.compile(r"<input>:(-?\d+):(-?\d+): ([^\n]+)")


class CelConditions:
    """Checks conditions, and answers them. Safe to share between threads."""

    def __init__(self) -> None:
        self._of_purchases = cel.NewEnv(variables=_variables(PURCHASE_FACTS))
        self._of_lines = cel.NewEnv(variables=_variables({**PURCHASE_FACTS, **LINE_FACTS}))
        self._compiled = functools.lru_cache(maxsize=COMPILED_MAX)(self._compile)

    def expect_valid(self, terms: EarningTerms) -> None:
        """Refuses a condition that does not compile to a yes or a no, saying where."""
        condition = terms.condition
        if not condition:
            return
        if len(_WALKS.findall(condition)) > WALKS_MAX:
            raise Invalid("terms.condition", f"may walk through at most {WALKS_MAX} list")
        environment = self._of_lines if terms.trigger is Trigger.LINE else self._of_purchases
        try:
            compiled = environment.compile(condition)
        except RuntimeError as error:
            raise Invalid("terms.condition", _complaint(str(error))) from error
        if compiled.return_type() != cel.Type.BOOL:
            raise Invalid("terms.condition", f"gives {compiled.return_type().name().lower()}, not bool")

    def prepare(self, facts: Facts) -> object:
        """The facts, converted once for many conditions."""
        return self._of_lines.Activation(facts)

    def answers(self, condition: str, prepared: Sequence[object]) -> list[bool | None]:
        """Whether it holds, asked of each; None when it comes to no answer."""
        compiled = self._compiled(condition)
        return [None if compiled is None else _answer(compiled, each) for each in prepared]

    def _compile(self, condition: str) -> cel.Expression | None:
        # It did compile when it was saved; another version of CEL may see it differently.
        try:
            return self._of_lines.compile(condition)
        except RuntimeError:
            return None


def _answer(compiled: cel.Expression, prepared: object) -> bool | None:
    if not isinstance(prepared, cel.Activation):
        return None
    try:
        value = compiled.eval(prepared).value()
    except RuntimeError:
        # Such as a budget that is used up.
        return None
    return value if isinstance(value, bool) else None


def _variables(facts: Mapping[str, type]) -> dict[str, cel.Type]:
    return {name: _TYPES[of] for name, of in facts.items()}


def _complaint(error: str) -> str:
    found = _COMPLAINT.search(error)
    if found is None:
        return "cannot be understood: it may be nested too deeply"
    line, column, problem = found.groups()
    where = f"line {line}, column {column}: " if int(line) > 0 else ""
    return f"{where}{problem.removesuffix(' [INVALID_ARGUMENT]')}"
