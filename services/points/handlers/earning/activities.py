"""Activities: what members do that is no purchase, recorded and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from kit import ids
from kit.call import Call
from kit.digests import differing_fields, field_digests
from kit.errors import Invalid
from kit.idempotency import Command, Outcome
from services.points import announces
from services.points.batch import BatchContext, Committer, Plan, Reads, ReferencedAnswer, answer_of, ref_of
from services.points.domain.earning.activities import (
    COUNTERPART,
    Activity,
    ActivityAnswer,
    ActivityKind,
    ActivityReport,
    RecordActivity,
    contradictions,
    counterpart_of,
    happens_once,
    key_parts,
    local_day,
    local_zone,
    possible_years,
)
from services.points.domain.errors import ActivityConflict, ActivityNotFound, MemberNotFound
from services.points.domain.ledger.accounts import Cause
from services.points.domain.program.policy import expect_may_take_part
from services.points.handlers.earning.earning_plan import EarningPlan, plan_activity_earnings
from services.points.handlers.member_lookup import MemberLookup
from services.points.handlers.sales.receipts import CLOCK_AHEAD_MAX
from services.points.storage import Recorded, Storage


class ActivityHandlers:
    """What members do that is no purchase."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def record_activity(self, call: Call, command: RecordActivity) -> Outcome[ActivityAnswer]:
        """Records an activity and posts what it earns; the same one again gives the first answer."""
        operation = RecordActivityOperation(command, command)
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._submit(call, command, operation)
        )
        return outcome.map(
            lambda found: answer_of(found, self._first_answer),
            replayed_if=lambda found: ref_of(found).recorded_before,
        )

    def _submit(
        self, call: Call, command: RecordActivity, operation: RecordActivityOperation
    ) -> Outcome[ActivityFound]:
        counterpart_id = operation.reads.counterpart_id
        if counterpart_id is None:
            return self._committer.submit(call, operation)
        try:
            return self._member_lookup.run(
                call, command.program_id, counterpart_id, lambda: self._committer.submit(call, operation)
            )
        except MemberNotFound as nobody:
            raise Invalid(f"attributes[{COUNTERPART}]", "is no member of the program") from nobody

    def get_activity(self, program_id: UUID, activity_id: UUID) -> Activity:
        """An activity as it was recorded."""
        recorded = self._found(activity_id)
        if recorded is None or recorded.record.program_id != program_id:
            raise ActivityNotFound("no such activity is recorded", activity_id=str(activity_id))
        return recorded.record

    def _first_answer(self, ref: ActivityRef) -> ActivityAnswer:
        recorded = self._found(ref.activity_id)
        assert recorded is not None  # noqa: S101 - its answer was stored in the same transaction
        return _answer(recorded)

    def _found(self, activity_id: UUID) -> Recorded[Activity] | None:
        with self._storage.transaction() as tx:
            return tx.activities.find([activity_id]).get(activity_id)


# ---- The operation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ActivityRef:
    """The stored answer of RecordActivity: the activity itself keeps the rest, for longer than answers are kept."""

    activity_id: UUID
    recorded_before: bool


# What is stored, with or without the activity that was just recorded.
ActivityFound: TypeAlias = ActivityRef | ReferencedAnswer[ActivityRef, ActivityAnswer]


@dataclass(frozen=True)
class ActivityIdentity:
    """Which of its possible ids an activity has, and the calendar that decided it; a birthday has a local year."""

    activity_id: UUID
    zone: ZoneInfo
    local_year: int | None


@dataclass(frozen=True)
class ActivityPlan(Plan):
    """Which activity it is, and what it may give unless it is recorded."""

    identity: ActivityIdentity
    earning: EarningPlan | None = None


