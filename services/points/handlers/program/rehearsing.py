"""The work of a rehearsal: one bounded page at a time, read from a snapshot, so that it can be taken up by anybody.

What has been heard is written down with the position after each page, under the lease that the page was heard under. A
process that dies loses its page and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from services.points.domain.earning.conditions import Conditions
from services.points.domain.earning.counters import LimitCounters
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.program.rehearsals import Heard, Rehearsal, RehearsalState, added, hear, part_of, touched
from services.points.domain.sales.returns import NOTHING_RETURNED
from services.points.storage import Storage, Transaction
from services.points.storage.program.rehearsals import MEMBER_BYTES, Leased

_log = structlog.get_logger()

LEASE = timedelta(seconds=60)
# How often one is taken without coming further before it has failed.
ATTEMPTS_MAX = 5
# Windows of time without a purchase that one round skips.
WINDOWS_MAX = 50


def rehearse(storage: Storage, conditions: Conditions, *, limit: int) -> bool:
    """Hears up to `limit` purchases of one rehearsal, and says whether there was one."""
    with storage.transaction() as tx:
        tx.rehearsals.give_up(tx.now, ATTEMPTS_MAX)
        leased = tx.rehearsals.take(tx.now, LEASE, ATTEMPTS_MAX)
    if leased is None:
        return False
    with storage.reading() as tx:
        rehearsal, members, limits = _heard(tx, leased, conditions, limit)
    with storage.transaction() as tx:
        if rehearsal.is_over:
            rehearsal = replace(rehearsal, state=RehearsalState.DONE, ended_at=tx.now)
        if not tx.rehearsals.put(leased, rehearsal, members, limits, tx.now):
            _log.warning("rehearsal_lease_lost", rehearsal_id=str(rehearsal.rehearsal_id))
    return True


def _heard(
    tx: Transaction, leased: Leased, conditions: Conditions, limit: int
) -> tuple[Rehearsal, frozenset[bytes], LimitCounters]:
    rehearsal = leased.rehearsal
    for _ in range(WINDOWS_MAX):
        room = min(limit, rehearsal.plan.purchases_max - rehearsal.comparison.purchases)
        seen, full = tx.rehearsals.page(rehearsal, room)
        if seen:
            break
        rehearsal = _moved(rehearsal, seen, full=False)
        if rehearsal.is_over:
            return rehearsal, leased.members, LimitCounters({})
    else:
        return rehearsal, leased.members, LimitCounters({})
    heard, limits = _judged(tx, rehearsal, [purchase_id for _, purchase_id in seen], conditions)
    members = leased.members | {member_id.bytes[-MEMBER_BYTES:] for member_id in touched(heard)}
    comparison = added(rehearsal.comparison, heard, _keys(tx, rehearsal))
    rehearsal = replace(rehearsal, comparison=comparison, members=len(members))
    return _moved(rehearsal, seen, full=full), members, limits


def _judged(
    tx: Transaction, rehearsal: Rehearsal, purchase_ids: Sequence[UUID], conditions: Conditions
) -> tuple[list[Heard | None], LimitCounters]:
    histories, returns = tx.purchases.find(purchase_ids), tx.purchases.returns_of(purchase_ids)
    taken = tx.purchases.taken_within((history.present for history in histories.values()), since=True)
    candidates = RuleSet(rehearsal.plan.rules, conditions)
    earned_by = RuleSet(tx.rules.effective(rehearsal.program_id), conditions)
    parts = [
        part_of(
            candidates,
            histories[purchase_id].present,
            returns.get(purchase_id, NOTHING_RETURNED),
            taken.get(purchase_id, ()),
        )
        for purchase_id in purchase_ids
    ]
    limits = tx.rehearsals.limit_counters(
        rehearsal, {key for part in parts if part is not None for key in part.counters}
    )
    return [None if part is None else hear(rehearsal.plan, earned_by, part, limits) for part in parts], limits


def _keys(tx: Transaction, rehearsal: Rehearsal) -> Mapping[UUID, str]:
    known = {rule_id: key for key, rule_id in tx.rules.keys(rehearsal.program_id).items()}
    return known | {rule.rule_id: rule.key for rule in rehearsal.plan.rules}


def _moved(rehearsal: Rehearsal, seen: Sequence[tuple[datetime, UUID]], *, full: bool) -> Rehearsal:
    return replace(rehearsal, position=rehearsal.position.moved(seen, rehearsal.plan.end, full=full))
