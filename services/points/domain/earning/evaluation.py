"""What rules make of a receipt.

Rules are judged in two rounds. First those that give for goods, each by itself; then the bonuses, which give for what
the first gave to the same wallet. Two bonuses do not raise each other: ×2 and ×2 make ×3.

Within a stacking group and a round the rules are taken by priority, highest first. The first that gives something wins.
If it is exclusive the others give nothing; if it is not, those that are not exclusive give as well. A bonus also stands
aside for rules of its group that gave for goods, in the same way.

What a rule would give is cut by its limits before anything else sees it: one that may give nothing wins no group, and a
bonus raises what was really given. A bonus is cut by its own limits.

What was paid in a way that does not earn is taken off in proportion: of each line the same exact part counts. The part
is that of the whole receipt, also after goods have come back.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from services.points.domain.earning.baskets import Basket, Chosen, Exact
from services.points.domain.earning.conditions import Conditions
from services.points.domain.earning.earners import NOBODY, Earner
from services.points.domain.earning.earnings import Earning, Explanation, LineExplanation, Reason, earner_of, told_once
from services.points.domain.earning.evaluation_steps import READINGS_MAX, expect_affordable
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitUsage
from services.points.domain.earning.line_lists import within_bounds
from services.points.domain.earning.rule_sets import Question, RuleSet, evaluated, names_of
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.terms import EarningTerms, Effect, Trigger
from services.points.domain.sales.goods_back import loose_alone, sold_alone, sold_less_loose
from services.points.domain.sales.mixed_sales import MixedAssessment
from services.points.domain.sales.sale import Returned, Sale

# A rule's limits, in their order, as the purchase at hand meets them.
UsageOf: TypeAlias = Callable[[EarningRule], tuple[LimitUsage, ...]]


def untouched(rule: EarningRule) -> tuple[LimitUsage, ...]:
    """The rule's limits while nothing of them is used."""
    return tuple(LimitUsage(limit) for limit in rule.terms.limits)


def evaluate(
    rules: RuleSet, sale: Sale, returned: Returned, earner: Earner = NOBODY, usage_of: UsageOf = untouched
) -> tuple[Earning, ...]:
    """What the rules in force when the sale occurred make of the goods kept of it, rules that give nothing too."""
    return assess(rules, sale, returned, earner).earnings(usage_of)


def assess(rules: RuleSet, sale: Sale, returned: Returned, earner: Earner = NOBODY) -> Assessment | MixedAssessment:
    """The first half of `evaluate`: all that can be told before anybody knows what is left of limits."""
    in_force = _in_force(rules, sale)
    expect_affordable(_steps(rules, in_force, sale), len(sale.lines), rules.steps_max)
    return _judged_with(rules, in_force, sale, returned, earner)


def evaluate_loose(rules: RuleSet, sale: Sale, matched: Returned, earner: Earner) -> tuple[Earning, ...]:
    """What the goods that a sale takes back, whose purchases nothing is known of, would earn in a sale of their own.

    `matched` is how much of its lines is known of. Nothing of limits is used.
    """
    in_force = _in_force(rules, sale)

    def work() -> tuple[Earning, ...]:
        basket = Basket(loose_alone(sale), matched, earner, rules.conditions)
        return _assessed(in_force, basket).earnings(untouched)

    question = Question(names_of(in_force), sale, dict(matched), earner, of_loose=True)
    return evaluated(rules, _steps(rules, in_force, sale), question, work)


def evaluate_again(rules: RuleSet, earnings: Sequence[Earning], sale: Sale, returned: Returned) -> dict[UUID, int]:
    """What the same versions of the rules make of the goods kept of it now, asked as if on the day of the sale.

    What is left of limits is what was left then, for this purchase.
    """
    if not earnings:
        return {}
    versions = [rules.by_version[earning.rule_id, earning.rule_version] for earning in earnings]
    usage = {earning.rule_id: earning.explanation.limits for earning in earnings}
    assessment = _judged_with(rules, versions, sale, returned, earner_of(earnings) or NOBODY)
    judged = assessment.earnings(lambda rule: usage[rule.rule_id])
    return {earning.rule_id: earning.points for earning in judged}


