"""Compiles conditions, checks them when a rule is saved, and answers them.

Every name and its type is declared (`domain/earning/conditions.py`), so that a typing error is met by whoever writes
the rule and not by a till. What an expression may cost is reckoned from its syntax tree (`cost`) and bounded; beside
that stand its length, the depth that the parser allows (32), and one macro that walks a list. One that is stored and
would not be saved today is not run: it comes to no answer.

CEL gives errors as values and divides whole numbers without a rest: only a value of type bool is an answer here.

Most of what a short question costs is the way into CEL and back. So the lines of a receipt are asked together, by a
macro around the condition, some at a time: its work grows with the square of their number, other threads stand still
meanwhile, and CEL walks ten thousand steps at most. If one of them makes an error of the whole, these are asked one by
one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cel_expr_python.cel as cel

from kit.errors import Invalid
from services.points.conditions.cost import ASK_STEPS, steps_of, walks_of
from services.points.conditions.limits import CostUnknown
from services.points.conditions.tree import Constant, FunctionCall, Node, parts, read
from services.points.domain.earning.conditions import ACTIVITY_FACTS, LINE_FACTS, PURCHASE_FACTS, Facts
from services.points.domain.earning.terms import EarningTerms, Trigger

WALKS_MAX = 1
# Steps that one answer may cost: of a purchase or an activity, and of each line, of which there are thousands.
STEPS_MAX = 30_000
LINE_STEPS_MAX = 3_000
# Compiled conditions that a process keeps; beyond, those longest unused are compiled again.
COMPILED_MAX = 10_000

_TYPES = {
    int: cel.Type.INT,
    str: cel.Type.STRING,
    list: cel.Type.List(cel.Type.STRING),
    dict: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
# Below that many lines one by one is faster.
TOGETHER_MIN = 3
TOGETHER_MAX = 32
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
        self._some: dict[int, cel.Activation] = {}
        self._together = environments.of_all_lines

    @functools.cached_property
    def purchase(self) -> cel.Activation:
        """What is asked of the purchase as a whole, or of the activity."""
        return self._of_anything.Activation(self._purchase)

    def some_lines(self, number: int) -> cel.Activation:
        """Lines to be asked together: the first TOGETHER_MAX of them are number 0."""
        some = self._some.get(number)
        if some is None:
            lines = self._lines[number * TOGETHER_MAX : (number + 1) * TOGETHER_MAX]
            facts = [{name.removeprefix("line."): fact for name, fact in line.items()} for line in lines]
            some = self._some[number] = self._together.Activation({**self._purchase, _LINES: facts})
        return some

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
        self.of_patterns = cel.NewEnv(variables={"pattern": cel.Type.STRING})
        self.of_all_lines = cel.NewEnv(variables={**purchase, _LINES: cel.Type.List(line)})

    def of(self, trigger: Trigger) -> cel.Env:
        """What a condition may name in a rule with this trigger."""
        if trigger.is_activity:
            return self.of_activities
        return self.of_lines if trigger is Trigger.LINE else self.of_purchases


@dataclass(frozen=True)
class Compiled:
    """A condition ready to be asked, with the most steps that an answer costs; without it, there is no answer."""

    expression: cel.Expression | None
    steps: int


class CelConditions:
    """Checks conditions, and answers them. Safe to share between threads."""

    def __init__(self) -> None:
        self._environments = Environments()
        self._pattern = self._environments.of_patterns.compile("''.matches(pattern)")
        self._compiled = functools.lru_cache(maxsize=COMPILED_MAX)(self._compile)
        self._compiled_together = functools.lru_cache(maxsize=COMPILED_MAX)(self._compile_together)

    def expect_valid(self, terms: EarningTerms) -> None:
        """Refuses a condition that does not compile to a yes or a no, saying where."""
        condition = terms.condition
        if not condition:
            return
        try:
            compiled = self._environments.of(terms.trigger).compile(condition)
        except RuntimeError as error:
            raise Invalid("terms.condition", _complaint(str(error))) from error
        if compiled.return_type() != cel.Type.BOOL:
            raise Invalid("terms.condition", f"gives {compiled.return_type().name().lower()}, not bool")
        tree = read(compiled.serialize())
        if walks_of(tree) > WALKS_MAX:
            raise Invalid("terms.condition", f"may walk through at most {WALKS_MAX} list")
        self._expect_affordable(tree, terms.trigger)
        for pattern in _patterns(tree):
            self._expect_pattern(pattern)

    def steps(self, condition: str, trigger: Trigger) -> int:
        """The most steps that an answer costs; of one that may not be asked so, those to find that out."""
        steps = self._compiled(condition).steps
        return steps if steps <= _steps_max(trigger) else ASK_STEPS

    def _expect_affordable(self, tree: Node, trigger: Trigger) -> None:
        try:
            steps = steps_of(tree)
        except CostUnknown as unknown:
            raise Invalid("terms.condition", str(unknown)) from unknown
        steps_max = _steps_max(trigger)
        if steps > steps_max:
            what = "each line" if trigger is Trigger.LINE else "an answer"
            raise Invalid("terms.condition", f"may cost {steps} steps for {what}, {steps_max} is the most")

    def _expect_pattern(self, pattern: str) -> None:
        if _truth(self._pattern, self._environments.of_patterns.Activation({"pattern": pattern})) is None:
            raise Invalid("terms.condition", f"has a pattern that is not valid: {pattern!r}")

    def prepare(self, purchase: Facts, lines: Sequence[Facts]) -> Prepared:
        """The facts, converted once for many conditions."""
        return Prepared(self._environments, purchase, lines)

    def holds(self, condition: str, prepared: object) -> bool | None:
        """Whether it holds for the purchase or the activity; None when it comes to no answer."""
        expression = self._compiled(condition).expression
        if expression is None or not isinstance(prepared, Prepared):
            return None
        return _truth(expression, prepared.purchase)

    def holds_for(self, condition: str, prepared: object, indexes: Sequence[int]) -> list[bool | None]:
        """The same, asked of each of these lines."""
        compiled = self._compiled(condition)
        if compiled.expression is None or compiled.steps > LINE_STEPS_MAX or not isinstance(prepared, Prepared):
            return [None] * len(indexes)
        together = self._compiled_together(condition) if len(indexes) >= TOGETHER_MIN else None
        answers: dict[int, list[bool] | None] = {}
        if together is not None:
            answers = {number: _truths(together, prepared.some_lines(number)) for number in _shares(indexes)}
        return [
            _truth(compiled.expression, prepared.line(index)) if truths is None else truths[index % TOGETHER_MAX]
            for index in indexes
            for truths in (answers.get(index // TOGETHER_MAX),)
        ]

    def _compile(self, condition: str) -> Compiled:
        # It did compile when it was saved; another version of CEL may see it differently.
        expression = _compiled(self._environments.of_anything, condition)
        try:
            steps = ASK_STEPS if expression is None else steps_of(read(expression.serialize()))
        except CostUnknown:
            return Compiled(None, ASK_STEPS)
        return Compiled(expression, steps) if steps <= STEPS_MAX else Compiled(None, ASK_STEPS)

    def _compile_together(self, condition: str) -> cel.Expression | None:
        return _compiled(self._environments.of_all_lines, _OF_EACH_LINE.format(condition))


def _compiled(environment: cel.Env, condition: str) -> cel.Expression | None:
    try:
        return environment.compile(condition)
    except RuntimeError:
        return None


def _steps_max(trigger: Trigger) -> int:
    return LINE_STEPS_MAX if trigger is Trigger.LINE else STEPS_MAX


def _shares(indexes: Sequence[int]) -> set[int]:
    return {index // TOGETHER_MAX for index in indexes}


def _patterns(tree: Node) -> Iterator[str]:
    """The regular expressions that stand in it."""
    match tree:
        case FunctionCall("matches", (_, Constant(bytes() as pattern))):
            yield pattern.decode(errors="replace")
    for part in parts(tree):
        yield from _patterns(part)


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
