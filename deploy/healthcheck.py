"""Exits with 0 when the process of this container is ready for work, with 1 when it is not.

Asks /readyz on the internal port. The container's environment is that of one process, so it names one such port.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping

# Less than the HEALTHCHECK of the Dockerfile waits.
TIMEOUT_S = 2.0


def main() -> None:
    sys.exit(0 if is_ready(internal_port(os.environ)) else 1)


def internal_port(environ: Mapping[str, str]) -> int:
    """The port that `<WORD>_INTERNAL_PORT` names; exits with a sentence unless exactly one does."""
    named = [value for name, value in environ.items() if name.endswith("_INTERNAL_PORT")]
    if len(named) != 1:
        sys.exit(f"healthcheck: one variable should end with _INTERNAL_PORT, not {len(named)}")
    return int(named[0])


def is_ready(port: int) -> bool:
    """Whether the process says that it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
