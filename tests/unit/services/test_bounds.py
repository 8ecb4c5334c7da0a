"""The bounds that the contract declares are those that the services hold to, to the last character and unit."""

from __future__ import annotations

from typing import Any

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.message import Message
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import earning_pb2, ledger_pb2, program_pb2, sales_pb2
from loyalty.rewards.v1 import rewards_pb2

from kit import validation
from kit.call import CALLER_ID_HEADER
from kit.errors import Invalid
from services.members.rpc import MembersServicer
from services.rewards.rpc import RewardsServicer
from tests.factories import members_requests, points_requests, rewards_requests
from tests.fixtures.declared_bounds import Changed, beyond, bounded_fields, on_the_bounds

REQUESTS = (*members_requests.REQUESTS, *rewards_requests.REQUESTS)
CONTRACTS = (
    *(members_pb2.DESCRIPTOR, rewards_pb2.DESCRIPTOR),
    *(sales_pb2.DESCRIPTOR, ledger_pb2.DESCRIPTOR, earning_pb2.DESCRIPTOR, program_pb2.DESCRIPTOR),
)
# Purchases of a batch are checked one by one, and by the same rules.
OF_ITEMS = {f"loyalty.points.v1.PurchaseToRecord.{name}" for name in ("request_id", "member_id", "sale")}
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


@pytest.mark.parametrize("request_", points_requests.REQUESTS, ids=lambda request: type(request).__name__)
def test_the_edge_of_points_knows_its_bounds(request_: Message) -> None:
    """Many to a test: rules have dozens of fields, and stand in six requests."""
    validation.check(_copy(request_))
    for changed in beyond(request_):
        with pytest.raises(Invalid) as refused:
            validation.check(changed.message)
        assert refused.value.field == changed.path, changed.name
    for changed in on_the_bounds(request_):
        validation.check(changed.message)


def _copy(message: Message) -> Message:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda file: file.name.split("/")[-1])
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
    tried = {name for request in (*REQUESTS, *points_requests.REQUESTS) for name in bounded_fields(request)}
    assert set().union(*map(declared, requests)) - tried <= OF_ITEMS
