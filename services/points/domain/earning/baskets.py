"""The goods kept of a sale, with what many rules ask about them worked out once."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from services.points.domain.earning.conditions import Conditions, Fact, asks_eligible_total, line_facts, purchase_facts
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.earnings import LineExplanation
from services.points.domain.earning.terms import EarningTerms, LineVerdict, Selection
from services.points.domain.sales.order_discounts import is_order_discount, with_discounts_shared
from services.points.domain.sales.sale import PurchaseLine, Returned, Sale, TenderKind, kept_amount

# Money as a whole number where it is one: most receipts come back never, and fractions are slow.
Exact: TypeAlias = Fraction | int


@dataclass(frozen=True)
class KeptLine:
    """What was kept of a line."""

    line: PurchaseLine
    amount_minor: Exact
    quantity_milli: int
    # What the line says on the receipt, where that is shared over other lines.
    shared_minor: int = 0

    @functools.cached_property
    def goods_milli(self) -> int:
        """Goods, in thousandths; negative for those taken back within the sale. Rebates and gifts are none."""
        return self.quantity_milli if self.amount_minor > 0 or self.line.quantity_milli < 0 else 0

    @functools.cached_property
    def tax_minor(self) -> Exact:
        """The tax within the amount, as great a part of it as it was of the whole line's."""
        tax_minor = self.line.tax_minor
        return Fraction(tax_minor * self.amount_minor, self.line.amount_minor) if tax_minor else 0

    @functools.cached_property
    def counted(self) -> LineExplanation:
        """The line when it counts, as most do."""
        return self.judged(LineVerdict.COUNTED)

    @functools.cached_property
    def _judged(self) -> dict[LineVerdict, LineExplanation]:
        return {}

    def judged(self, verdict: LineVerdict) -> LineExplanation:
        """The line with a verdict; many rules come to the same."""
        judged = self._judged.get(verdict)
        if judged is None:
            judged = LineExplanation(self.line.line_id, self.shared_minor or int(self.amount_minor), verdict)
            self._judged[verdict] = judged
        return judged


@dataclass(frozen=True)
class Chosen:
    """The lines of a basket, each with its verdict, and what those come to that count."""

    lines: Sequence[KeptLine]
    verdicts: Sequence[LineVerdict]

    @functools.cached_property
    def indexes(self) -> list[int]:
        """Where those stand that count."""
        return [index for index, verdict in enumerate(self.verdicts) if verdict is LineVerdict.COUNTED]

    @functools.cached_property
    def counted(self) -> list[KeptLine]:
        """Those that count."""
        return [self.lines[index] for index in self.indexes]

    @functools.cached_property
    def amount_minor(self) -> Exact:
        """What was paid for them."""
        return sum(line.amount_minor for line in self.counted)

    @functools.cached_property
    def tax_minor(self) -> Exact:
        """The tax within that."""
        return sum(line.tax_minor for line in self.counted)

    @functools.cached_property
    def goods_milli(self) -> int:
        """How many goods they are, in thousandths."""
        return sum(line.goods_milli for line in self.counted)

    @functools.cached_property
    def explained(self) -> tuple[LineExplanation, ...]:
        """Every line and whether it counted."""
        pairs = zip(self.lines, self.verdicts, strict=True)
        return tuple(
            line.counted if verdict is LineVerdict.COUNTED else line.judged(verdict) for line, verdict in pairs
        )


