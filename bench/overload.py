"""What overload does to accepted work: sales at one and at twelve times the clients, and one hot reward beside many.

Refused clients come back after a pause, as `Retry-After` asks them to, though sooner. Latency counts for what was
accepted alone; goodput is what was carried out a second.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from bench.load import Plan, Result, run
from bench.stage import Stage, set_up

CLIENTS = 16
OVERLOAD = 12
REDEEMING_CLIENTS = 32
REWARDS = 16
POINTS_EACH = 100_000_000
SECONDS = 8.0
WARM_UP_SECONDS = 3.0
REQUESTS_MAX = 100_000
PROCESSES = 2


def measure(out: Console) -> None:
    """Sets everything up, measures, and prints ratios."""
    with set_up() as stage:
        sales = replace(stage.plan("http", stage.gateway_url, stage.till_key), requests_max=REQUESTS_MAX)
        run(replace(sales, clients=CLIENTS, seconds_max=WARM_UP_SECONDS), processes=PROCESSES)
        found = {
            f"sales, {CLIENTS} clients": _run(sales, CLIENTS),
            f"sales, {CLIENTS * OVERLOAD} clients": _run(sales, CLIENTS * OVERLOAD),
        }
        rewards = _prepare_redemptions(stage)
        redeeming = replace(sales, way="redeem", api_key=stage.till_key)
        for name, reward_ids in ((f"{REWARDS} rewards", rewards), ("one hot reward", rewards[:1])):
            found[f"redemptions of {name}"] = _run(replace(redeeming, reward_ids=reward_ids), REDEEMING_CLIENTS)
    out.print(_table(found))
    usual, over, spread, hot = found.values()
    out.print(f"p99 of accepted sales at {OVERLOAD} times the clients: {over.p99_ms / 1_000:.2f} s, ", end="")
    out.print(f"{over.p99_ms / usual.p99_ms:.1f} times that at one; goodput {over.per_second / usual.per_second:.2f}.")
    out.print(f"Goodput of one hot reward against {REWARDS}: {hot.per_second / spread.per_second:.2f}.")


def _run(plan: Plan, clients: int) -> Result:
    return run(replace(plan, clients=clients, seconds_max=SECONDS), processes=PROCESSES)


def _prepare_redemptions(stage: Stage) -> tuple[str, ...]:
    """Members with points enough, and rewards with stock enough; gives the rewards' ids."""
    admin = stage.admin()
    terms = {"name": "Tea", "benefit": {"kind": "free_product", "sku": "TEA"}, "cost_points": 1}
    made = [
        admin.post("/v1/rewards", {"terms": terms, "stock": 10_000_000}, idempotency_key=f"reward-{number}").body
        for number in range(REWARDS)
    ]
    given = {"amount": POINTS_EACH, "reason": "benchmark", "actor": "bench"}

    def give(part: tuple[str, ...]) -> None:
        caller = stage.admin()
        for member_id in part:
            caller.post(f"/v1/members/{member_id}/adjustments", given, idempotency_key=f"give-{member_id}")

    parts = [stage.member_ids[start::4] for start in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give, parts))
    return tuple(str(each["reward_id"]) for each in made)


def _table(found: dict[str, Result]) -> Table:
    table = Table("what", "a second", "p50 ms", "p99 ms", "refused", title="Overload")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, result in found.items():
        table.add_row(
            name, f"{result.per_second:,.0f}", f"{result.p50_ms:.0f}", f"{result.p99_ms:.0f}", str(result.failures)
        )
    return table
