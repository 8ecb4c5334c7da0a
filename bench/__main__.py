"""`python -m bench [name …]`: runs the benchmarks named, or all of them."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from rich.console import Console

from bench import purchases

BENCHMARKS: dict[str, Callable[[Console], None]] = {"purchases": purchases.measure}


def main(names: Sequence[str]) -> int:
    """Runs the benchmarks and gives the exit code."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    out = Console(width=110)
    now = datetime.now(UTC).date()
    out.print(
        f"{now}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    for name in names or BENCHMARKS:
        BENCHMARKS[name](out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
