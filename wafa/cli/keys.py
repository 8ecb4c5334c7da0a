"""`wafa keys`: who may call."""

from __future__ import annotations

import enum
import os
from typing import Annotated

import typer
from rich.table import Table

from wafa.cli.places import register_of
from wafa.cli.programs import chosen
from wafa.launcher.errors import LauncherError
from wafa.register import Key, Register
from wafa.screen import Screen

app = typer.Typer(no_args_is_help=True, help="API keys: who may call.")

InProgram = Annotated[str, typer.Option("--program", help="Its id or name; not needed where there is only one.")]


APP_KEY_WARNING = (
    "An app key acts for every member of the program. Keep it on a server of yours, behind the app, and never ship it "
    "inside an app or a web page: anyone who unpacks that can spend every member's points."
)


class Role(enum.StrEnum):
    """What a key's owner is."""

    TILL = "till"
    APP = "app"
    STAFF = "staff"
    ADMIN = "admin"


@app.command("create")
def create(
    role: Annotated[Role, typer.Argument(help="What the key's owner is.")],
    name: Annotated[str, typer.Option(help="What the key is for, as its owner would say it.")] = "",
    replaces: Annotated[
        str, typer.Option(help="Prefix or id of the caller's key until now: a retry with the new one is a replay.")
    ] = "",
    program: InProgram = "",
) -> None:
    """Create a key and show it, this once. An app key acts for every member: never ship it inside an app."""
    with register_of(os.environ) as register:
        owner = chosen(register, program)
        replaced = _found(register, owner.program_id, replaces).key_id if replaces else ""
        key, secret = register.create_key(owner.program_id, name or role.value, role.value, replaces=replaced)
    screen = Screen()
    if role is Role.APP:
        screen.say(APP_KEY_WARNING)
    # To standard error, so that the key alone can be piped into a vault.
    screen.err.print(f"  A key for “{key.name}” of {owner.name}. It is shown this once; only its hash is kept.")
    screen.copyable(secret, indent=0)


@app.command("list")
def list_keys(program: InProgram = "") -> None:
    """List the keys, without their secrets."""
    with register_of(os.environ) as register:
        keys = list(register.keys(chosen(register, program).program_id))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("prefix", "role", "name", "since", "revoked"):
        table.add_column(heading, no_wrap=heading == "prefix")
    for key in keys:
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        table.add_row(key.prefix, key.role, key.name, f"{key.created_at:%Y-%m-%d}", revoked)
    Screen().show(table if keys else "There is no key yet.")


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="Its prefix, as the list shows it, or its id.")], program: InProgram = ""
) -> None:
    """Revoke a key for good."""
    with register_of(os.environ) as register:
        owner = chosen(register, program)
        found = _found(register, owner.program_id, key)
        revoked = register.revoke_key(owner.program_id, found.key_id)
    Screen().line(f"Revoked {revoked.prefix}, “{revoked.name}”. Within two seconds no gateway lets it in.")


def _found(register: Register, program_id: str, wanted: str) -> Key:
    for key in register.keys(program_id):
        if wanted in {key.prefix, key.key_id}:
            return key
    raise LauncherError(f"The program has no key “{wanted}”; `python -m wafa keys list` shows them.")