class RecordActivityOperation:
    """Records an activity and credits what it earns.

    Without a `command` nothing is stored but the activity, which is enough for it to happen once.
    """

    answer_type = ActivityRef

    def __init__(self, asked: RecordActivity, command: Command | None) -> None:
        self.command = command
        self._asked = asked
        self._ids = _possible_ids(asked)
        self._counterpart_id = counterpart_of(asked.report)
        self.reads = Reads(
            asked.program_id,
            asked.member_id,
            activity_ids=frozenset(self._ids.values()),
            counterpart_id=self._counterpart_id,
        )
        self._digests = _digests(asked)

    def plan(self, context: BatchContext) -> ActivityPlan:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        identity = self._identity(context)
        if context.activities.recorded(identity.activity_id) is not None:
            return ActivityPlan((), identity)
        asked = self._asked
        if asked.report.occurred_at > context.now + CLOCK_AHEAD_MAX:
            raise Invalid("occurred_at", "lies more than a day in the future")
        if self._counterpart_id is not None:
            expect_may_take_part(context.members.known(asked.program_id, self._counterpart_id))
        earning = plan_activity_earnings(context, asked.program_id, asked.member_id, asked.report)
        return ActivityPlan(earning.touches(), identity, earning)

    def judge(self, context: BatchContext, plan: ActivityPlan) -> ActivityFound:
        """Records and credits, unless it is recorded."""
        identity, recorded = plan.identity, context.activities.recorded(plan.identity.activity_id)
        if recorded is not None:
            self._expect_same(recorded, identity.zone)
            return ReferencedAnswer(ActivityRef(identity.activity_id, recorded_before=True), _answer(recorded))
        assert plan.earning is not None  # noqa: S101 - planned for every activity that is not recorded
        asked, earnings = self._asked, plan.earning.earnings(context)
        activity = Activity(
            identity.activity_id,
            asked.program_id,
            asked.member_id,
            asked.report,
            earnings,
            context.now,
            identity.local_year,
        )
        context.announce(announces.activity_recorded(activity))
        plan.earning.credit(context, Cause(activity_id=identity.activity_id), earnings)
        account = plan.earning.view(context, earnings)
        context.activities.record(activity, account, self._digests)
        return ReferencedAnswer(
            ActivityRef(identity.activity_id, recorded_before=False), ActivityAnswer(activity, account)
        )

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _identity(self, context: BatchContext) -> ActivityIdentity:
        """Which of its possible ids it has: that of what is recorded of the same local year, or its own."""
        asked, kind, occurred_at = self._asked, self._asked.report.kind, self._asked.report.occurred_at
        rules = context.members.rules(asked.program_id, asked.member_id).rules if happens_once(kind) else ()
        time_zone = context.members.policy(asked.program_id, asked.member_id).time_zone
        zone = local_zone(time_zone, rules, occurred_at)
        local_year = local_day(occurred_at, zone).year if kind is ActivityKind.BIRTHDAY else None
        identity = ActivityIdentity(self._ids[local_year], zone, local_year)
        for activity_id in self._ids.values():
            recorded = context.activities.recorded(activity_id)
            if recorded is not None and _is_same_year(recorded.record, identity):
                identity = replace(identity, activity_id=activity_id)
        return identity

    def _expect_same(self, recorded: Recorded[Activity], zone: ZoneInfo) -> None:
        """Refuses what contradicts the recorded activity, naming the fields; of our own work nothing does."""
        if self.command is None:
            return
        differing = tuple(_differing(recorded, self._digests))
        if happens_once(self._asked.report.kind):
            differing += contradictions(recorded.record.report, self._asked.report, zone)
        if differing:
            raise ActivityConflict(
                f"this activity is recorded with another {', '.join(differing)}", fields=",".join(differing)
            )


def _is_same_year(activity: Activity, identity: ActivityIdentity) -> bool:
    return local_day(activity.report.occurred_at, identity.zone).year == identity.local_year


def activity_id_of(program_id: UUID, member_id: UUID, report: ActivityReport, local_year: int | None = None) -> UUID:
    """The one id that an activity has for good."""
    return ids.derived_id("activity", str(program_id), *key_parts(member_id, report, local_year))


def _possible_ids(asked: RecordActivity) -> dict[int | None, UUID]:
    """By the local year for a birthday, whose year depends on the program; the one id of any other activity."""
    years: Sequence[int | None] = (None,)
    if asked.report.kind is ActivityKind.BIRTHDAY:
        years = possible_years(asked.report.occurred_at)
    return {year: activity_id_of(asked.program_id, asked.member_id, asked.report, year) for year in years}


def _answer(recorded: Recorded[Activity]) -> ActivityAnswer:
    return ActivityAnswer(recorded.record, recorded.account)


def _digests(asked: RecordActivity) -> dict[str, str]:
    """What must be the same when it is told again: of what happens once, that it happened."""
    return _report_digests(asked.report) | {"member_id": str(asked.member_id)}


def _report_digests(report: ActivityReport) -> dict[str, str]:
    return {} if happens_once(report.kind) else field_digests(report, without=("source", "activity_key"))


def _differing(recorded: Recorded[Activity], asked: dict[str, str]) -> Sequence[str]:
    differing = differing_fields(asked, recorded.digests)
    if not differing:
        return ()
    # The digests that lie with it may be of a time when parts of a second counted.
    rebuilt = recorded.digests | _report_digests(recorded.record.report)
    return differing_fields(asked, recorded.digests, rebuilt)
