"""Conditions in CEL, the Common Expression Language: checked when a rule is saved, compiled once per process.

Every name and its type is declared (`domain/conditions.py`), so that a typing error is met by whoever writes the rule
and not by a till. What an expression may cost is bounded three times: by its length, by the depth that the parser
allows (32), and by one macro that walks a list, since lists come from tenders, from the few segments and attributes of
a member, from the few attributes of an activity, or from the text itself.

CEL gives errors as values and divides whole numbers without a rest: only a value of type bool is an answer here.

Most of what a short question costs is the way into CEL and back. So the lines of a receipt are asked together, by a
macro around the condition; if one of them makes an error of the whole, they are asked one by one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

import cel_expr_python.cel as cel

from kit.errors import Invalid
from services.points.domain.conditions import ACTIVITY_FACTS, LINE_FACTS, PURCHASE_FACTS, Facts
from services.points.domain.terms import EarningTerms, Trigger

WALKS_MAX = 1
# Compiled conditions that a process keeps; beyond, those longest unused are compiled again.
COMPILED_MAX = 10_000

_TYPES = {
    int: cel.Type.INT,
    str: cel.Type.STRING,
    list: cel.Type.List(cel.Type.STRING),
    dict: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
_WALKS = re.compile(r"\b(?:all|exists|exists_one|map|filter)\s*\(")
# Below that many lines one by one is faster.
TOGETHER_MIN = 3
_LINES = "lines"
# On a line of its own, since a condition may end in a comment.
_OF_EACH_LINE = f"{_LINES}.map(line, (\n{{}}\n))"
# "ERROR: <input>:1:22: found no matching overload …", then lines that draw where.
_COMPLAINT = re.compile(r"<input>:(-?\d+):(-?\d+): ([^\n]+)")


class Prepared:
    """The facts of a receipt or an activity, converted once for many conditions."""

    def __init__(self, environments: Environments, purchase: Facts, lines: Sequence[Facts]) -> None:
        self._of_anything = environments.of_anything
        self._purchase, self._lines = purchase, lines
        self._single: dict[int, cel.Activation] = {}
        self._together = environments.of_all_lines

    @functools.cached_property
    def purchase(self) -> cel.Activation:
        """What is asked of the purchase as a whole, or of the activity."""
        return self._of_anything.Activation(self._purchase)

    @functools.cached_property
    def all_lines(self) -> cel.Activation:
        """All lines, to be asked together."""
        lines = [{name.removeprefix("line."): fact for name, fact in line.items()} for line in self._lines]
        return self._together.Activation({**self._purchase, _LINES: lines})

    def line(self, index: int) -> cel.Activation:
        """One line with its purchase."""
        single = self._single.get(index)
        if single is None:
            single = self._single[index] = self._of_anything.Activation({**self._purchase, **self._lines[index]})
        return single


class Environments:
    """What conditions may name, by what they are asked of."""

    def __init__(self) -> None:
        purchase = _variables(PURCHASE_FACTS)
        line = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        self.of_purchases = cel.NewEnv(variables=purchase)
        self.of_lines = cel.NewEnv(variables={**purchase, **_variables(LINE_FACTS)})
        self.of_activities = cel.NewEnv(variables=_variables(ACTIVITY_FACTS))
        # In which they are answered: what a condition may not ask about was refused when it was saved.
        anything = {**PURCHASE_FACTS, **LINE_FACTS, **ACTIVITY_FACTS}
        self.of_anything = cel.NewEnv(variables=_variables(anything))
        self.of_all_lines = cel.NewEnv(variables={**purchase, _LINES: cel.Type.List(line)})

    def of(self, trigger: Trigger) -> cel.Env:
        """What a condition may name in a rule with this trigger."""
        if trigger.is_activity:
            return self.of_activities
        return self.of_lines if trigger is Trigger.LINE else self.of_purchases


class CelConditions:
    """Checks conditions, and answers them. Safe to share between threads."""

    def __init__(self) -> None:
        self._environments = Environments()
        self._compiled = functools.lru_cache(maxsize=COMPILED_MAX)(self._compile)
        self._compiled_together = functools.lru_cache(maxsize=COMPILED_MAX)(self._compile_together)

    def expect_valid(self, terms: EarningTerms) -> None:
        """Refuses a condition that does not compile to a yes or a no, saying where."""
        condition = terms.condition
        if not condition:
            return
        if len(_WALKS.findall(condition)) > WALKS_MAX:
            raise Invalid("terms.condition", f"may walk through at most {WALKS_MAX} list")
        try:
            compiled = self._environments.of(terms.trigger).compile(condition)
        except RuntimeError as error:
            raise Invalid("terms.condition", _complaint(str(error))) from error
        if compiled.return_type() != cel.Type.BOOL:
            raise Invalid("terms.condition", f"gives {compiled.return_type().name().lower()}, not bool")

    def prepare(self, purchase: Facts, lines: Sequence[Facts]) -> Prepared:
        """The facts, converted once for many conditions."""
        return Prepared(self._environments, purchase, lines)

    def holds(self, condition: str, prepared: object) -> bool | None:
        """Whether it holds for the purchase or the activity; None when it comes to no answer."""
        compiled = self._compiled(condition)
        if compiled is None or not isinstance(prepared, Prepared):
            return None
        return _truth(compiled, prepared.purchase)

    def holds_for(self, condition: str, prepared: object, indexes: Sequence[int]) -> list[bool | None]:
        """The same, asked of each of these lines."""
        compiled = self._compiled(condition)
        if compiled is None or not isinstance(prepared, Prepared):
            return [None] * len(indexes)
        together = self._compiled_together(condition) if len(indexes) >= TOGETHER_MIN else None
        truths = None if together is None else _truths(together, prepared.all_lines)
        if truths is not None:
            return [truths[index] for index in indexes]
        return [_truth(compiled, prepared.line(index)) for index in indexes]

    def _compile(self, condition: str) -> cel.Expression | None:
        # It did compile when it was saved; another version of CEL may see it differently.
        return _compiled(self._environments.of_anything, condition)

    def _compile_together(self, condition: str) -> cel.Expression | None:
        return _compiled(self._environments.of_all_lines, _OF_EACH_LINE.format(condition))


def _compiled(environment: cel.Env, condition: str) -> cel.Expression | None:
    try:
        return environment.compile(condition)
    except RuntimeError:
        return None


def _truth(compiled: cel.Expression, facts: cel.Activation) -> bool | None:
    try:
        value = compiled.eval(facts).value()
    except RuntimeError:
        # Such as a budget that is used up.
        return None
    return value if isinstance(value, bool) else None


def _truths(compiled: cel.Expression, facts: cel.Activation) -> list[bool] | None:
    """One for each line; None unless every line has an answer."""
    try:
        values = compiled.eval(facts).plain_value()
    except RuntimeError:
        return None
    if not isinstance(values, list) or set(map(type, values)) != {bool}:
        return None
    return [value is True for value in values]


def _variables(facts: Mapping[str, type]) -> dict[str, cel.Type]:
    return {name: _TYPES[of] for name, of in facts.items()}


def _complaint(error: str) -> str:
    found = _COMPLAINT.search(error)
    if found is None:
        return "cannot be understood: it may be nested too deeply"
    line, column, problem = found.groups()
    where = f"line {line}, column {column}: " if int(line) > 0 else ""
    return f"{where}{problem.removesuffix(' [INVALID_ARGUMENT]')}"
