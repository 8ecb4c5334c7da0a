"""`wafa reconcile`: makes the books agree after databases of different nights were restored."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated

import orjson
import typer

from kit.peers.identity import Identity
from wafa.checker.prove import CheckReport, prove
from wafa.cli.check import show_proof
from wafa.cli.places import Archive, archive, service_addresses
from wafa.launcher.errors import LauncherError
from wafa.launcher.readiness import grpc_serves
from wafa.operator import operator_identity
from wafa.reconciler.plans import RepairResult
from wafa.reconciler.reconcile import Reconciler
from wafa.reconciler.repairs import Repairs
from wafa.screen import Screen

SETTLE_HELP = (
    "Decide what would wait for receipts: cancel unused vouchers that nothing pays for, give the points that used ones "
    "cost."
)
IN_DRY_RUN = "not carried out: this is a dry run"


def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be repaired, and repair nothing.")] = False,
    settle: Annotated[bool, typer.Option("--settle", help=SETTLE_HELP)] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a repair, and then the check's.")
    ] = False,
) -> None:
    """Make restored databases of different nights agree. The services run; the gateway should not yet."""
    addresses = service_addresses(os.environ)
    identity = operator_identity(os.environ)
    _expect_serving(addresses, identity)
    with archive(os.environ) as found:
        for result in _results(found, addresses, identity, dry_run=dry_run, is_final=settle):
            _show(result, as_json=as_json)
        proof = prove(found.settings.addresses.database_urls, found.settings.of_command, is_running=True)
    _show_proof(proof, as_json=as_json)
    if not proof.holds:
        raise typer.Exit(1)


def _expect_serving(addresses: Mapping[str, str], identity: Identity) -> None:
    silent = [f"{word} at {address}" for word, address in addresses.items() if not grpc_serves(address, identity)]
    if silent:
        raise LauncherError(f"Repairs are made by the services, and there is no answer from {', '.join(silent)}.")


def _results(
    found: Archive, addresses: Mapping[str, str], identity: Identity, *, dry_run: bool, is_final: bool
) -> Iterable[RepairResult]:
    reconciler = Reconciler(found.settings.addresses.database_urls)
    reconciler.wait_until_consumed()
    if dry_run:
        yield from (RepairResult(repair, problem=IN_DRY_RUN) for repair in reconciler.plan_all())
        return
    with Repairs(addresses, identity, is_final=is_final) as repairs:
        yield from reconciler.carry_out(repairs)


def _show(result: RepairResult, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(result.to_json()).decode() + "\n")
        return
    repair = result.repair
    came_to = f"Done: {result.record}." if result.is_done else f"Left: {result.problem}."
    Screen().line(f"{repair.action.value.replace('_', ' ')} for member {repair.member_id}: {repair.why}. {came_to}")


def _show_proof(proof: CheckReport, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(proof.to_json()).decode() + "\n")
    else:
        show_proof(Screen(), proof)