def _in_force(rules: RuleSet, sale: Sale) -> list[EarningRule]:
    return [
        rule
        for rule in rules.rules
        if rule.in_force(sale.occurred_at)
        and rule.terms.currency == sale.currency
        and not rule.terms.trigger.is_activity
    ]


def _steps(rules: RuleSet, chosen: Sequence[EarningRule], sale: Sale) -> int:
    return rules.steps(chosen, len(sale.lines)) * (READINGS_MAX if sale.takes_back else 1)


def _judged_with(
    rules: RuleSet, chosen: Sequence[EarningRule], sale: Sale, returned: Returned, earner: Earner
) -> Assessment | MixedAssessment:
    question = Question(names_of(chosen), sale, dict(returned), earner)
    work = functools.partial(_judged_here, chosen, rules.conditions, sale, returned, earner)
    return evaluated(rules, _steps(rules, chosen, sale), question, work)


def _judged_here(
    rules: Sequence[EarningRule], conditions: Conditions, sale: Sale, returned: Returned, earner: Earner
) -> Assessment | MixedAssessment:
    if not sale.takes_back:
        return _assessed(rules, Basket(sale, returned, earner, conditions))
    sold, net = (
        _assessed(rules, Basket(part, returned, earner, conditions, part.total_minor - sale.total_minor))
        for part in (sold_alone(sale), sold_less_loose(sale))
    )
    loose = _assessed(rules, Basket(loose_alone(sale), {}, earner, conditions))
    return MixedAssessment(sale, sold, net, loose.earnings(untouched))


# ---- One rule --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    """A rule and what it would give by itself."""

    rule: EarningRule
    points: int
    why: Explanation

    def because(self, reason: Reason, beaten_by: str = "") -> Judged:
        """The same rule, giving nothing for this reason."""
        return Judged(self.rule, 0, replace(self.why, reason=reason, beaten_by=beaten_by))


@dataclass(frozen=True)
class Assessment:
    """What the rules would give for goods, each by itself. Limits, groups and bonuses are still to come."""

    rules: Sequence[EarningRule]
    basket: Basket
    for_goods: Sequence[Judged]

    @functools.cached_property
    def limited(self) -> list[EarningRule]:
        """The rules that have limits, whether they would give anything or not."""
        return [rule for rule in self.rules if rule.terms.limits]

    @functools.cached_property
    def may_give(self) -> list[EarningRule]:
        """The rules that give something if their limits, and those of others, let them."""
        goods = [judged.rule for judged in self.for_goods if judged.points]
        wallets = {rule.terms.wallet for rule in goods}
        bonuses = (rule for rule in self.rules if rule.terms.effect.is_bonus and rule.terms.wallet in wallets)
        return [*goods, *(rule for rule in bonuses if _shut(rule.terms, self.basket) is None)]

    def earnings(self, usage_of: UsageOf) -> tuple[Earning, ...]:
        """What each rule gives beside the others, within what is left of its limits."""
        first = stacked([within_limits(judged, usage_of) for judged in self.for_goods], ())
        given: defaultdict[str, int] = defaultdict(int)
        for judged in first:
            given[judged.rule.terms.wallet] += judged.points
        bonuses = [
            within_limits(_bonus(rule, self.basket, given[rule.terms.wallet]), usage_of)
            for rule in self.rules
            if rule.terms.effect.is_bonus
        ]
        found = {id(judged.rule): judged for judged in (*first, *stacked(bonuses, first))}
        made = tuple(earning_of(found[id(rule)], self.basket.sale.occurred_at) for rule in self.rules)
        return told_once(within_bounds(made), self.basket.earner)


