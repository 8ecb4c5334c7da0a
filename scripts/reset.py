"""Remove what Wafa keeps between two runs: the state folder with its databases and passwords.

Refuses while the suite is running. The reason is the person's: there is no way back from here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from wafa.backends import BackendError, reset


def main() -> None:
    state = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(".state")
    try:
        removed = reset(state.resolve())
    except BackendError as refusal:
        sys.exit(f"reset: {refusal}")
    sys.stdout.write("".join(f"removed {folder}\n" for folder in removed) or "nothing to remove\n")


if __name__ == "__main__":
    main()
