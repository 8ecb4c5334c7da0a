"""Announcer, contract, listener and document say the same of every event."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from loyalty.members.v1 import members_pb2

from kit.events import kind_of
from kit.suite import suite
from scripts import events
from tests.tidy.tree import ROOT, SERVICES, imports, sources

ASYNCAPI = ROOT / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
UNITS = re.compile(r"points|minor units|thousandths|days|version", re.IGNORECASE)


# ---- the contract and the announcer


@pytest.mark.parametrize("word", SERVICES)
def test_every_event_of_the_contract_is_built_by_its_announcer(word: str) -> None:
    tree = ast.parse((ROOT / "services" / word / "announces.py").read_text())
    built = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_pb(node.value)}
    assert {message.DESCRIPTOR.name for message in events.messages_of(word)} <= built


def test_an_event_is_made_of_a_message_and_never_of_a_payload_by_hand() -> None:
    for path, tree in sources("services", "gateway", "wafa"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert not (isinstance(node.func, ast.Name) and node.func.id == "Event"), f"{path} makes an event"
                assert "payload" not in {each.arg for each in node.keywords}, f"{path} gives a payload"


def test_messages_of_events_are_known_where_they_are_announced_and_listened_to() -> None:
    for path, tree in sources("services", "gateway", "wafa"):
        if any(name.endswith(".events_pb2") for name in imports(tree)):
            assert path.name in {"announces.py", "listens.py"}, f"{path} knows the messages of events"


@pytest.mark.parametrize("word", SERVICES)
def test_a_service_announces_in_the_stream_that_has_its_name(word: str) -> None:
    assert f"wafa:{word}" == importlib.import_module(f"services.{word}.announces").STREAM


def test_a_type_is_that_of_one_event_and_in_the_past_tense() -> None:
    types = [kind_of(message).type for stream in events.streams() for message in stream.messages]
    assert [each for each, count in Counter(types).items() if count > 1] == []
    assert [each for each in types if not re.fullmatch(r"[a-z_]+\.[a-z_]+(\.v\d+)?", each)] == []


def test_every_event_and_every_message_in_it_has_a_comment() -> None:
    for descriptor in _messages():
        assert events.comments()[descriptor.full_name], f"{descriptor.full_name} has no comment"


def test_no_field_of_an_event_is_one_that_holds_something_personal() -> None:
    personal = {"cashier_id", "code", "note", "value", *members_pb2.Profile.DESCRIPTOR.fields_by_name}
    assert [field.full_name for field in _fields() if field.name in personal] == []


def test_every_field_of_an_event_says_what_it_is_and_every_number_in_which_unit() -> None:
    for field in _fields():
        about = events.comments()[field.full_name]
        assert about, f"{field.full_name} has no comment"
        if field.type in {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64}:
            assert UNITS.search(about), f"{field.full_name} does not say its unit"


# ---- the listener


def test_the_suite_lists_every_consumer() -> None:
    listed = {word: {f"wafa:{other}" for other in suite().services[word].listens_to} for word in SERVICES}
    consumed = {word: {consumer.stream} for word, consumer in events.listeners().items() if word != "gateway"}
    assert consumed == {word: streams for word, streams in listed.items() if streams}


@pytest.mark.parametrize("listener", events.listeners())
def test_a_consumer_knows_only_events_of_its_stream(listener: str) -> None:
    consumed = events.listeners()[listener]
    (stream,) = (each for each in events.streams() if each.address == consumed.stream)
    assert set(consumed.message_types.values()) <= set(stream.messages)


# ---- the documents


def test_the_map_names_every_event_and_its_consumers() -> None:
    table = (ROOT / "docs" / "ARCHITECTURE.md").read_text().split("\n## Events\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(wafa:\w+)` \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert {address: set(_types(types)) for address, types, _ in rows} == {
        stream.address: {kind_of(message).type for message in stream.messages} for stream in events.streams()
    }
    assert {address: set(re.findall(r"`(\w+)`", consumers)) for address, _, consumers in rows} == {
        stream.address: {word for message in stream.messages for word in events.consumers_of(message)}
        for stream in events.streams()
    }


@pytest.mark.skipif(not ASYNCAPI.exists(), reason="the schema comes from npm: `make proto-check` gets it")
def test_the_asyncapi_document_is_one() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(ASYNCAPI)]
    done = subprocess.run(
        [*checker, "docs/reference/asyncapi.yaml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _types(cell: str) -> Iterator[str]:
    """The types in a cell of the table; `.spent` after `points.earned` is `points.spent`."""
    noun = ""
    for name in re.findall(r"`([a-z_.]+)`", cell):
        noun = name.split(".")[0] or noun
        yield f"{noun}.{name.split('.')[1]}"


def _is_pb(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "pb"


def _fields() -> Iterator[Any]:
    for descriptor in _messages():
        yield from descriptor.fields


def _messages() -> Iterator[Any]:
    """The messages that are events, and those that stand in them."""
    for stream in events.streams():
        for message in stream.messages:
            yield message.DESCRIPTOR
            yield from (each for each in message.DESCRIPTOR.nested_types if not each.GetOptions().map_entry)
