"""Places where a test can make a process die, to see what it left behind.

`WAFA_FAILPOINTS=rewards.redeem.after_hold` kills the process, as by kill -9, where `reach("rewards.redeem.after_hold")`
stands; several names are separated by commas, and `name:3` lets the first two pass. With nothing set, reaching a
failpoint costs a look into an empty dictionary.
"""

from __future__ import annotations

import os
import signal


def _read(text: str) -> dict[str, int]:
    """How often each may be reached until it kills."""
    places = (place.partition(":") for place in text.split(",") if place)
    return {name: int(times or 1) for name, _, times in places}


_armed = _read(os.environ.get("WAFA_FAILPOINTS", ""))


def arm(text: str) -> None:
    """Arms these failpoints and no others, for a process that was forked after the environment was read."""
    _armed.clear()
    _armed.update(_read(text))


def reach(name: str) -> None:
    """Dies here, without a word or a clean-up, if the failpoint is armed and its time has come."""
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
