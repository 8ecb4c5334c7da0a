"""The rules of a program, all of them against one long receipt: what judging a purchase costs before it is written."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from services.points.conditions import CelConditions
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.earning.rules import EarningRule, RuleState
from services.points.domain.earning.terms import EarningTerms, Effect, Factor, Rounding, Trigger, ValidHours
from services.points.domain.sales.sale import PurchaseLine, ReceiptKey, Sale, Tender, TenderKind

RULES = 50
LINES = 20
ROUNDS = 100
TURNS = 5
CATEGORIES = ("food", "home", "toys", "drink")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# A member as retailers know them.
MEMBER = Earner("active", "gold", ("families", "lahore", "tea"), {"city": "Lahore", "store": "S1"})

PLAIN = EarningTerms(
    name="Everything but toys",
    points=1,
    per_amount_minor=100,
    currency="GBP",
    excluded_skus=(),
    excluded_categories=("toys",),
    starts_at=None,
    ends_at=None,
    rounding=Rounding.DOWN,
    pending_days=0,
    expiry_days=365,
    wallet="points",
    excluded_tenders=(TenderKind.POINTS, TenderKind.GIFT_CARD),
)


def measure(out: Console) -> None:
    """Judges the receipt by sets of rules of growing difficulty and prints a table."""
    table = Table("what", "p50 ms", "p99 ms", "ratio", title=f"{RULES} rules in force, a receipt of {LINES} lines")
    for column in table.columns[1:]:
        column.justify = "right"
    sets = _sets()
    # In turns, and the best of each: the machine's own speed changes while this goes on.
    turns = [{name: _judged(terms) for name, terms in sets.items()} for _ in range(TURNS)]
    best = {name: min(turn[name] for turn in turns) for name in sets}
    base, _ = next(iter(best.values()))
    for name, (p50, p99) in best.items():
        table.add_row(name, f"{p50:.2f}", f"{p99:.2f}", f"{p50 / base:.2f}")
    out.print(table)


def _sets() -> dict[str, list[EarningTerms]]:
    # Rules that select the same share the work; these select in ten ways.
    plain = [replace(PLAIN, excluded_skus=(f"GONE-{number % 10}",)) for number in range(RULES)]
    of_purchases = [
        replace(PLAIN, condition=f"purchase.total_minor > {number} && member.status == 'active'")
        for number in range(RULES)
    ]
    # Each of them lets other lines through.
    of_lines = [
        replace(
            PLAIN, trigger=Trigger.LINE, condition=f"line.amount_minor > {number * 30} && line.category != 'x{number}'"
        )
        for number in range(RULES)
    ]
    within = replace(PLAIN, included_categories=("food",), valid_hours=(ValidHours((), 480, 1_200),))
    bonus = replace(PLAIN, effect=Effect.MULTIPLIER, factor=Factor(3, 2), points=0, per_amount_minor=0)
    kinds = [plain, of_purchases, of_lines, [within] * RULES, [bonus] * RULES]
    mixed = [kinds[number % len(kinds)][number] for number in range(RULES)]
    return {
        "points per amount": plain,
        "a bit of everything": mixed,
        "a condition on each purchase": of_purchases,
        "a condition on each line": of_lines,
    }


def _judged(terms: list[EarningTerms]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds of this process's own time: others do not count."""
    rules, sale = RuleSet(tuple(map(_rule, terms)), CelConditions()), _sale()
    evaluate(rules, sale, {}, MEMBER)
    spent = []
    for _ in range(ROUNDS):
        started = time.process_time()
        evaluate(rules, sale, {}, MEMBER)
        spent.append((time.process_time() - started) * 1_000)
    spent.sort()
    return spent[len(spent) // 2], spent[int(len(spent) * 0.99)]


def _rule(terms: EarningTerms) -> EarningRule:
    return EarningRule(uuid.uuid4(), uuid.uuid4(), 1, RuleState.ACTIVE, terms, NOON, NOON, None, NOON, None)


def _sale() -> Sale:
    lines = tuple(
        PurchaseLine(
            str(number), f"SKU-{number}", CATEGORIES[number % 4], 2_000, 100 + 37 * number, 0, 200 + 74 * number
        )
        for number in range(LINES)
    )
    total = sum(line.amount_minor for line in lines)
    tenders = (Tender(TenderKind.GIFT_CARD, 1_000), Tender(TenderKind.CASH, total - 1_000))
    return Sale(ReceiptKey("bench", "S1", "T1", NOON.date(), "R1"), NOON, "GBP", lines, tenders, "")
