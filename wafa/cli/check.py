"""`wafa check`: proves the books."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table
from rich.text import Text

from wafa.checker import heads
from wafa.checker.prove import CheckReport, prove
from wafa.checker.snapshot import DatabaseSnapshot
from wafa.cli.places import archive
from wafa.screen import Screen

SHOWN_MAX = 20
KEPT = "heads that were kept"


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    seal: Annotated[bool, typer.Option("--seal", help="Seal what can be sealed first, and show the heads.")] = False,
    to: Annotated[Path | None, typer.Option(help="File to write the heads to, to be kept elsewhere.")] = None,
    against: Annotated[Path | None, typer.Option(help="File of heads that must still be in the chains.")] = None,
) -> None:
    """Prove the books of every service, and of all of them together, while they run or at rest."""
    kept = heads.read(against) if against else []
    with archive(os.environ) as found:
        urls = found.settings.addresses.database_urls
        proof = prove(urls, found.settings.of_command, is_running=found.is_running, seal=seal or to is not None)
        if kept:
            with DatabaseSnapshot(urls) as snapshot:
                proof = proof.with_findings(KEPT, heads.against(snapshot, kept))
    if proof.holds and to:
        heads.keep(proof.heads, to)
    if as_json:
        report = proof.to_json() | ({"heads": proof.heads} if seal or to else {})
        sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        screen = Screen()
        show_proof(screen, proof)
        show_heads(screen, proof.heads)
    if not proof.holds:
        raise typer.Exit(1)


def show_heads(screen: Screen, made: Sequence[heads.Head]) -> None:
    """Prints the heads of the chains, which are to be kept elsewhere."""
    if made:
        screen.title("Sealed", "keep these where those who run the databases cannot write")
    for head in made:
        screen.line(f"{head['service']}: seal {head['number']}, until {head['covered_until']}")
        screen.copyable(head["hash"])


def show_proof(screen: Screen, proof: CheckReport) -> None:
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
        screen.line(
            f"{proof.behind} changes of members are not consumed by every service yet; that needs the suite to run"
        )
    screen.out.print()
    screen.line(verdict_of(proof))


def verdict_of(proof: CheckReport) -> Text:
    """The one line that counts."""
    if proof.read_nothing:
        return Text("✗ There was nothing to read, which proves nothing.", "bad")
    if proof.count:
        return Text(f"✗ {proof.count} findings: the books do not agree.", "bad")
    return Text("✓ The books agree.", "good")
