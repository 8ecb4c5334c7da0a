"""`python -m services WORD…` brings the databases of these services forward, one after the other.

It does what `python -m services.<word> migrate` does for each. `make run` calls it, where one process for all starts
several seconds sooner than one for each. In a deployment each service migrates by itself and knows no other's database.
"""

import importlib
import os
import sys
from collections.abc import Sequence

from kit import config, logging
from kit.chassis import databases
from kit.config import ConfigError
from kit.migrations import OldDatabaseError, OwnershipError
from kit.suite import entry


def main(words: Sequence[str]) -> int:
    """Migrates each and gives the exit code of `migrate`; ends at the first that cannot be brought forward."""
    for word in words:
        try:
            settings = config.read(
                importlib.import_module(f"services.{word}.config").Config, entry(word).prefix, os.environ
            )
            logging.configure(word, settings.log_level)
            databases.migrate(word, settings, importlib.import_module(f"services.{word}.tables").metadata)
        except (ConfigError, OldDatabaseError, OwnershipError) as error:
            sys.stderr.write(f"{word}: {error}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
