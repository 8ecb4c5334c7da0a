"""What rules made of a purchase or an activity, and why: written once with it, read as long as it exists."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.points.domain.earning.earners import Earner
from services.points.domain.earning.limits import LimitUsage
from services.points.domain.earning.terms import Accrual, Effect, Factor, LineVerdict, Rounding, Trigger
from services.points.domain.errors import EarnsTooMuch

# Points that one purchase may give. Millions of such purchases fit into an account, whose numbers have 64 bits.
POINTS_A_PURCHASE_MAX = 10**12


class Reason(enum.Enum):
    """What became of a rule that was in force."""

    APPLIED = "applied"
    OUTSIDE_HOURS = "outside_hours"
    CONDITION_NOT_MET = "condition_not_met"
    CONDITION_FAILED = "condition_failed"
    NOTHING_COUNTED = "nothing_counted"
    TENDER_EXCLUDED = "tender_excluded"
    TOO_LITTLE = "too_little"
    NOTHING_TO_RAISE = "nothing_to_raise"
    BEATEN = "beaten"
    # A limit let only a part of the points through, or none of them.
    CUT_BY_CAP = "cut_by_cap"
    CUT_BY_BUDGET = "cut_by_budget"
    CAP_MET = "cap_met"
    BUDGET_MET = "budget_met"
    # Goods that the receipt takes back leave only a part of the points, or none of them.
    CUT_BY_GOODS_TAKEN_BACK = "cut_by_goods_taken_back"


@dataclass(frozen=True)
class LineExplanation:
    """What a rule made of one line."""

    line_id: str
    amount_minor: int
    verdict: LineVerdict


@dataclass(frozen=True)
class LineCounts:
    """How many lines counted, and how many were left out; a discount that is shared is neither."""

    counted: int
    left_out: int


@dataclass(frozen=True)
class Explanation:
    """Why a rule gave what it gave: what it says, what it counted, every line with its verdict if it came to that.

    The fields with defaults came later: an explanation stored without them is of a rule that gave points per amount.
    """

    eligible_amount_minor: int
    currency: str
    points: int
    per_amount_minor: int
    rounding: Rounding
    lines: tuple[LineExplanation, ...]
    reason: Reason = Reason.APPLIED
    effect: Effect = Effect.PER_AMOUNT
    trigger: Trigger = Trigger.PURCHASE
    factor: Factor | None = None
    # What counted, for points per unit, and what of the eligible amount was paid in a way that does not earn.
    quantity_milli: int = 0
    not_earning_minor: int = 0
    # Of a bonus: what the other rules gave.
    raised_points: int = 0
    # The rule of its stacking group that it stood aside for.
    beaten_by: str = ""
    # Who earned, as far as conditions may ask: needed to judge again when goods come back, by whichever rule, and for
    # rehearsals. Segments and attributes may be long, and stand with the first earning alone: see `earner_of`.
    member_status: str = ""
    member_tier: str = ""
    member_segments: tuple[str, ...] = ()
    member_attributes: dict[str, str] = field(default_factory=dict)
    # Every limit of the rule as the purchase met it, and what the rule would have given without them. Kept whether they
    # were in the way or not: needed to judge again, too.
    limits: tuple[LimitUsage, ...] = ()
    unlimited_points: int = 0
    # Of the eligible amount, tax that the rule leaves out.
    excluded_tax_minor: int = 0
    # Of a rule that an event triggers: which.
    activity_name: str = ""
    # Whether whole steps of the rate counted, or parts as well; of those stored without it, parts did.
    accrual: Accrual = Accrual.PROPORTIONAL
    # Of the quantity, what was paid in a way that does not earn.
    not_earning_milli: int = 0
    # Of a receipt whose lines are too many to be listed for every rule: how many they were.
    unlisted: LineCounts | None = None

    @property
    def line_counts(self) -> LineCounts:
        """How many lines counted and how many did not, listed or not."""
        if self.unlisted is not None:
            return self.unlisted
        counted = sum(line.verdict is LineVerdict.COUNTED for line in self.lines)
        return LineCounts(counted, sum(line.verdict.leaves_out for line in self.lines))

    @property
    def counts_steps(self) -> bool:
        """Whether steps were counted that are not single points."""
        return self.accrual is Accrual.WHOLE_STEPS and self.points > 1

    @property
    def counts_parts(self) -> bool:
        """Whether a part of a step gave some of its points, which a single point cannot."""
        return self.accrual is Accrual.PROPORTIONAL and self.points > 1

    @property
    def tightest(self) -> LimitUsage | None:
        """The limit that lets the fewest points through, the first of equal ones; None for a rule without limits."""
        return min(self.limits, key=lambda usage: usage.room_for(self.unlimited_points), default=None)


@dataclass(frozen=True)
class Unearned:
    """A purchase or an activity of which no rule made anything, as its sentence names it."""

    trigger: Trigger
    # Of a purchase; nobody earns while it is anonymous.
    currency: str = ""
    is_anonymous: bool = False
    # Of an event, which.
    activity_name: str = ""


@dataclass(frozen=True)
class Earning:
    """What one rule made of one purchase, or of one activity."""

    rule_id: UUID
    rule_version: int
    rule_name: str
    points: int
    wallet: str
    available_at: datetime
    expires_at: datetime | None
    explanation: Explanation
    # Whether the points are qualifying units, too; came later.
    qualifying: bool = False
    # After how many days without activity the points lapse; they have no `expires_at` then.
    inactivity_days: int | None = None


def told_once(earnings: tuple[Earning, ...], earner: Earner) -> tuple[Earning, ...]:
    """The earnings of one purchase or activity, of which the first tells in full who earned."""
    if not earnings or not (earner.segments or earner.attributes):
        return earnings
    first = earnings[0]
    why = replace(first.explanation, member_segments=earner.segments, member_attributes=earner.attributes)
    return replace(first, explanation=why), *earnings[1:]


def earner_of(earnings: Sequence[Earning]) -> Earner | None:
    """Who earned, as it was known when the purchase or the activity was judged; None where no rule was in force."""
    if not earnings:
        return None
    why = earnings[0].explanation
    return Earner(why.member_status, why.member_tier, why.member_segments, why.member_attributes)


def expect_countable(earnings: Iterable[Earning]) -> None:
    """Refuses what only a slip in a rule can give."""
    points = sum(earning.points for earning in earnings)
    if points > POINTS_A_PURCHASE_MAX:
        raise EarnsTooMuch(
            f"the rules give {points} points, {POINTS_A_PURCHASE_MAX} is the most",
            points=points,
            points_max=POINTS_A_PURCHASE_MAX,
        )
