"""Sentences in English."""

from __future__ import annotations

from services.points.domain.earning.earnings import Earning, Explanation, Reason, Unearned
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.sentences.numbers import amount, decimal
from services.points.domain.earning.terms import Effect, Rounding, Trigger
from services.points.domain.ledger.accounts import Entry, EntryKind
from services.points.domain.sales.returns import Return

_ROUNDED = {Rounding.DOWN: "rounded down", Rounding.HALF_UP: "rounded", Rounding.UP: "rounded up"}

_NOTHING = {
    Reason.OUTSIDE_HOURS: "the purchase was outside of its hours",
    Reason.CONDITION_NOT_MET: "its condition was not met",
    Reason.CONDITION_FAILED: "its condition could not be decided",
    Reason.NOTHING_COUNTED: "nothing that was bought counts for it",
    Reason.TENDER_EXCLUDED: "all of it was paid in ways that do not earn",
    Reason.TOO_LITTLE: "what counts is too little for a point",
    Reason.NOTHING_TO_RAISE: "no other rule gave any",
}

_CUT_BY_GOODS = "because goods taken back on the same receipt leave"

_OF_ACTIVITY = {
    Trigger.VISIT: "this visit",
    Trigger.ENROLMENT: "joining",
    Trigger.BIRTHDAY: "the birthday",
    Trigger.REFERRAL: "a referral",
}

_SPANS = {
    LimitSpan.PURCHASE: "a purchase",
    LimitSpan.DAY: "a day",
    LimitSpan.WEEK: "a week",
    LimitSpan.MONTH: "a month",
    LimitSpan.YEAR: "a year",
    LimitSpan.EVER: "in all",
}
_SCOPES = {
    LimitScope.MEMBER: "for each member",
    LimitScope.MEMBER_AND_CASHIER: "for each member with one cashier",
    LimitScope.PROGRAM: "for all members together",
    LimitScope.STORE: "for each store",
}


def earning_sentence(earning: Earning) -> str:
    """Why a rule gave what it gave for a purchase, or why it gave nothing."""
    return f"{earning.rule_name}: {_because(earning)}."


def nothing_earned_sentence(unearned: Unearned) -> str:
    """Why nothing was earned where no rule was asked."""
    if unearned.is_anonymous:
        return "This purchase earned no points, because it names no member."
    if unearned.trigger is Trigger.PURCHASE:
        return (
            "This purchase earned no points, because no earning rule for purchases in "
            f"{unearned.currency} was in force when it occurred."
        )
    of_what = _OF_ACTIVITY.get(unearned.trigger, unearned.activity_name)
    return f"No points for {of_what}, because no earning rule for it was in force when it occurred."


def _because(earning: Earning) -> str:
    why = earning.explanation
    if why.reason is Reason.BEATEN:
        return f"no points, because {why.beaten_by} gave points instead"
    if why.reason is Reason.OUTSIDE_HOURS and why.trigger.is_activity:
        return "no points, because it happened outside of its hours"
    if why.reason is Reason.TOO_LITTLE and why.counts_steps:
        return f"no points, because what counts is too little for a step of {_each(why)}"
    if why.reason in _NOTHING:
        return f"no points, because {_NOTHING[why.reason]}"
    if why.reason is Reason.CUT_BY_GOODS_TAKEN_BACK:
        points = earning.points
        return f"only {_points(points)}, {_CUT_BY_GOODS} no more" if points else f"no points, {_CUT_BY_GOODS} none"
    usage = why.tightest
    if usage is not None and why.unlimited_points > earning.points:
        return _limited(why, usage, earning.points)
    return _given(why, earning.points)


def _given(why: Explanation, points: int) -> str:
    given = _points(points)
    if why.effect is Effect.PER_AMOUNT:
        return f"{_rate(why)}; {_money_counted(why)}, {_rounded(why, points)}"
    if why.effect is Effect.PER_UNIT:
        return f"{_rate(why)}; {_units_counted(why)}, {_rounded(why, points)}"
    if why.trigger.is_activity:
        return f"{given} for {_OF_ACTIVITY.get(why.trigger, why.activity_name)}"
    if why.effect is Effect.FIXED:
        whole = why.trigger is Trigger.PURCHASE
        return f"{given} for this purchase" if whole else f"{_points(why.points)} for each line, {given} in all"
    return _bonus(why, given)


def _rate(why: Explanation) -> str:
    in_proportion = ", in proportion" if why.counts_parts else ""
    return f"{_points(why.points)} for every {_each(why)}{in_proportion}"


def _each(why: Explanation) -> str:
    return "unit" if why.effect is Effect.PER_UNIT else _money(why.per_amount_minor, why.currency)


