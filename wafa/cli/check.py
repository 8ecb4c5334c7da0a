"""`wafa check`: proves the books."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import orjson
import typer
from rich.table import Table
from rich.text import Text

from wafa.checker.prove import Proof, prove
from wafa.cli.places import archive
from wafa.screen import Screen

SHOWN_MAX = 20


def check(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Prove the books of every service, and of all of them together, while they run or at rest."""
    with archive(os.environ) as found:
        proof = prove(found.settings.addresses.database_urls, found.settings.of_errand, is_running=found.is_running)
    if as_json:
        sys.stdout.write(orjson.dumps(proof.to_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        show_proof(Screen(), proof)
    if not proof.holds:
        raise typer.Exit(1)


def show_proof(screen: Screen, proof: Proof) -> None:
    """What was read and what was found, as a person would like to read it."""
    screen.title("Checked")
    screen.line(", ".join(f"{count:,} {name}" for name, count in proof.facts.items()))
    table = Table.grid(padding=(0, 2, 0, 0))
    for area, findings in proof.findings.items():
        mark = Text("✗", "bad") if findings else Text("✓", "good")
        table.add_row(mark, f"{area}: {len(findings):,} findings" if findings else area)
    screen.show(table)
    for area, findings in proof.findings.items():
        for finding in findings[:SHOWN_MAX]:
            screen.line(Text.assemble((f"{area}: {finding.check}", "bad"), f"  {finding.problem}\n  {finding.subject}"))
        if len(findings) > SHOWN_MAX:
            screen.line(f"and {len(findings) - SHOWN_MAX} more; `--json` shows all")
    if proof.behind:
        screen.line(f"{proof.behind} changes of members are not yet heard by all; that needs the suite to run")
    screen.out.print()
    screen.line(verdict_of(proof))


def verdict_of(proof: Proof) -> Text:
    """The one line that counts."""
    if proof.read_nothing:
        return Text("✗ There was nothing to read, which proves nothing.", "bad")
    if proof.count:
        return Text(f"✗ {proof.count} findings: the books do not agree.", "bad")
    return Text("✓ The books agree.", "good")
