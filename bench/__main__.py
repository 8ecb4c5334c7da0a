"""`python -m bench [name …] [--members N]`: runs the benchmarks named, or all of them."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from rich.console import Console

import bench
from bench import conditions, ledger, overload, purchases, rules
from wafa.backends.accounts import account_for_servers
from wafa.backends.binaries import find_postgres

BENCHMARKS: dict[str, Callable[[Console, int], None]] = {
    "purchases": lambda out, _: purchases.measure(out),
    "overload": lambda out, _: overload.measure(out),
    "rules": lambda out, _: rules.measure(out),
    "conditions": lambda out, _: conditions.measure(out),
    "ledger": lambda out, members: ledger.measure(out, members_max=members),
}


def main(arguments: Sequence[str]) -> int:
    """Runs the benchmarks and gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHMARKS)}; without any, all")
    parser.add_argument(
        "--members",
        type=int,
        default=ledger.MEMBERS_DEFAULT,
        help="how far the database of `ledger` grows: 10000, 100000 or 1000000, the last of which takes many minutes",
    )
    given = parser.parse_args(arguments)
    names = given.names
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    out = Console(width=110)
    now = datetime.now(UTC).date()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    postgres = ".".join(map(str, find_postgres(account_for_servers()).version))
    out.print(
        f"{now}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"PostgreSQL {postgres}, load average {load}"
    )
    for name in names or BENCHMARKS:
        BENCHMARKS[name](out, given.members)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
