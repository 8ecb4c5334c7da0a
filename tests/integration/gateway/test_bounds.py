"""A bound that the contract declares is answered over HTTP as over gRPC: INVALID_FIELD with the same path."""

from __future__ import annotations

import re
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from loyalty.options.v1 import access_pb2

from gateway.contract import Operation, operations
from tests.factories import members_requests, rewards_requests
from tests.fixtures.declared_bounds import Changed, Items, beyond
from tests.integration.gateway.stage import Gateway

# What HTTP says in headers or not at all, and what `points` says of returns.
NOT_IN_BODIES = ("program_id", "request_id", "expected_version", "goods_return")
NAMES_IN_URLS = {"page_size": "limit", "page_token": "cursor"}
# pydantic names the object whose kind it does not know.
NAMES_IN_BODIES = {"terms.benefit.kind": "terms.benefit"}


def operation_of(message: Message) -> Operation | None:
    name = type(message).__name__.removesuffix("Request")
    return operations().get(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())


def can_be_asked(changed: Changed) -> bool:
    operation = operation_of(changed.message)
    if operation is None or changed.path.startswith(NOT_IN_BODIES):
        return False
    return bool(changed.value) or f"<{changed.path}>" not in operation.path


REQUESTS = (*members_requests.REQUESTS, *rewards_requests.REQUESTS)
BEYOND = [changed for request in REQUESTS for changed in beyond(request) if can_be_asked(changed)]


def body_of(message: Message) -> dict[str, Any]:
    fields = [(field, value) for field, value in message.ListFields() if field.name not in NOT_IN_BODIES]
    return {field.name: _json(field, value) for field, value in fields}


def _json(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
        choice = field.enum_type.values_by_number.get(value)
        return "no such word" if choice is None else choice.name.removeprefix(prefix).lower()
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.message_type is None:
        return list(value) if field.is_repeated else value
    return [body_of(each) for each in value] if field.is_repeated else body_of(value)


@pytest.mark.parametrize("changed", BEYOND, ids=lambda changed: changed.name)
def test_what_is_beyond_a_bound_is_refused_with_its_path(gateway: Gateway, changed: Changed) -> None:
    operation = operation_of(changed.message)
    assert operation is not None
    body, path = body_of(changed.message), operation.path
    # What is empty is no part of a proto, and is one of a body.
    if changed.value in ("", Items(0)):
        *above, last = re.findall(r"\w+", changed.path)
        holder: Any = body
        for step in above:
            holder = holder[int(step) if step.isdigit() else step]
        holder[last] = [] if isinstance(changed.value, Items) else ""
    for name in re.findall("<(.+?)>", path):
        path = path.replace(f"<{name}>", body.pop(name))
    if operation.verb == "get":
        path += "?" + "&".join(f"{NAMES_IN_URLS[name]}={value}" for name, value in body.items())
    role = access_pb2.Role.Name(operation.access.roles[0]).removeprefix("ROLE_").lower()
    answer = gateway.caller(role).ask(
        operation.verb.upper(), path, None if operation.verb == "get" else body, headers={"If-Match": "*"}
    )
    assert (answer.status, answer.body["reason"]) == (422, "INVALID_FIELD"), answer.body
    expected = (NAMES_IN_URLS | NAMES_IN_BODIES).get(changed.path, changed.path)
    assert [each["field"] for each in answer.body["errors"]] == [expected], answer.body
