"""Enrolments are recorded by the service itself: it hears of every one, and asks no caller to tell of them.

What was heard waits in a row that was written with the inbox. Recording it and forgetting the row are two transactions;
whoever dies between them leaves a row whose activity is recorded, and the next to take it is given the first answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from kit.call import Call
from kit.errors import Refusal
from kit.failpoints import reach
from services.points.batch import Committer, Result, submit_in_shares
from services.points.domain.earning.activities import PendingActivity, RecordActivity, report_of
from services.points.domain.earning.rules import EarningRule
from services.points.handlers.earning.activities import RecordActivityOperation
from services.points.storage import Storage

_log = structlog.get_logger()

# How long whoever has taken some is left to record them.
LEASE = timedelta(seconds=30)


def record_pending(storage: Storage, committer: Committer, call: Call, *, limit: int, lease: timedelta = LEASE) -> bool:
    """Records up to `limit` activities that wait and says whether there may be more.

    Where no rule gives anything for one it is forgotten; so it is where the member may not earn by now. What could not
    be tried stays for the next round after its lease.
    """
    with storage.transaction() as tx:
        taken = tx.pending_activities.take(tx.now, lease, limit)
        rules = {program_id: tx.rules.effective(program_id) for program_id in {each.program_id for each in taken}}
    wanted = [each for each in taken if _is_wanted(each, rules[each.program_id])]
    results = submit_in_shares(committer, call, [_noting(each) for each in wanted])
    waiting = _not_tried(wanted, results)
    reach("points.pending.before_delete")
    with storage.transaction() as tx:
        tx.pending_activities.delete(each for each in taken if each.member_id not in waiting)
    return len(taken) >= limit


def _is_wanted(pending: PendingActivity, rules: Iterable[EarningRule]) -> bool:
    return any(rule.terms.trigger.value == pending.kind.value and rule.in_force(pending.occurred_at) for rule in rules)


def _noting(pending: PendingActivity) -> RecordActivityOperation:
    # No request id: the activity's own identity lets it happen once.
    return RecordActivityOperation(RecordActivity(pending.program_id, "", pending.member_id, report_of(pending)), None)


def _not_tried(wanted: Sequence[PendingActivity], results: Sequence[Result]) -> set[UUID]:
    waiting = set()
    for pending, result in zip(wanted, results, strict=True):
        if isinstance(result, Refusal):
            _log.warning("pending_activity_waits", member_id=pending.member_id, reason=result.reason)
            waiting.add(pending.member_id)
        elif isinstance(result, Exception):
            _log.error("pending_activity_failed", member_id=pending.member_id, exc_info=result)
            waiting.add(pending.member_id)
        elif result.refusal is not None:
            _log.info("pending_activity_refused", member_id=pending.member_id, reason=result.refusal.reason)
    return waiting
