"""The table of commands, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import typer

from kit.client import ServiceFailed
from kit.config import ConfigError
from kit.errors import Refusal
from wafa.backends import BackendError
from wafa.checker.snapshot import SnapshotError
from wafa.cli import certificates, check, demo, keys, programs, reconcile, run
from wafa.demo.receipts import ReceiptError
from wafa.gateway_client import GatewayError
from wafa.launcher.errors import LauncherError, StopAsked
from wafa.screen import Screen

# Errors of a person's machine or input: they end in a sentence and no traceback.
SENTENCES = (BackendError, SnapshotError, ConfigError, GatewayError, LauncherError, ReceiptError, ServiceFailed)
EXIT_REFUSED = 1
# As shells say of a program that Ctrl-C ended.
EXIT_STOPPED = 130

app = typer.Typer(
    name="wafa",
    help="Wafa: a loyalty programme on this machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("reconcile")(reconcile.reconcile)
app.command("certificates")(certificates.certificates)
app.add_typer(programs.app, name="programs")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Runs the command that the arguments name."""
    with sentences(Screen()):
        app(prog_name="python -m wafa")


@contextlib.contextmanager
def sentences(screen: Screen) -> Iterator[None]:
    """Ends the process with a sentence instead of a traceback where we know one."""
    try:
        yield
    except StopAsked:
        sys.exit(EXIT_STOPPED)
    except Refusal as refusal:
        screen.fail(f"{refusal.message} ({refusal.reason})")
        sys.exit(EXIT_REFUSED)
    except SENTENCES as error:
        screen.fail(str(error), getattr(error, "last_lines", ()))
        sys.exit(EXIT_REFUSED)
