"""Activities: what members do that is no purchase, recorded and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.digests import differing_fields, field_digests
from kit.errors import Invalid
from kit.idempotency import Command, Outcome
from services.points import announces
from services.points.batch import BatchContext, Committer, Reads
from services.points.domain.activities import (
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
from services.points.domain.ledger import Cause
from services.points.domain.policy import expect_may_take_part
from services.points.handlers.earning_plan import plan_activity_earnings
from services.points.handlers.member_lookup import MemberLookup
from services.points.handlers.receipts import CLOCK_AHEAD_MAX
from services.points.storage import BookRequest, CounterRequest, Recorded, Storage


class ActivityHandlers:
    """What members do that is no purchase."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def record_activity(self, call: Call, command: RecordActivity) -> Outcome[ActivityAnswer]:
        """Records an activity and posts what it earns; the same one again gives the first answer."""
        noting = RecordActivityOperation(command, command)
        outcome = self._member_lookup.run(
            call, command.program_id, command.member_id, lambda: self._submit(call, command, noting)
        )
        return outcome.map(
            lambda ref: self._first_answer(ref.activity_id) if outcome.replayed else noting.answer,
            replayed_if=lambda ref: ref.recorded_before,
        )

    def _submit(self, call: Call, command: RecordActivity, noting: RecordActivityOperation) -> Outcome[ActivityRef]:
        counterpart_id = noting.reads.counterpart_id
        if counterpart_id is None:
            return self._committer.submit(call, noting)
        try:
            return self._member_lookup.run(
                call, command.program_id, counterpart_id, lambda: self._committer.submit(call, noting)
            )
        except MemberNotFound as nobody:
            raise Invalid(f"attributes[{COUNTERPART}]", "is no member of the program") from nobody

    def get_activity(self, program_id: UUID, activity_id: UUID) -> Activity:
        """An activity as it was recorded."""
        recorded = self._found(activity_id)
        if recorded is None or recorded.record.program_id != program_id:
            raise ActivityNotFound("no such activity is recorded", activity_id=str(activity_id))
        return recorded.record

    def _first_answer(self, activity_id: UUID) -> ActivityAnswer:
        recorded = self._found(activity_id)
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


class RecordActivityOperation:
    """Records an activity and credits what it earns. `answer` is what was made of it the last time it was judged.

    Without a command nothing is stored but the activity, which is enough for it to happen once.
    """

    answer_type = ActivityRef
    answer: ActivityAnswer

    def __init__(self, wish: RecordActivity, command: Command | None) -> None:
        self.command = command
        self._wish = wish
        self._ids = _possible_ids(wish)
        self._counterpart_id = counterpart_of(wish.report)
        self.reads = Reads(
            wish.program_id,
            wish.member_id,
            activity_ids=frozenset(self._ids.values()),
            counterpart_id=self._counterpart_id,
        )
        self._digests = _digests(wish)

    def books(self, context: BatchContext) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        self._identify(context)
        if context.activities.recorded(self._activity_id) is not None:
            return ()
        wish = self._wish
        if wish.report.occurred_at > context.now + CLOCK_AHEAD_MAX:
            raise Invalid("occurred_at", "lies more than a day in the future")
        if self._counterpart_id is not None:
            expect_may_take_part(context.member(wish.program_id, self._counterpart_id))
        self._earning_plan = plan_activity_earnings(context, wish.program_id, wish.member_id, wish.report)
        return self._earning_plan.touches()

    def judge(self, context: BatchContext) -> ActivityRef:
        """Records and credits, unless it is recorded."""
        recorded = context.activities.recorded(self._activity_id)
        if recorded is not None:
            self._expect_same(recorded)
            self.answer = _answer(recorded)
            return ActivityRef(self._activity_id, recorded_before=True)
        wish, earnings = self._wish, self._earning_plan.earnings(context)
        activity = Activity(
            self._activity_id, wish.program_id, wish.member_id, wish.report, earnings, context.now, self._local_year
        )
        context.announce(announces.activity_recorded(activity))
        self._earning_plan.credit(context, Cause(activity_id=self._activity_id), earnings)
        account = self._earning_plan.view(context, earnings)
        context.activities.record(activity, account, self._digests)
        self.answer = ActivityAnswer(activity, account)
        return ActivityRef(self._activity_id, recorded_before=False)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _identify(self, context: BatchContext) -> None:
        """Finds which of its possible ids it has: that of what is recorded of the same local year, or its own."""
        wish = self._wish
        rules = context.rules(wish.program_id, wish.member_id).rules if happens_once(wish.report.kind) else ()
        time_zone = context.policy(wish.program_id, wish.member_id).time_zone
        self._zone = local_zone(time_zone, rules, wish.report.occurred_at)
        self._local_year = None
        if wish.report.kind is ActivityKind.BIRTHDAY:
            self._local_year = local_day(wish.report.occurred_at, self._zone).year
        self._activity_id = self._ids[self._local_year]
        for activity_id in self._ids.values():
            recorded = context.activities.recorded(activity_id)
            if recorded is not None and self._is_same_year(recorded.record):
                self._activity_id = activity_id

    def _is_same_year(self, activity: Activity) -> bool:
        return local_day(activity.report.occurred_at, self._zone).year == self._local_year

    def _expect_same(self, recorded: Recorded[Activity]) -> None:
        """Refuses what contradicts the recorded activity, naming the fields; of our own work nothing does."""
        if self.command is None:
            return
        differing = tuple(_differing(recorded, self._digests))
        if happens_once(self._wish.report.kind):
            differing += contradictions(recorded.record.report, self._wish.report, self._zone)
        if differing:
            raise ActivityConflict(
                f"this activity is recorded with another {', '.join(differing)}", fields=",".join(differing)
            )


def activity_id_of(program_id: UUID, member_id: UUID, report: ActivityReport, local_year: int | None = None) -> UUID:
    """The one id that an activity has for good."""
    return ids.derived_id("activity", str(program_id), *key_parts(member_id, report, local_year))


def _possible_ids(wish: RecordActivity) -> dict[int | None, UUID]:
    """By the local year for a birthday, whose year depends on the program; the one id of any other activity."""
    years: Sequence[int | None] = (None,)
    if wish.report.kind is ActivityKind.BIRTHDAY:
        years = possible_years(wish.report.occurred_at)
    return {year: activity_id_of(wish.program_id, wish.member_id, wish.report, year) for year in years}


def _answer(recorded: Recorded[Activity]) -> ActivityAnswer:
    return ActivityAnswer(recorded.record, recorded.account)


def _digests(wish: RecordActivity) -> dict[str, str]:
    """What must be the same when it is told again: of what happens once, that it happened."""
    return _report_digests(wish.report) | {"member_id": str(wish.member_id)}


def _report_digests(report: ActivityReport) -> dict[str, str]:
    return {} if happens_once(report.kind) else field_digests(report, without=("source", "activity_key"))


def _differing(recorded: Recorded[Activity], asked: dict[str, str]) -> Sequence[str]:
    differing = differing_fields(asked, recorded.digests)
    if not differing:
        return ()
    # The digests that lie with it may be of a time when parts of a second counted.
    rebuilt = recorded.digests | _report_digests(recorded.record.report)
    return differing_fields(asked, recorded.digests, rebuilt)
