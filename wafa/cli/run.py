"""`wafa run`: the whole suite until a signal stops it."""

from __future__ import annotations

import os
import shlex
from typing import Annotated

import orjson
import typer
from rich.table import Table
from rich.text import Text

from wafa.demo.programme import PROGRAM_NAME, Programme, provide
from wafa.demo.story import Story, example_purchase
from wafa.launcher.errors import StopAsked
from wafa.launcher.stopping import Stop
from wafa.launcher.suite import RunningSuite, running
from wafa.register import ROLES
from wafa.screen import Screen

PURPOSES = {
    "till": "enrols, sells, redeems",
    "app": "acts for every member: for a server of yours, never inside an app",
    "staff": "looks things up and corrects",
    "admin": "sets the programme up",
}


def run(
    host: Annotated[str, typer.Option(help="Address that the gateway listens on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the gateway; 8080 if not given.")] = None,
    story: Annotated[bool, typer.Option("--story/--no-story", help="Show the short story after the start.")] = True,
    once: Annotated[bool, typer.Option("--once", help="Start, show the story, stop: for tests.")] = False,
) -> None:
    """Start the whole suite on this machine, with its own PostgreSQL and Valkey."""
    screen, stop = Screen(), Stop()
    screen.out.print(Text.assemble(("Wafa", "name"), "  a loyalty programme on this machine"))
    with stop.on_signals():
        try:
            with running(os.environ, stop, screen, host=host, port=port) as suite:
                with screen.step("demo programme") as step:
                    programme = provide(suite.home, suite.whereabouts)
                    step.note = f"“{PROGRAM_NAME}”, {'new' if programme.is_new else 'as it was'}"
                if story:
                    Story(screen, suite.whereabouts.gateway_url, programme).run()
                stop.check()
                _say_where(screen, suite, programme)
                if not once:
                    screen.line("Ctrl-C stops everything; what is recorded stays.")
                    suite.supervisor.watch()
                screen.title("Stopping")
        except StopAsked:
            screen.line("Stopped before it was up.")
            raise
    screen.line("Stopped.")


def _say_where(screen: Screen, suite: RunningSuite, programme: Programme) -> None:
    url = suite.whereabouts.gateway_url
    screen.title("Wafa is up", url)
    places = Table.grid(padding=(0, 2))
    places.add_row("API and docs", Text(f"{url}/docs", style="copy"))
    places.add_row("State and logs", str(suite.home.folder))
    places.add_row("Check the books", "make check")
    places.add_row("More receipts", "make demo")
    screen.show(places)
    screen.title("API keys of the demo programme", f"also in {suite.home.folder.name}/keys.json")
    for role in ROLES:
        screen.line(f"{role:<6} {PURPOSES[role]}")
        screen.copyable(programme.keys[role], indent=9)
    screen.title("Try it", "what would a lantern earn? A preview records nothing")
    screen.copyable(curl(url, programme))
    screen.out.print()


def curl(url: str, programme: Programme) -> str:
    """A command that works when pasted: it asks what a purchase would earn."""
    body = orjson.dumps(example_purchase(programme.card)).decode()
    key = programme.keys["till"]
    return (
        f"curl -s {url}/v1/purchases/preview \\\n"
        f"  -H {shlex.quote(f'Authorization: Bearer {key}')} \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(body)}"
    )
