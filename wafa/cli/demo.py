"""`wafa demo`: real receipts through the gateway, as a till would send them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from wafa.checker.prove import prove
from wafa.cli.check import show_proof
from wafa.cli.places import archive
from wafa.demo.plan import make_plan
from wafa.demo.programme import Programme, provide
from wafa.demo.receipts import read_receipts
from wafa.demo.replay import replay
from wafa.demo.summary import show_tally
from wafa.demo.tally import Tally
from wafa.gateway_client import GatewayClient
from wafa.launcher.home import Home, Whereabouts, state_folder
from wafa.launcher.stopping import Stop
from wafa.launcher.suite import running
from wafa.screen import Screen

TILLS = 6


def demo(
    receipts: Annotated[int | None, typer.Option(min=1, help="Only the first so many; all if not given.")] = None,
    tills: Annotated[int, typer.Option(min=1, max=64, help="Tills that send at the same time.")] = TILLS,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port, where the suite has to be started.")
    ] = None,
) -> None:
    """Replay real receipts through the gateway and account for every one of them."""
    screen, stop = Screen(), Stop()
    screen.out.print(Text.assemble(("Wafa", "name"), "  six weeks of a British gift shop, receipt by receipt"))
    with stop.on_signals(), _suite(screen, stop, port) as (home, where):
        with screen.step("demo programme"):
            programme = provide(home, where)
        tally, duration_s = _replay(screen, stop, where, programme, receipts, tills)
        show_tally(screen, tally, duration_s)
        with archive(os.environ) as found:
            proof = prove(found.settings.addresses.database_urls, found.settings.of_command, is_running=True)
        show_proof(screen, proof)
    if not (tally.adds_up and proof.holds):
        raise typer.Exit(1)


@contextlib.contextmanager
def _suite(screen: Screen, stop: Stop, port: int | None) -> Iterator[tuple[Home, Whereabouts]]:
    """The running suite, or one for the duration."""
    home = Home(state_folder(os.environ))
    if where := home.running():
        screen.line(f"Using the suite at {where.gateway_url}.")
        yield home, where
        return
    with running(os.environ, stop, screen, port=port) as suite:
        yield suite.home, suite.whereabouts


def _replay(
    screen: Screen, stop: Stop, where: Whereabouts, programme: Programme, limit: int | None, tills: int
) -> tuple[Tally, float]:
    read = read_receipts(limit=limit)
    plan = make_plan(read, tills, programme.program.created_at)
    began = time.monotonic()
    with screen.progress() as progress:
        task = progress.add_task("receipts", total=len(read))
        tally = replay(
            plan,
            programme.rewards,
            lambda: GatewayClient(where.gateway_url, programme.keys["till"]),
            is_stopped=lambda: stop.asked,
            advance=lambda: progress.advance(task),
        )
    return tally, time.monotonic() - began
