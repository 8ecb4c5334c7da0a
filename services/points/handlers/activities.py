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
from services.points.commit import Committer, Desk, Looks
from services.points.domain.activities import (
    COUNTERPART,
    Activity,
    ActivityAnswer,
    ActivityKind,
    Happening,
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
from services.points.handlers.gains import gain_of_activity
from services.points.handlers.known_members import KnownMembers
from services.points.handlers.receipts import CLOCK_AHEAD_MAX
from services.points.storage import BookRequest, CounterRequest, Recorded, Storage


class ActivityHandlers:
    """What members do that is no purchase."""

    def __init__(self, storage: Storage, committer: Committer, known_members: KnownMembers) -> None:
        self._storage = storage
        self._committer = committer
        self._known_members = known_members

    def record_activity(self, call: Call, command: RecordActivity) -> Outcome[ActivityAnswer]:
        """Records an activity and posts what it earns; the same one again gives the first answer."""
        noting = Noting(command, command)
        outcome = self._known_members.run(
            call, command.program_id, command.member_id, lambda: self._submit(call, command, noting)
        )
        return outcome.map(
            lambda ref: self._first_answer(ref.activity_id) if outcome.replayed else noting.answer,
            replayed_if=lambda ref: ref.recorded_before,
        )

    def _submit(self, call: Call, command: RecordActivity, noting: Noting) -> Outcome[ActivityRef]:
        counterpart_id = noting.looks.counterpart_id
        if counterpart_id is None:
            return self._committer.submit(call, noting)
        try:
            return self._known_members.run(
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


class Noting:
    """Records an activity and credits what it earns. `answer` is what was made of it the last time it was judged.

    Without a command nothing is stored but the activity, which is enough for it to happen once.
    """

    answer_type = ActivityRef
    answer: ActivityAnswer

    def __init__(self, wish: RecordActivity, command: Command | None) -> None:
        self.command = command
        self._wish = wish
        self._ids = _possible_ids(wish)
        self._counterpart_id = counterpart_of(wish.happening)
        self.looks = Looks(
            wish.program_id,
            wish.member_id,
            activity_ids=frozenset(self._ids.values()),
            counterpart_id=self._counterpart_id,
        )
        self._digests = _digests(wish)

    def books(self, desk: Desk) -> Sequence[BookRequest | CounterRequest]:
        """The accounts that it may earn to, or the one to show, and the counters of limits."""
        self._identify(desk)
        if desk.activities.recorded(self._activity_id) is not None:
            return ()
        wish = self._wish
        if wish.happening.occurred_at > desk.now + CLOCK_AHEAD_MAX:
            raise Invalid("occurred_at", "lies more than a day in the future")
        if self._counterpart_id is not None:
            expect_may_take_part(desk.standing(wish.program_id, self._counterpart_id))
        self._gain = gain_of_activity(desk, wish.program_id, wish.member_id, wish.happening)
        return self._gain.touches()

    def judge(self, desk: Desk) -> ActivityRef:
        """Records and credits, unless it is recorded."""
        recorded = desk.activities.recorded(self._activity_id)
        if recorded is not None:
            self._expect_same(recorded)
            self.answer = _answer(recorded)
            return ActivityRef(self._activity_id, recorded_before=True)
        wish, earnings = self._wish, self._gain.earnings(desk)
        activity = Activity(
            self._activity_id, wish.program_id, wish.member_id, wish.happening, earnings, desk.now, self._local_year
        )
        desk.announce(announces.activity_recorded(activity))
        self._gain.credit(desk, Cause(activity_id=self._activity_id), earnings)
        account = self._gain.view(desk, earnings)
        desk.activities.record(activity, account, self._digests)
        self.answer = ActivityAnswer(activity, account)
        return ActivityRef(self._activity_id, recorded_before=False)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _identify(self, desk: Desk) -> None:
        """Finds which of its possible ids it has: that of what is recorded of the same local year, or its own."""
        wish = self._wish
        rules = desk.rules(wish.program_id, wish.member_id).rules if happens_once(wish.happening.kind) else ()
        time_zone = desk.policy(wish.program_id, wish.member_id).time_zone
        self._zone = local_zone(time_zone, rules, wish.happening.occurred_at)
        self._local_year = None
        if wish.happening.kind is ActivityKind.BIRTHDAY:
            self._local_year = local_day(wish.happening.occurred_at, self._zone).year
        self._activity_id = self._ids[self._local_year]
        for activity_id in self._ids.values():
            recorded = desk.activities.recorded(activity_id)
            if recorded is not None and self._is_same_year(recorded.record):
                self._activity_id = activity_id

    def _is_same_year(self, activity: Activity) -> bool:
        return local_day(activity.happening.occurred_at, self._zone).year == self._local_year

    def _expect_same(self, recorded: Recorded[Activity]) -> None:
        """Refuses what contradicts the recorded activity, naming the fields; of our own work nothing does."""
        if self.command is None:
            return
        differing = tuple(_differing(recorded, self._digests))
        if happens_once(self._wish.happening.kind):
            differing += contradictions(recorded.record.happening, self._wish.happening, self._zone)
        if differing:
            raise ActivityConflict(
                f"this activity is recorded with another {', '.join(differing)}", fields=",".join(differing)
            )


def activity_id_of(program_id: UUID, member_id: UUID, happening: Happening, local_year: int | None = None) -> UUID:
    """The one id that an activity has for good."""
    return ids.derived_id("activity", str(program_id), *key_parts(member_id, happening, local_year))


def _possible_ids(wish: RecordActivity) -> dict[int | None, UUID]:
    """By the local year for a birthday, whose year depends on the program; the one id of any other activity."""
    years: Sequence[int | None] = (None,)
    if wish.happening.kind is ActivityKind.BIRTHDAY:
        years = possible_years(wish.happening.occurred_at)
    return {year: activity_id_of(wish.program_id, wish.member_id, wish.happening, year) for year in years}


def _answer(recorded: Recorded[Activity]) -> ActivityAnswer:
    return ActivityAnswer(recorded.record, recorded.account)


def _digests(wish: RecordActivity) -> dict[str, str]:
    """What must be the same when it is told again: of what happens once, that it happened."""
    return _happening_digests(wish.happening) | {"member_id": str(wish.member_id)}


def _happening_digests(happening: Happening) -> dict[str, str]:
    return {} if happens_once(happening.kind) else field_digests(happening, without=("source", "activity_key"))


def _differing(recorded: Recorded[Activity], asked: dict[str, str]) -> Sequence[str]:
    differing = differing_fields(asked, recorded.digests)
    if not differing:
        return ()
    # The digests that lie with it may be of a time when parts of a second counted.
    rebuilt = recorded.digests | _happening_digests(recorded.record.happening)
    return differing_fields(asked, recorded.digests, rebuilt)
