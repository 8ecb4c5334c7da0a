"""What the protos declare for HTTP is whole, and its routes take what the RPCs take."""

from __future__ import annotations

import re

import pytest
from google.api import annotations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from loyalty.options.v1 import access_pb2 as pb

from gateway.contract import operations
from kit.suite import suite

METHODS = [method for name in suite().exposed for method in descriptor_pool.Default().FindServiceByName(name).methods]
BY_NAME = {re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower(): method for method in METHODS}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_an_rpc_with_a_route_says_who_may_ask_and_one_without_says_nothing(method: MethodDescriptor) -> None:
    options = method.GetOptions()
    roles = options.Extensions[pb.access].roles
    assert bool(roles) == options.HasExtension(annotations_pb2.http)
    assert pb.ROLE_UNSPECIFIED not in roles


def test_names_of_rpcs_are_unique_over_the_services() -> None:
    assert len(BY_NAME) == len(METHODS)


@pytest.mark.parametrize("name", operations())
def test_what_stands_in_a_path_is_a_field_of_the_request(name: str) -> None:
    fields = BY_NAME[name].input_type.fields_by_name
    assert set(re.findall("<(.+?)>", operations()[name].path)) <= set(fields)


@pytest.mark.parametrize("name", operations())
def test_a_write_has_a_field_for_its_key_and_an_edit_one_for_its_version(name: str) -> None:
    access, fields = operations()[name].access, BY_NAME[name].input_type.fields_by_name
    # Each purchase of a call has a key of its own.
    assert access.write == ("request_id" in fields or name == "record_purchases")
    assert bool(access.entity_tag) == ("expected_version" in fields)
