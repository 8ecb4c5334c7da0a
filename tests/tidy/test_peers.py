"""Every method says which processes may call it, and each is granted what its code calls and nothing else."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Collection, Mapping

import pytest

from kit.contract import services_of
from kit.peers import GATEWAY, OPERATOR
from tests.tidy.tree import SERVICES, sources


@pytest.mark.parametrize("word", SERVICES)
def test_every_method_says_who_may_call_it(word: str) -> None:
    assert list(_granted(word)) == _methods(word), "the table follows the order of the contract"


@pytest.mark.parametrize("word", SERVICES)
def test_each_peer_is_granted_what_its_code_calls(word: str) -> None:
    granted = _granted(word)
    peers = {
        GATEWAY: ("gateway",),
        OPERATOR: ("wafa",),
        **{other: ("services", other, "clients") for other in SERVICES if other != word},
    }
    assert {name for names in granted.values() for name in names} <= peers.keys()
    for peer, place in peers.items():
        called = _called(place, set(granted))
        assert {method for method, names in granted.items() if peer in names} == called, peer


def _granted(word: str) -> Mapping[str, Collection[str]]:
    found: Mapping[str, Collection[str]] = importlib.import_module(f"services.{word}.peers").PEERS
    return found


def _methods(word: str) -> list[str]:
    return [method.name for service in services_of(word) for method in service.methods]


def _called(place: tuple[str, ...], methods: set[str]) -> set[str]:
    """The methods whose names stand as attributes in what lies there: those of a stub."""
    return {
        node.attr
        for path, tree in sources(place[0])
        if path.with_suffix("").parts[: len(place)] == place
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in methods
    }
