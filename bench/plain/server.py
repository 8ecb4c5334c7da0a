"""Serves the plain application with granian, as the gateway is served: `python -m bench.plain.server PORT`."""

from __future__ import annotations

import os
import sys

from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from kit.serving import die_with_parent


def main(port: int, threads: int) -> None:
    """Serves until a signal ends it."""
    die_with_parent(os.environ)
    Server(
        "bench.plain.app:create_app",
        factory=True,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=1,
        blocking_threads=threads,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
