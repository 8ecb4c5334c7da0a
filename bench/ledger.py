"""The ledger's throughput: purchases written in groups against one by one, and beside what PostgreSQL itself can do.

group commit     64 clients over all members, and all of them on one member
late uploads     RecordPurchases with 100 purchases a call
pgbench          the statements of one purchase in one transaction, on a copy of the tables
size             the same load while the database grows, in turns with one that stays small
checker          all its questions, asked of the database while it has about a million entries
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

from bench import pgbench
from bench.ledger_stage import COPY, SMALL, SMALL_MEMBERS, LedgerStage, checked, megabytes, member_id, set_up
from bench.load import Plan, Result, run

CLIENTS = 64
PROCESSES = 2
# As many as keep the writer busy: with four, a third of the machine waited for clients to make their next call.
UPLOADERS = 8
PER_CALL = 100
SECONDS = 5.0
ROUNDS = 2
WARM_UP_SECONDS = 3.0
SIZES = (10_000, 100_000, 1_000_000)
MEMBERS_DEFAULT = 100_000
# A million entries, and what the load has added.
CHECKED_MEMBERS = 100_000
BASE = "one by one"


@dataclass(frozen=True)
class Line:
    """A line of the table: what was measured, the load average when it began, and what it is compared with."""

    name: str
    result: Result
    load: float
    base: Result | None = None


def measure(out: Console, *, members_max: int = MEMBERS_DEFAULT) -> None:
    """Sets everything up, measures, and prints tables of ratios."""
    sizes = [size for size in SIZES if size <= members_max] or [members_max]
    with set_up() as stage:
        stage.grow(sizes[0])
        stage.grow(sizes[0], COPY)
        stage.grow(SMALL_MEMBERS, SMALL)
        for target in (stage.single, stage.grouped, stage.small):
            run(stage.plan("grpc", target, CLIENTS, WARM_UP_SECONDS), processes=PROCESSES)
        lines = _ways(stage)
        out.print(_table(f"{sizes[0]:,} members of ten entries", lines, lines[0].result))
        best = pgbench.best(stage)
        out.print(
            f"pgbench, the same statements and no service: {best.per_second:,.0f} purchases/s with {best.clients} "
            f"clients, {best.latency_ms:.1f} ms on average. Against it: "
            + ", ".join(f"{line.name} {line.result.per_second / best.per_second:.2f}" for line in lines)
        )
        grown = [_grown(stage)]
        for size in sizes[1:]:
            if stage.members == CHECKED_MEMBERS:
                _check(stage, out)
            stage.grow(size)
            run(stage.plan("grpc", stage.grouped, CLIENTS, WARM_UP_SECONDS), processes=PROCESSES)
            grown.append(_grown(stage))
        if stage.members <= CHECKED_MEMBERS:
            _check(stage, out)
    title = f"Group commit while the database grows, against one of {SMALL_MEMBERS:,} members"
    out.print(_table(title, grown, grown[0].result))


def _check(stage: LedgerStage, out: Console) -> None:
    entries, seconds = checked(stage)
    out.print(f"The checker went through {entries:,} entries in {seconds:.1f} s: {entries / seconds:,.0f} a second.")


def _ways(stage: LedgerStage) -> list[Line]:
    single = stage.plan("grpc", stage.single, CLIENTS, SECONDS)
    grouped = replace(single, target=stage.grouped)
    many = replace(grouped, way="many", per_call=PER_CALL, clients=UPLOADERS)
    plans = {
        BASE: single,
        "in groups": grouped,
        f"late uploads of {PER_CALL}": many,
        f"{BASE}, one member": replace(single, member_ids=(member_id(1),)),
        "in groups, one member": replace(grouped, member_ids=(member_id(2),)),
    }
    # In turns, and the better of each: who else uses the machine does so at some time or other.
    rounds = [[_line(name, plan) for name, plan in plans.items()] for _ in range(ROUNDS)]
    return [_best(found) for found in zip(*rounds, strict=True)]


def _grown(stage: LedgerStage) -> Line:
    """In turns with the small database, since the machine's own speed changes by the minute."""
    name = f"{stage.members:,} members, {megabytes(stage):,} MB"
    large, small = (stage.plan("grpc", target, CLIENTS, SECONDS) for target in (stage.grouped, stage.small))
    turns = [(_line(name, large), _line(name, small)) for _ in range(ROUNDS)]
    grown, beside = _best([turn[0] for turn in turns]), _best([turn[1] for turn in turns])
    return replace(grown, base=beside.result)


def _best(lines: Iterable[Line]) -> Line:
    return max(lines, key=lambda line: line.result.per_second)


def _line(name: str, plan: Plan) -> Line:
    load = os.getloadavg()[0]
    return Line(name, run(plan, processes=PROCESSES), load)


def _table(title: str, lines: list[Line], base: Result) -> Table:
    table = Table("what", "purchases/s", "ratio", "p50 ms", "p95 ms", "p99 ms", "failed", "load before", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines:
        result = line.result
        table.add_row(
            line.name,
            f"{result.per_second:,.0f}",
            f"{result.per_second / (line.base or base).per_second:.2f}",
            *(f"{value:.1f}" for value in (result.p50_ms, result.p95_ms, result.p99_ms)),
            str(result.failures),
            f"{line.load:.1f}",
        )
    return table
