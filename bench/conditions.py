"""Whether conditions take as long as their steps say: seconds of CPU a step, beside those of the plainest condition."""

from __future__ import annotations

import time

import cel_expr_python.cel as cel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.points.conditions.cost import steps_of
from services.points.conditions.engine import Environments
from services.points.conditions.tree import read
from services.points.domain.earning.conditions import LINE_FACTS, PURCHASE_FACTS, SIZES, Fact
from services.points.domain.earning.terms import Trigger

ROUNDS = 200
TURNS = 5
PLAINEST = "purchase.hour > 3"
CONDITIONS = (
    PLAINEST,
    "line.sku == line.brand && line.sku != line.category",
    "line.sku.contains('9')",
    "line.sku.matches('[a-z]+[0-9]{1,8}x')",
    "line.sku in ['a', 'b', 'c']",
    "member.segments.exists(one, one == line.sku)",
    "member.segments.all(one, one.matches('s+x?'))",
    "member.segments.filter(one, one in member.segments).size() > 1",
    "member.attributes.all(name, member.attributes[name] != '')",
)


def measure(out: Console) -> None:
    """Evaluates each condition on the longest facts that there may be, and prints a table."""
    table = Table("condition", "steps", "µs", "ns a step", "ratio", title="what a step of a condition takes")
    for column in table.columns[1:]:
        column.justify = "right"
    facts = {name: _greatest(name, kind) for name, kind in {**PURCHASE_FACTS, **LINE_FACTS}.items()}
    environments = Environments()
    compiled = {each: environments.of(Trigger.LINE).compile(each) for each in CONDITIONS}
    activation = environments.of_lines.Activation(facts)
    # In turns, and the best of each: the machine's own speed changes while this goes on.
    turns = [{each: _seconds(compiled[each], activation) for each in CONDITIONS} for _ in range(TURNS)]
    steps = {each: steps_of(read(compiled[each].serialize())) for each in CONDITIONS}
    best = {each: min(turn[each] for turn in turns) for each in CONDITIONS}
    plainest = best[PLAINEST] / steps[PLAINEST]
    for each in CONDITIONS:
        a_step = best[each] / steps[each]
        figures = (f"{steps[each]:,}", f"{best[each] * 1e6:.1f}", f"{a_step * 1e9:.1f}", f"{a_step / plainest:.2f}")
        table.add_row(escape(each), *figures)
    out.print(table)


def _seconds(expression: cel.Expression, activation: cel.Activation) -> float:
    started = time.process_time()
    for _ in range(ROUNDS):
        expression.eval(activation).value()
    return (time.process_time() - started) / ROUNDS


def _greatest(name: str, kind: type) -> Fact:
    """The longest that the fact may be."""
    if kind is int:
        return 10**12
    size = SIZES[name]
    if size.item_length is None:
        return "s" * size.length
    if size.name_length is None:
        return [f"{number:s>{size.item_length}}" for number in range(size.length)]
    return {f"{number:n>{size.name_length}}": "v" * size.item_length for number in range(size.length)}
