"""The bounds that the contract declares are those that the services hold to, to the last character and unit."""

from __future__ import annotations

from typing import Any

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FileDescriptor
from loyalty.members.v1 import members_pb2
from loyalty.rewards.v1 import rewards_pb2

from kit import validation
from kit.call import CALLER_ID_HEADER
from kit.errors import Invalid
from services.members.rpc import MembersServicer
from services.rewards.rpc import RewardsServicer
from tests.factories import members_requests, rewards_requests
from tests.fixtures.declared_bounds import Changed, beyond, bounded_fields, on_the_bounds

REQUESTS = (*members_requests.REQUESTS, *rewards_requests.REQUESTS)
BEYOND = [changed for request in REQUESTS for changed in beyond(request)]
ALLOWED = [changed for request in REQUESTS for changed in on_the_bounds(request)]


class HandlerReached(Exception):
    """The request was well formed."""


class Handlers:
    def __getattr__(self, name: str) -> Any:
        def handler(*_arguments: object) -> Any:
            raise HandlerReached(name)

        return handler


class Context:
    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ((CALLER_ID_HEADER, "till"),)


def ask(changed: Changed) -> None:
    handlers: Any = Handlers()
    servicers = {
        members_pb2.DESCRIPTOR: MembersServicer(handlers, handlers, handlers, handlers),
        rewards_pb2.DESCRIPTOR: RewardsServicer(handlers, handlers, handlers),
    }
    servicer = servicers[changed.message.DESCRIPTOR.file]
    validation.check(changed.message)
    getattr(servicer, type(changed.message).__name__.removesuffix("Request"))(changed.message, Context())


@pytest.mark.parametrize("changed", BEYOND, ids=lambda changed: changed.name)
def test_what_is_beyond_a_bound_is_refused_with_its_path(changed: Changed) -> None:
    with pytest.raises(Invalid) as refused:
        ask(changed)
    assert refused.value.field == changed.path


@pytest.mark.parametrize("changed", ALLOWED, ids=lambda changed: changed.name)
def test_what_is_on_a_bound_is_taken(changed: Changed) -> None:
    with pytest.raises(HandlerReached):
        ask(changed)


@pytest.mark.parametrize("contract", [members_pb2.DESCRIPTOR, rewards_pb2.DESCRIPTOR], ids=lambda file: file.package)
def test_every_bound_of_every_request_is_tried(contract: FileDescriptor) -> None:
    def declared(message: Descriptor) -> set[str]:
        found = set()
        for field in message.fields:
            if field.GetOptions().HasExtension(validate_pb2.field):
                found.add(f"{message.full_name}.{field.name}")
            if field.message_type is not None:
                found |= declared(field.message_type)
        return found

    requests = [message for name, message in contract.message_types_by_name.items() if name.endswith("Request")]
    tried = {name for request in REQUESTS for name in bounded_fields(request)}
    assert set().union(*map(declared, requests)) == {name for name in tried if name.startswith(contract.package)}