def _assessed(rules: Sequence[EarningRule], basket: Basket) -> Assessment:
    for_goods = [_for_goods(rule, basket) for rule in rules if not rule.terms.effect.is_bonus]
    assessment = Assessment(rules, basket, for_goods)
    # Whatever asks conditions is asked here, and not by the batch that finds the result.
    assert assessment.may_give is not None  # noqa: S101 - it is worked out by being named
    return assessment


def within_limits(judged: Judged, usage_of: UsageOf) -> Judged:
    """What is left of what the rule would give once its limits have cut it."""
    terms = judged.rule.terms
    if not terms.limits:
        return judged
    why = replace(judged.why, limits=usage_of(judged.rule), unlimited_points=judged.points)
    usage = why.tightest
    room = judged.points if usage is None else usage.room_for(judged.points)
    if usage is None or room == judged.points:
        return Judged(judged.rule, judged.points, why)
    points = room if terms.limit_policy is LimitPolicy.CUT else 0
    return Judged(judged.rule, points, replace(why, reason=_limited(usage.limit, points)))


def _limited(limit: Limit, points: int) -> Reason:
    if limit.scope.is_cap:
        return Reason.CUT_BY_CAP if points else Reason.CAP_MET
    return Reason.CUT_BY_BUDGET if points else Reason.BUDGET_MET


def _for_goods(rule: EarningRule, basket: Basket) -> Judged:
    terms = rule.terms
    shut = _shut(terms, basket)
    if shut is not None:
        return Judged(rule, 0, _explanation(terms, basket, shut))
    chosen, failed = _chosen(terms, basket)
    amount, tax = chosen.amount_minor, chosen.tax_minor if terms.exclude_tax else 0
    part = basket.earning_part(terms.excluded_tenders)
    paid = amount - tax
    earning = basket.eligible_minor(terms, chosen)
    points = _points(terms, earning, part, chosen)
    reason = Reason.APPLIED if points else _nothing(amount, part, failed)
    why = _explanation(
        terms,
        basket,
        reason,
        eligible=int(amount),
        lines=chosen.explained,
        not_earning=int(paid - earning) if part != 1 else 0,
        quantity_milli=chosen.goods_milli,
        excluded_tax=int(tax),
        not_earning_milli=int(chosen.goods_milli * (1 - part)) if part != 1 else 0,
    )
    return Judged(rule, points, why)


def _nothing(amount_minor: Exact, part: Exact, failed: bool) -> Reason:
    """Why goods that were judged gave nothing."""
    if amount_minor > 0:
        return Reason.TOO_LITTLE if part else Reason.TENDER_EXCLUDED
    return Reason.CONDITION_FAILED if failed else Reason.NOTHING_COUNTED


def _bonus(rule: EarningRule, basket: Basket, given: int) -> Judged:
    terms = rule.terms
    reason = _shut(terms, basket) or (Reason.APPLIED if given else Reason.NOTHING_TO_RAISE)
    why = _explanation(terms, basket, reason, raised=given)
    if reason is not Reason.APPLIED:
        return Judged(rule, 0, why)
    if terms.effect is Effect.ADDITION or terms.factor is None:
        return Judged(rule, terms.points, why)
    factor = terms.factor
    points = terms.rounding.apply(given * (factor.numerator - factor.denominator), factor.denominator)
    return Judged(rule, points, why if points else replace(why, reason=Reason.TOO_LITTLE))


def _shut(terms: EarningTerms, basket: Basket) -> Reason | None:
    """What keeps the rule from the purchase as a whole."""
    if not terms.open_at(basket.sale.occurred_at):
        return Reason.OUTSIDE_HOURS
    if not terms.condition or terms.trigger is Trigger.LINE:
        return None
    holds = basket.holds(terms)
    if holds is None:
        return Reason.CONDITION_FAILED
    return None if holds else Reason.CONDITION_NOT_MET


def _chosen(terms: EarningTerms, basket: Basket) -> tuple[Chosen, bool]:
    """What counts, and whether the condition came to no answer for one of the lines."""
    if not terms.condition or terms.trigger is not Trigger.LINE:
        return basket.chosen(terms.selection), False
    answers = basket.holds_for_lines(terms)
    return basket.narrowed(terms.selection, answers), None in answers


