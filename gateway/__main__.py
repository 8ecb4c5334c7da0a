"""`python -m gateway` serves; the settings come from the environment."""

from __future__ import annotations

import os
import sys

from gateway.config import load
from gateway.server import serve
from kit.config import ConfigError
from kit.peers.settings import expect_usable
from kit.ports import PortTakenError


def main() -> None:
    """Serves until told to go, or says on stderr what is wrong with the settings."""
    try:
        config = load(os.environ)
        expect_usable(config)
    except ConfigError as error:
        sys.exit(f"gateway: {error}")
    try:
        serve(config, os.environ)
    except PortTakenError as error:
        sys.exit(f"gateway: {error}")


if __name__ == "__main__":
    main()
