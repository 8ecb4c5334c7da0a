"""`wafa programs`: the brands of this deployment."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.table import Table

from wafa.cli.places import register_of
from wafa.launcher.errors import LauncherError
from wafa.register import Program, Register
from wafa.screen import Screen

app = typer.Typer(no_args_is_help=True, help="Programs: the brands of this deployment.")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the money it counts in.")],
    region: Annotated[str, typer.Option(help="Whose dialling rules read phone numbers, ISO 3166-1 alpha-2.")],
    program_id: Annotated[
        str, typer.Option("--id", help="The id of a program that was lost with its database; a new one otherwise.")
    ] = "",
) -> None:
    """Create a program."""
    with register_of(os.environ) as register:
        program = register.create_program(name, currency.upper(), region.upper(), program_id)
    screen = Screen()
    screen.line(f"Created “{program.name}”, {program.program_id}.")
    screen.line(f"Next, a key for its admin: python -m wafa keys create admin --program {program.program_id}")


@app.command("list")
def list_programs() -> None:
    """List the programs."""
    with register_of(os.environ) as register:
        programs = list(register.programs())
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("name", "currency", "region", "since", "program id"):
        table.add_column(heading, no_wrap=heading == "program id")
    for program in programs:
        since = f"{program.created_at:%Y-%m-%d}"
        table.add_row(program.name, program.currency, program.region, since, program.program_id)
    Screen().show(table if programs else "There is no program yet.")


def chosen(register: Register, wanted: str) -> Program:
    """The program of that id or name; with neither, the only one there is. Raises LauncherError."""
    programs = list(register.programs())
    found = [each for each in programs if not wanted or wanted in {each.program_id, each.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{each.name} ({each.program_id})" for each in programs) or "none"
    problem = f"“{wanted}” names {len(found)} programs" if wanted else "Say which program with --program"
    raise LauncherError(f"{problem}; there are: {names}.")
