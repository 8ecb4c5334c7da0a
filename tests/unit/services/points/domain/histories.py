"""Histories of one account as lists of entries, and what they come to when simply added up."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate

from hypothesis import strategies as st

from services.points.domain.ledger.accounts import Cause, Entry, EntryKind
from services.points.domain.ledger.liability import Flow, FlowSum
from services.points.domain.ledger.statement import KindSum, Period
from tests.unit.services.points.domain.opened import KEY, NOW

SIGN = {
    EntryKind.EARN: 1,
    EntryKind.REVERSAL: 1,
    EntryKind.RETURN: -1,
    EntryKind.RECOVERY: -1,
    EntryKind.SPEND: -1,
    EntryKind.EXPIRY: -1,
    EntryKind.TRANSFER_OUT: -1,
    EntryKind.TRANSFER_IN: 1,
    EntryKind.TRANSFER_BACK: 1,
}

instants = st.integers(-50, 50).map(lambda hours: NOW + timedelta(hours=hours))
amounts = st.integers(1, 10**12)


@st.composite
def _moves(draw: st.DrawFn) -> tuple[EntryKind, int]:
    kind = draw(st.sampled_from(EntryKind))
    return kind, draw(amounts) * SIGN.get(kind, draw(st.sampled_from([1, -1])))


# Two processes may note an entry's time in another order than they wrote the entries in, so times come in any order.
histories = st.lists(st.tuples(_moves(), instants), max_size=20).map(lambda moves: entries_of(moves))
periods = st.tuples(instants, st.integers(1, 100)).map(
    lambda given: Period(given[0], given[0] + timedelta(hours=given[1]))
)


def entries_of(moves: list[tuple[tuple[EntryKind, int], datetime]]) -> list[Entry]:
    balances = accumulate(amount for (_, amount), _ in moves)
    return [
        Entry(KEY, version, kind, amount, balance, Cause(), None, recorded_at, recorded_at)
        for version, (((kind, amount), recorded_at), balance) in enumerate(zip(moves, balances, strict=True), start=1)
    ]


def sums_of(entries: list[Entry], period: Period) -> tuple[KindSum, ...]:
    """What a storage would say of these entries."""
    return tuple(_sum_of(kind, [entry for entry in entries if entry.kind is kind], period) for kind in EntryKind)


def _sum_of(kind: EntryKind, entries: list[Entry], period: Period) -> KindSum:
    before = sum(entry.amount for entry in entries if entry.recorded_at < period.start)
    within = [entry.amount for entry in entries if period.holds(entry.recorded_at)]
    given, taken = (sum(max(0, sign * amount) for amount in within) for sign in (1, -1))
    return KindSum(kind, before, len(within), given, taken)


def flow_sums_of(entries: list[Entry], period: Period, observed: Period) -> list[FlowSum]:
    """What a storage would say of a program that has these entries."""
    return [
        _flow_sum_of(kind, [entry for entry in entries if entry.kind is kind], period, observed) for kind in EntryKind
    ]


def _flow_sum_of(kind: EntryKind, entries: list[Entry], period: Period, observed: Period) -> FlowSum:
    within = [entry.amount for entry in entries if period.holds(entry.recorded_at)]
    given, taken = (sum(max(0, sign * amount) for amount in within) for sign in (1, -1))
    after = sum(entry.amount for entry in entries if entry.recorded_at >= period.end)
    seen = sum(entry.amount for entry in entries if observed.holds(entry.recorded_at))
    return FlowSum(kind, given, taken, after, seen)


def net_of(flow: Flow) -> dict[EntryKind, int]:
    """A flow's figures by kind, signed as entries are; what returns took is all told as one kind."""
    return {
        EntryKind.EARN: flow.earned,
        EntryKind.RETURN: -flow.returned,
        EntryKind.SPEND: -flow.spent,
        EntryKind.REVERSAL: flow.restored,
        EntryKind.EXPIRY: -flow.expired,
        EntryKind.ADJUSTMENT: flow.given - flow.taken,
        EntryKind.TRANSFER_OUT: flow.received - flow.sent,
    }
