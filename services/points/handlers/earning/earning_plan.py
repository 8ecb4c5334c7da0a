"""What a purchase or an activity gives: worked out as far as it can be before anything is locked, and then credited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import prometheus_client
import structlog

from services.points.batch import BatchContext
from services.points.domain.earning import qualifying
from services.points.domain.earning.activities import ActivityReport
from services.points.domain.earning.activity_evaluation import ActivityAssessment, assess_activity
from services.points.domain.earning.counters import LimitContext, limit_context_of
from services.points.domain.earning.earnings import Earning, expect_countable
from services.points.domain.earning.evaluation import Assessment, assess, untouched
from services.points.domain.errors import EvaluationTooCostly
from services.points.domain.ledger.accounts import AccountKey, AccountView, Cause
from services.points.domain.program.policy import WALLET_DEFAULT, expect_may_earn
from services.points.domain.sales.mixed_sales import MixedAssessment
from services.points.domain.sales.sale import Returned, Sale
from services.points.storage import BookRequest, CounterRequest

_log = structlog.get_logger()

Assessed = TypeVar("Assessed")

TOO_COSTLY = prometheus_client.Counter(
    "points_evaluations_too_costly", "Receipts and activities refused since rules could make them cost too much."
)


def plan_earnings(
    context: BatchContext, program_id: UUID, member_id: UUID, sale: Sale, returned: Returned | None = None
) -> EarningPlan:
    """What the goods kept of a sale may give the member, who must be somebody who may earn."""
    member = context.members.known(program_id, member_id)
    expect_may_earn(member)
    rules = context.members.rules(program_id, member_id)
    assessment = _affordable(program_id, lambda: assess(rules, sale, returned or {}, member.earner))
    return _earning_plan(limit_context_of(program_id, member_id, sale), assessment)


def plan_activity_earnings(
    context: BatchContext, program_id: UUID, member_id: UUID, report: ActivityReport
) -> EarningPlan:
    """What an activity may give the member, who must be somebody who may earn."""
    member = context.members.known(program_id, member_id)
    expect_may_earn(member)
    rules = context.members.rules(program_id, member_id)
    assessment = _affordable(program_id, lambda: assess_activity(rules, report, member.earner))
    at, store_id, cashier_id = report.occurred_at, report.store_id, report.cashier_id
    return _earning_plan(LimitContext(program_id, member_id, at, store_id, cashier_id), assessment)


def _affordable(program_id: UUID, assessed: Callable[[], Assessed]) -> Assessed:
    try:
        return assessed()
    except EvaluationTooCostly as costly:
        TOO_COSTLY.inc()
        _log.warning("evaluation_too_costly", program_id=program_id, **costly.metadata)
        raise


def _earning_plan(
    limit_context: LimitContext, assessment: Assessment | MixedAssessment | ActivityAssessment
) -> EarningPlan:
    # Without limits nothing that others do changes it, so that the work need not be done while accounts are locked.
    settled = None if assessment.limited else assessment.earnings(untouched)
    return EarningPlan(limit_context, assessment, settled)


@dataclass(frozen=True)
class EarningPlan:
    """What a purchase or an activity may give. `settled` is what it gives, where no rule has limits."""

    limit_context: LimitContext
    assessment: Assessment | MixedAssessment | ActivityAssessment
    settled: tuple[Earning, ...] | None

    def touches(self, *, taking: bool = False) -> list[BookRequest | CounterRequest]:
        """The accounts that it may earn to, or the one to show, and the counters of the limits.

        `taking` when goods are back already, so that points are taken as well.
        """
        books = (BookRequest(self._account(wallet), only_credited=not taking) for wallet in sorted(self._wallets()))
        return [*books, *self._counters()]

    def earnings(self, context: BatchContext) -> tuple[Earning, ...]:
        """What it gives, now that what is left of limits is known."""
        earned = self.settled
        if earned is None:
            earned = self.assessment.earnings(lambda rule: context.limits.usage_of(self.limit_context, rule))
        expect_countable(earned)
        return earned

    def credit(self, context: BatchContext, cause: Cause, earnings: Sequence[Earning]) -> None:
        """Credits what was earned and counts it."""
        for earning in earnings:
            if earning.points:
                context.accounts.book(self._account(earning.wallet)).earn(
                    earning, cause, self.limit_context.occurred_at, context.now
                )
        context.limits.use(self.limit_context, cause, earnings)
        context.accounts.qualify(qualifying.earned(self.limit_context, cause, earnings))

    def view(self, context: BatchContext, earnings: Iterable[Earning]) -> AccountView:
        """The account to show."""
        return context.accounts.view(self._account(_wallet_shown(earnings)))

    def _account(self, wallet: str) -> AccountKey:
        return AccountKey(self.limit_context.program_id, self.limit_context.member_id, wallet)

    def _wallets(self) -> set[str]:
        if self.settled is not None:
            return {earning.wallet for earning in self.settled if earning.points} | {_wallet_shown(self.settled)}
        return {rule.terms.wallet for rule in self.assessment.may_give} | {WALLET_DEFAULT}

    def _counters(self) -> Iterable[CounterRequest]:
        # A rule that gives nothing by itself only tells what was left, in case that goods come back and it would then.
        moving = {rule.rule_id for rule in self.assessment.may_give}
        for rule in self.assessment.limited:
            for key in self.limit_context.counters(rule.rule_id, self.limit_context.usages(rule)):
                yield CounterRequest(key, moving=rule.rule_id in moving)


def _wallet_shown(earnings: Iterable[Earning]) -> str:
    return next((earning.wallet for earning in earnings if earning.points), WALLET_DEFAULT)
