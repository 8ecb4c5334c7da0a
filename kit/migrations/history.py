"""The numbered files of one service: where they are, what the next is called, and how alembic gets to run them."""

from __future__ import annotations

import importlib.resources
import io
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

# Alembic is loaded where it is at work: a process that serves or checks asks only whether there is something to do, and
# would load a quarter of a second of it at each start.
if TYPE_CHECKING:
    from alembic.config import Config

TEMPLATE = Path(__file__).with_name("script.py.mako")
FILE = re.compile(r"(\d{4})_\w+\.py")

# Alembic keeps the migration it is running in module globals, so a process whose threads migrate runs one at a time.
_alembic = threading.Lock()


def config(word: str, package: str, *, output: io.StringIO | None = None) -> Config:
    """What alembic reads from an ini file elsewhere."""
    from alembic.config import Config

    made = Config(output_buffer=output)
    made.set_main_option("script_location", f"{package}.{word}:migrations")
    made.set_main_option("path_separator", "os")
    return made


def numbers(word: str, package: str = "services") -> list[str]:
    """The numbers of the service's migrations, in order, as their files are named."""
    files = (FILE.fullmatch(path.name) for path in _versions(word, package).iterdir())
    return [str(number) for number in sorted(int(file[1]) for file in files if file)]


def run(metadata: sa.MetaData) -> None:
    """What a service's `env.py` calls: runs the wanted migrations, each in a transaction of its own."""
    from alembic import context

    if context.is_offline_mode():
        context.configure(
            dialect_name="postgresql", target_metadata=metadata, literal_binds=True, transaction_per_migration=True
        )
    else:
        context.configure(
            connection=context.config.attributes["connection"],
            target_metadata=metadata,
            transaction_per_migration=True,
        )
    with context.begin_transaction():
        context.run_migrations()


def upgrade_over(connection: sa.Connection, word: str, package: str) -> None:
    """Runs what is missing over `connection`."""
    from alembic import command

    settings = config(word, package)
    settings.attributes["connection"] = connection
    with _alembic:
        command.upgrade(settings, "head")


def sql(word: str, package: str = "services") -> str:
    """All migrations as SQL, for a database administrator to read and for a linter to find long locks in."""
    from alembic import command

    output = io.StringIO()
    with _alembic:
        command.upgrade(config(word, package, output=output), "head", sql=True)
    return output.getvalue()


def new(word: str, message: str, package: str = "services") -> Path:
    """Writes the next numbered file, empty but for its warnings, and says where. `message` is its sentence."""
    from alembic import util

    head = next(reversed(numbers(word, package)), None)
    number = int(head or 0) + 1
    slug = "_".join(re.findall(r"[a-z0-9]+", message.lower()))
    path = _versions(word, package) / f"{number:04}_{slug}.py"
    util.template_to_file(TEMPLATE, path, "utf-8", message=message, revision=number, down_revision=head)
    return path


def _versions(word: str, package: str) -> Path:
    return Path(str(importlib.resources.files(f"{package}.{word}").joinpath("migrations", "versions")))
