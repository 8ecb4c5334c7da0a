"""A class name means one thing in the whole repository: who knows a class of one service is not misled in the next."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
AREAS = ("kit", "gateway", "wafa", "services")

# The same thing, once in each service that has it or knows it.
ROOMS_OF_EACH_SERVICE = {"Config", "Statements", "Storage", "Transaction", "VersionMismatch"}
SEEN_BY_SEVERAL = {
    "Hold": "of points, where it is kept, and in rewards, which pays with it",
    "HoldState": "of that hold",
    "Line": "of a receipt: as the gateway answers, and as the demo's file has it",
    "Member": "of members, where it is kept, and as points knows it from events",
    "MemberNotFound": "of members, and passed on by points",
    "MemberStatus": "of members, and as those that listen to it know",
    "Members": "the storage of members, and the port by which points asks for them",
    "Program": "of members, and as the command line shows it",
    "Receipt": "as the gateway answers, and as the demo's file has it",
    "ReceiptKey": "of points, and of the voucher that was used on the receipt",
    "Reward": "of rewards, and as the demo publishes it",
    "Role": "of an API key, as the gateway and the command line know it",
}


def test_a_class_name_means_one_thing() -> None:
    shared = {name: sorted(areas) for name, areas in areas_by_name().items() if len(areas) > 1}
    unexplained = {
        name: areas for name, areas in shared.items() if name not in {*ROOMS_OF_EACH_SERVICE, *SEEN_BY_SEVERAL}
    }
    assert unexplained == {}, "name one of them anew, or say in this file why both are the same thing"


def test_every_exception_is_needed() -> None:
    shared = {name for name, areas in areas_by_name().items() if len(areas) > 1}
    assert {*ROOMS_OF_EACH_SERVICE, *SEEN_BY_SEVERAL} <= shared


def areas_by_name() -> dict[str, set[str]]:
    """In which areas each public class stands. The gateway's models of what services answer bear their names."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in files():
        parts = file.relative_to(ROOT).parts
        area = "/".join(parts[:2]) if parts[0] == "services" else parts[0]
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(area)
    for areas in found.values():
        if any(area.startswith("services/") for area in areas):
            areas.discard("gateway")
    return found


def files() -> Iterator[Path]:
    for area in AREAS:
        yield from sorted((ROOT / area).rglob("*.py"))
