"""Purchases a second: through the gateway, over gRPC alone, and the plain way; at a few numbers of clients."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.table import Table

from bench.load import Plan, Result, run
from bench.stage import PLAIN_KEY, Stage, set_up

CLIENTS = (1, 8, 32)
REQUESTS_MAX = 20_000
SECONDS = 6.0
WARM_UP_SECONDS = 3.0
PLAIN, GATEWAY, GRPC = "plain Flask", "gateway", "gRPC alone"


def measure(out: Console) -> None:
    """Sets everything up, measures, and prints a table of ratios."""
    with set_up() as stage:
        for name in (PLAIN, GATEWAY, GRPC):
            run(_plan(stage, name, 8, WARM_UP_SECONDS))
        found = {}
        for clients in CLIENTS:
            for name in (PLAIN, GATEWAY, GRPC):
                found[name, clients] = run(_plan(stage, name, clients, SECONDS))
    out.print(_table(found))
    out.print("The ratio is purchases a second against the plain way at the same number of clients.")


def _plan(stage: Stage, name: str, clients: int, seconds: float) -> Plan:
    if name == PLAIN:
        plan = stage.plan("http", stage.plain_url, PLAIN_KEY)
    elif name == GATEWAY:
        plan = stage.plan("http", stage.gateway_url, stage.till_key)
    else:
        plan = stage.plan("grpc", stage.points_address, "")
    return replace(plan, clients=clients, requests_max=REQUESTS_MAX, seconds_max=seconds)


def _table(found: dict[tuple[str, int], Result]) -> Table:
    table = Table("clients", "way", "purchases/s", "ratio", "p50 ms", "p95 ms", "p99 ms", "failed", title="Purchases")
    for column in table.columns[2:]:
        column.justify = "right"
    for (name, clients), result in found.items():
        plain = found[PLAIN, clients]
        table.add_row(
            str(clients) if name == PLAIN else "",
            name,
            f"{result.per_second:,.0f}",
            f"{result.per_second / plain.per_second:.2f}",
            *(f"{value:.1f}" for value in (result.p50_ms, result.p95_ms, result.p99_ms)),
            str(result.failures),
            end_section=name == GRPC,
        )
    return table
