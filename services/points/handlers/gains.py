"""What a purchase or an activity gives: worked out as far as it can be before anything is locked, and then credited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import prometheus_client
import structlog

from services.points.commit import Desk
from services.points.domain import qualifying
from services.points.domain.activities import Happening
from services.points.domain.activity_evaluation import ActivityAssessment, assess_activity
from services.points.domain.counters import Occasion, occasion_of
from services.points.domain.earnings import Earning, expect_countable
from services.points.domain.errors import EvaluationTooCostly
from services.points.domain.evaluation import Assessment, assess, untouched
from services.points.domain.ledger import AccountKey, AccountView, Cause
from services.points.domain.mixed_sales import MixedAssessment
from services.points.domain.policy import WALLET_DEFAULT, expect_may_earn
from services.points.domain.sales import Returned, Sale
from services.points.storage import BookRequest, CounterRequest

_log = structlog.get_logger()

Assessed = TypeVar("Assessed")

TOO_COSTLY = prometheus_client.Counter(
    "points_evaluations_too_costly", "Receipts and activities refused since rules could make them cost too much."
)


def gain_of(desk: Desk, program_id: UUID, member_id: UUID, sale: Sale, returned: Returned | None = None) -> Gain:
    """What the goods kept of a sale may give the member, who must be somebody who may earn."""
    standing = desk.standing(program_id, member_id)
    expect_may_earn(standing)
    rules = desk.rules(program_id, member_id)
    assessment = _affordable(program_id, lambda: assess(rules, sale, returned or {}, standing.earner))
    return _gain(occasion_of(program_id, member_id, sale), assessment)


def gain_of_activity(desk: Desk, program_id: UUID, member_id: UUID, happening: Happening) -> Gain:
    """What an activity may give the member, who must be somebody who may earn."""
    standing = desk.standing(program_id, member_id)
    expect_may_earn(standing)
    rules = desk.rules(program_id, member_id)
    assessment = _affordable(program_id, lambda: assess_activity(rules, happening, standing.earner))
    at, store_id, cashier_id = happening.occurred_at, happening.store_id, happening.cashier_id
    return _gain(Occasion(program_id, member_id, at, store_id, cashier_id), assessment)


def _affordable(program_id: UUID, assessed: Callable[[], Assessed]) -> Assessed:
    try:
        return assessed()
    except EvaluationTooCostly as costly:
        TOO_COSTLY.inc()
        _log.warning("evaluation_too_costly", program_id=program_id, **costly.metadata)
        raise


def _gain(occasion: Occasion, assessment: Assessment | MixedAssessment | ActivityAssessment) -> Gain:
    # Without limits nothing that others do changes it, so that the work need not be done while accounts are locked.
    settled = None if assessment.limited else assessment.earnings(untouched)
    return Gain(occasion, assessment, settled)


@dataclass(frozen=True)
class Gain:
    """What a purchase or an activity may give. `settled` is what it gives, where no rule has limits."""

    occasion: Occasion
    assessment: Assessment | MixedAssessment | ActivityAssessment
    settled: tuple[Earning, ...] | None

    def touches(self, *, taking: bool = False) -> list[BookRequest | CounterRequest]:
        """The accounts that it may earn to, or the one to show, and the counters of the limits.

        `taking` when goods are back already, so that points are taken as well.
        """
        books = (BookRequest(self._account(wallet), only_credited=not taking) for wallet in sorted(self._wallets()))
        return [*books, *self._counters()]

    def earnings(self, desk: Desk) -> tuple[Earning, ...]:
        """What it gives, now that what is left of limits is known."""
        earned = self.settled
        if earned is None:
            earned = self.assessment.earnings(lambda rule: desk.tally.measure(self.occasion, rule))
        expect_countable(earned)
        return earned

    def credit(self, desk: Desk, cause: Cause, earnings: Sequence[Earning]) -> None:
        """Credits what was earned and counts it."""
        for earning in earnings:
            if earning.points:
                desk.book(self._account(earning.wallet)).earn(earning, cause, self.occasion.occurred_at, desk.now)
        desk.tally.use(self.occasion, cause, earnings)
        desk.qualify(qualifying.earned(self.occasion, cause, earnings))

    def view(self, desk: Desk, earnings: Iterable[Earning]) -> AccountView:
        """The account to show."""
        return desk.view(self._account(_wallet_shown(earnings)))

    def _account(self, wallet: str) -> AccountKey:
        return AccountKey(self.occasion.program_id, self.occasion.member_id, wallet)

    def _wallets(self) -> set[str]:
        if self.settled is not None:
            return {earning.wallet for earning in self.settled if earning.points} | {_wallet_shown(self.settled)}
        return {rule.terms.wallet for rule in self.assessment.may_give} | {WALLET_DEFAULT}

    def _counters(self) -> Iterable[CounterRequest]:
        # A rule that gives nothing by itself only tells what was left, in case that goods come back and it would then.
        moving = {rule.rule_id for rule in self.assessment.may_give}
        for rule in self.assessment.limited:
            for key in self.occasion.counters(rule.rule_id, self.occasion.met(rule)):
                yield CounterRequest(key, moving=rule.rule_id in moving)


def _wallet_shown(earnings: Iterable[Earning]) -> str:
    return next((earning.wallet for earning in earnings if earning.points), WALLET_DEFAULT)