class Basket:
    """The goods kept of a sale, with what many rules ask about them worked out once."""

    def __init__(
        self, sale: Sale, returned: Returned, earner: Earner, conditions: Conditions, paid_in_goods_minor: int = 0
    ) -> None:
        self.sale = sale
        # What was paid with goods that the sale takes back, beside the tenders.
        self._tendered_minor = sale.tendered_minor + paid_in_goods_minor
        self.earner = earner
        self._returned = returned
        self._discounts = [index for index, line in enumerate(sale.lines) if is_order_discount(line)]
        self.lines = self._kept_lines()
        self.total_minor: Exact = sum(line.amount_minor for line in self.lines)
        self.conditions = conditions
        self._prepared_facts: dict[tuple[str, int], object] = {}
        self._answers: dict[tuple[str, int], bool | None] = {}
        self._earning: dict[tuple[TenderKind, ...], Exact] = {}
        self._chosen: dict[Selection, Chosen] = {}
        self._narrowed: dict[tuple[Selection, tuple[bool | None, ...]], Chosen] = {}

    def chosen(self, selection: Selection) -> Chosen:
        """What counts by the selection alone; rules that select the same share the work."""
        chosen = self._chosen.get(selection)
        if chosen is None:
            verdicts = [selection.verdict(kept.line) for kept in self.lines]
            lines = self._shared(verdicts) if self._discounts else self.lines
            chosen = self._chosen[selection] = Chosen(lines, verdicts)
        return chosen

    def _shared(self, verdicts: list[LineVerdict]) -> Sequence[KeptLine]:
        """The lines as a rule counts them, whose verdicts on discounts become that they are shared.

        A discount that the rule excludes by name takes nothing off for it. One that it only does not include takes its
        share off the goods that it does.
        """
        unshared = {self.lines[index].line.line_id for index in self._discounts if verdicts[index].is_exclusion}
        lines = self._kept_lines(unshared) if unshared else self.lines
        for index in self._discounts:
            if lines[index].shared_minor:
                verdicts[index] = LineVerdict.SHARED
        return lines

    def _kept_lines(self, unshared: Collection[str] = ()) -> list[KeptLine]:
        shared = with_discounts_shared(self.sale.lines, unshared) if self._discounts else self.sale.lines
        kept = [_kept(line, self._returned) for line in shared]
        for index in self._discounts:
            if shared[index] is not self.sale.lines[index]:
                kept[index] = replace(kept[index], shared_minor=self.sale.lines[index].amount_minor)
        return kept

    def narrowed(self, selection: Selection, answers: tuple[bool | None, ...]) -> Chosen:
        """What counts by the selection and by the answers of a condition to each line that does."""
        chosen = self.chosen(selection)
        if all(answers):
            return chosen
        narrowed = self._narrowed.get((selection, answers))
        if narrowed is None:
            verdicts = list(chosen.verdicts)
            for index, holds in zip(chosen.indexes, answers, strict=True):
                if not holds:
                    verdicts[index] = LineVerdict.CONDITION_NOT_MET
            narrowed = self._narrowed[selection, answers] = Chosen(chosen.lines, verdicts)
        return narrowed

    def earning_part(self, excluded: tuple[TenderKind, ...]) -> Exact:
        """Which part of the receipt was paid in ways that earn."""
        if not excluded or not self.sale.tenders:
            return 1
        part = self._earning.get(excluded)
        if part is None:
            part = self._earning[excluded] = _earning_part(self.sale, excluded, self._tendered_minor)
        return part

    def holds(self, terms: EarningTerms) -> bool | None:
        """Whether the rule's condition holds for the purchase; None: no answer."""
        prepared = self._prepared(terms)
        key = terms.condition, id(prepared)
        if key not in self._answers:
            self._answers[key] = self.conditions.holds(terms.condition, prepared)
        return self._answers[key]

    def holds_for_lines(self, terms: EarningTerms) -> tuple[bool | None, ...]:
        """Whether it holds for each of the lines that count by the rule's selection."""
        indexes = self.chosen(terms.selection).indexes
        return tuple(self.conditions.holds_for(terms.condition, self._prepared(terms), indexes))

    def eligible_minor(self, terms: EarningTerms, chosen: Chosen) -> Exact:
        """What of the money for these goods earns by the rule."""
        paid = chosen.amount_minor - (chosen.tax_minor if terms.exclude_tax else 0)
        part = self.earning_part(terms.excluded_tenders)
        return paid * part if part != 1 else paid

    def _prepared(self, terms: EarningTerms) -> object:
        eligible = 0
        if asks_eligible_total(terms.condition):
            eligible = int(self.eligible_minor(terms, self.chosen(terms.selection)))
        prepared = self._prepared_facts.get((terms.time_zone, eligible))
        if prepared is None:
            local = self.sale.occurred_at.astimezone(terms.zone)
            purchase = purchase_facts(self.sale, self.total_minor, eligible, local, self.earner)
            prepared = self.conditions.prepare(purchase, self._line_facts)
            self._prepared_facts[terms.time_zone, eligible] = prepared
        return prepared

    @functools.cached_property
    def _line_facts(self) -> list[dict[str, Fact]]:
        return [line_facts(kept.line, kept.amount_minor, kept.quantity_milli) for kept in self.lines]


def _kept(line: PurchaseLine, returned: Returned) -> KeptLine:
    back_milli = returned.get(line.line_id, 0)
    if not back_milli:
        return KeptLine(line, line.amount_minor, line.quantity_milli)
    return KeptLine(line, kept_amount(line, returned), line.quantity_milli - back_milli)


def _earning_part(sale: Sale, excluded: tuple[TenderKind, ...], total: int) -> Exact:
    # Change given back and the like are negative; the part stays within nothing and all. It is a part of what was
    # tendered, which may differ from the lines where cash was rounded.
    out = sum(tender.amount_minor for tender in sale.tenders if tender.kind in excluded)
    if total <= 0 or out <= 0:
        return 1
    return Fraction(max(0, total - out), total)
