"""Places where a test can make a process die, to see what it left behind.

`WAFA_FAILPOINTS=rewards.redeem.after_hold` kills the process, as by kill -9, where `reach("rewards.redeem.after_hold")`
stands; several names are separated by commas. With nothing set, reaching a failpoint costs a look into an empty set.
"""

from __future__ import annotations

import os
import signal

_armed = frozenset(name for name in os.environ.get("WAFA_FAILPOINTS", "").split(",") if name)


def reach(name: str) -> None:
    """Dies here, without a word or a clean-up, if the failpoint is armed."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
