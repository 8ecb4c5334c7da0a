"""Starts back ends in a folder, prints their process ids, and waits to be killed: `launcher.py FOLDER`."""

import json
import sys
import threading
from pathlib import Path

from wafa.backends import Backends, Ports


def main() -> None:
    with Backends({}, Path(sys.argv[1]), durable=False, ports=Ports.free()) as backends:
        assert backends.postgres is not None
        assert backends.valkey is not None
        sys.stdout.write(json.dumps({"postgres": backends.postgres.pid, "valkey": backends.valkey.pid}) + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
