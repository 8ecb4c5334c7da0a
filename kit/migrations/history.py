"""The numbered files of one service: where they are, what the next is called, and how alembic gets to run them."""

from __future__ import annotations

import importlib.resources
import io
import re
import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context, util
from alembic.config import Config
from alembic.script import ScriptDirectory

TEMPLATE = Path(__file__).with_name("script.py.mako")

# Alembic keeps the migration it is running in module globals, so one process runs one at a time; `make run` migrates
# several databases from threads.
_alembic = threading.Lock()


def config(word: str, package: str, *, output: io.StringIO | None = None) -> Config:
    """What alembic reads from an ini file elsewhere."""
    made = Config(output_buffer=output)
    made.set_main_option("script_location", f"{package}.{word}:migrations")
    made.set_main_option("path_separator", "os")
    return made


def scripts(word: str, package: str = "services") -> ScriptDirectory:
    """The service's migrations, in order."""
    return ScriptDirectory.from_config(config(word, package))


def run(metadata: sa.MetaData) -> None:
    """What a service's `env.py` calls: runs the wanted migrations, each in a transaction of its own."""
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
    settings = config(word, package)
    settings.attributes["connection"] = connection
    with _alembic:
        command.upgrade(settings, "head")


def sql(word: str, package: str = "services") -> str:
    """All migrations as SQL, for a database administrator to read and for a linter to find long locks in."""
    output = io.StringIO()
    with _alembic:
        command.upgrade(config(word, package, output=output), "head", sql=True)
    return output.getvalue()


def new(word: str, message: str, package: str = "services") -> Path:
    """Writes the next numbered file, empty but for its warnings, and says where. `message` is its sentence."""
    head = scripts(word, package).get_current_head()
    number = int(head or 0) + 1
    slug = "_".join(re.findall(r"[a-z0-9]+", message.lower()))
    versions = Path(str(importlib.resources.files(f"{package}.{word}").joinpath("migrations", "versions")))
    path = versions / f"{number:04}_{slug}.py"
    util.template_to_file(TEMPLATE, path, "utf-8", message=message, revision=number, down_revision=head)
    return path