def _points(terms: EarningTerms, amount_minor: Exact, part: Exact, chosen: Chosen) -> int:
    # A receipt whose counted lines add up to nothing or less (goods taken back within the sale) earns nothing.
    if amount_minor <= 0:
        return 0
    # Whole numbers over and under the line: fractions in lowest terms are slow, and rules many.
    if terms.effect is Effect.PER_AMOUNT:
        return terms.accrued(amount_minor.numerator, amount_minor.denominator * terms.per_amount_minor)
    if terms.effect is Effect.PER_UNIT:
        goods_milli = max(chosen.goods_milli, 0)
        return terms.accrued(goods_milli * part.numerator, part.denominator * 1000)
    if terms.trigger is Trigger.PURCHASE:
        return terms.points
    # A line that takes goods back within the sale takes the points of one such line back.
    signs = ((line.goods_milli > 0) - (line.goods_milli < 0) for line in chosen.counted)
    return max(0, sum(signs)) * terms.points


# ---- Rules beside each other -----------------------------------------------------------------------------------------


def stacked(judged: Sequence[Judged], before: Iterable[Judged]) -> list[Judged]:
    """The rules after those of each group have stood aside for one another, and for those judged before them."""
    winners: dict[str, Judged] = {}
    for each in before:
        if each.points and each.rule.terms.stacking_group:
            winners.setdefault(each.rule.terms.stacking_group, each)
    if not any(each.rule.terms.stacking_group for each in judged):
        return list(judged)
    results = {id(each): each for each in judged}
    for each in sorted(judged, key=_precedence):
        group = each.rule.terms.stacking_group
        if not group or not each.points:
            continue
        winner = winners.setdefault(group, each)
        if winner is not each and (winner.rule.terms.exclusive or each.rule.terms.exclusive):
            results[id(each)] = each.because(Reason.BEATEN, winner.rule.terms.name)
    return [results[id(each)] for each in judged]


def _precedence(judged: Judged) -> tuple[int, UUID]:
    return -judged.rule.terms.priority, judged.rule.rule_id


# ---- What is written down --------------------------------------------------------------------------------------------


def _explanation(
    terms: EarningTerms,
    basket: Basket,
    reason: Reason,
    *,
    eligible: int = 0,
    lines: tuple[LineExplanation, ...] = (),
    not_earning: int = 0,
    quantity_milli: int = 0,
    excluded_tax: int = 0,
    raised: int = 0,
    not_earning_milli: int = 0,
) -> Explanation:
    return Explanation(
        eligible_amount_minor=eligible,
        currency=terms.currency,
        points=terms.points,
        per_amount_minor=terms.per_amount_minor,
        rounding=terms.rounding,
        lines=lines,
        reason=reason,
        effect=terms.effect,
        trigger=terms.trigger,
        factor=terms.factor,
        quantity_milli=quantity_milli,
        not_earning_minor=not_earning,
        raised_points=raised,
        member_status=basket.earner.status,
        excluded_tax_minor=excluded_tax,
        member_tier=basket.earner.tier,
        accrual=terms.accrual,
        not_earning_milli=not_earning_milli,
    )


def earning_of(judged: Judged, occurred_at: datetime) -> Earning:
    """What is written down of what a rule gave, or did not give."""
    rule, terms = judged.rule, judged.rule.terms
    available_at = occurred_at + timedelta(days=terms.pending_days)
    return Earning(
        rule_id=rule.rule_id,
        rule_version=rule.version,
        rule_name=terms.name,
        points=judged.points,
        wallet=terms.wallet,
        available_at=available_at,
        expires_at=terms.expires_at(available_at, judged.why.member_tier),
        explanation=judged.why,
        qualifying=terms.qualifying,
        inactivity_days=terms.inactivity_days(judged.why.member_tier),
    )