def _rounded(why: Explanation, points: int) -> str:
    rounded = f"{_ROUNDED[why.rounding]} to"
    if not why.counts_steps:
        return f"{rounded} {_points(points)}"
    steps = points // why.points
    return f"{rounded} {steps:,} {'step' if steps == 1 else 'steps'}, {_points(points)}"


def _units_counted(why: Explanation) -> str:
    units = f"{decimal(why.quantity_milli, 1000)} counted ({_counted(why)})"
    if why.not_earning_milli:
        units += f", less {decimal(why.not_earning_milli, 1000)} paid in ways that do not earn"
    return units


def _money_counted(why: Explanation) -> str:
    eligible = f"{_money(why.eligible_amount_minor, why.currency)} counted ({_counted(why)})"
    if why.excluded_tax_minor:
        eligible += f", less {_money(why.excluded_tax_minor, why.currency)} of tax"
    if why.not_earning_minor:
        eligible += f", less {_money(why.not_earning_minor, why.currency)} paid in ways that do not earn"
    return eligible


def _bonus(why: Explanation, given: str) -> str:
    raised = f"the {_points(why.raised_points)} of the other rules"
    if why.factor is None:
        return f"{given} on top of {raised}"
    return f"{raised} times {decimal(why.factor.numerator, why.factor.denominator)}, which is {given} more"


def _limited(why: Explanation, usage: LimitUsage, points: int) -> str:
    limit = f"the limit of {_limit(usage.limit, why.trigger)}"
    left = usage.room_for(why.unlimited_points)
    if points:
        return f"{_given(why, why.unlimited_points)}; only {_points(points)} given, because {limit} allows no more"
    if left:
        return f"no points, because {limit} has only {left:,} of the {_points(why.unlimited_points)} left"
    return f"no points, because {limit} is used up"


def _limit(limit: Limit, trigger: Trigger) -> str:
    one, many = ("time", "times") if trigger.is_activity else ("purchase", "purchases")
    if limit.unit is LimitUnit.POINTS:
        one, many = "point", "points"
    number = f"{limit.at_most:,} {one if limit.at_most == 1 else many}"
    span = _SPANS[limit.span]
    return f"{number} {span}" if limit.span is LimitSpan.PURCHASE else f"{number} {span} {_SCOPES[limit.scope]}"


def entry_sentence(entry: Entry) -> str:
    """Why an entry was made that no rule made."""
    points = _points(abs(entry.amount))
    return {
        EntryKind.EARN: f"{points} earned.",
        EntryKind.RETURN: f"{points} taken back for returned goods.",
        EntryKind.SPEND: f"{points} spent.",
        EntryKind.REVERSAL: f"{points} given back: {entry.cause.reason}.",
        EntryKind.EXPIRY: f"{points} expired{_for_inactivity(entry.inactivity_days)}.",
        EntryKind.ADJUSTMENT: f"{points} {'given' if entry.amount > 0 else 'taken'} by hand: {entry.cause.reason}.",
        EntryKind.RECOVERY: f"{points} taken for goods returned earlier.",
        EntryKind.TRANSFER_OUT: f"{points} given to another member.",
        EntryKind.TRANSFER_IN: f"{points} received from another member.",
        EntryKind.TRANSFER_BACK: f"{points} given back: the other member could not receive them.",
    }[entry.kind]


def return_sentence(back: Return) -> str:
    """What a return took back, and why so much; and what lapsed again of what it gave back."""
    if not back.points_lapsed:
        return _taken_back(back)
    return f"{_taken_back(back)} {_points(back.points_lapsed)} of those given back had expired meanwhile."


def _taken_back(back: Return) -> str:
    taken = _points(back.points_returned) if back.points_returned else "no points"
    missing = f", of which {back.shortfall:,} were no longer there" if back.shortfall else ""
    if back.within_purchase_id is not None and back.original_receipt is None:
        why = "no purchase of these goods was found, and they would earn as much now"
        return f"{taken} taken back{missing}: {why}.".capitalize()
    if back.original_receipt is None:
        return "No points taken back: the receipt of the purchase is not known."
    number = back.original_receipt.receipt_number
    if back.purchase_id is None:
        return f"No points taken back yet: receipt {number} is not recorded."
    return f"{taken[0].upper()}{taken[1:]} taken back for goods bought with receipt {number}{missing}."


def _for_inactivity(days: int | None) -> str:
    return "" if days is None else f" after {days:,} {'day' if days == 1 else 'days'} without activity"


def _counted(why: Explanation) -> str:
    counted, left_out = why.line_counts.counted, why.line_counts.left_out
    return f"{_lines(counted)}, {_lines(left_out)} left out" if left_out else _lines(counted)


def _points(number: int) -> str:
    return f"{number:,} {'point' if number == 1 else 'points'}"


def _lines(number: int) -> str:
    return f"{number} {'line' if number == 1 else 'lines'}"


def _money(minor: int, currency: str) -> str:
    return f"{currency} {amount(minor, currency)}"
