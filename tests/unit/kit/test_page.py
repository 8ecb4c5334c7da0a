"""Pages, and tokens that only the list that gave them takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from loyalty.members.v1 import members_pb2

from kit.call import Call, call_under_way
from kit.contract import services_of
from kit.errors import Invalid
from kit.page import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, PageRequest, page_of, page_request
from kit.suite import suite

JARS = [("apple", 1), ("quince", 2), ("quince", 3)]
PAGE = {"page_size", "page_token"}


def key(jar: tuple[str, int]) -> tuple[str, ...]:
    return jar[0], str(jar[1])


def wanted(size: int = 2, token: str = "") -> members_pb2.ListProgramsRequest:
    return members_pb2.ListProgramsRequest(page_size=size, page_token=token)


def lists() -> Iterator[Descriptor]:
    """The request of every RPC that gives pages."""
    for service in (service for word in suite().words for service in services_of(word)):
        yield from (each.input_type for each in service.methods if "page_token" in each.input_type.fields_by_name)


def request_of(descriptor: Descriptor, **fields: Any) -> Any:
    return message_factory.GetMessageClass(descriptor)(**fields)


def token_of(request: Any) -> str:
    return page_of(JARS, page_request(request, key_parts=2), key).next_token


def test_a_page_leads_to_the_next_and_the_last_to_none() -> None:
    first = page_of(JARS, page_request(wanted(), key_parts=2), key)
    second = page_request(wanted(2, first.next_token), key_parts=2)

    assert first.items == (("apple", 1), ("quince", 2))
    assert (second.size, second.after) == (2, ("quince", "2"))
    assert page_of(JARS[2:], second, key).next_token == ""


def test_a_full_last_page_has_no_next() -> None:
    assert page_of(JARS, PageRequest(size=3), key).next_token == ""


def test_an_empty_list_is_one_empty_page() -> None:
    assert page_of([], PageRequest(size=3), key).items == ()


def test_pages_have_a_size_which_may_change_from_page_to_page() -> None:
    assert page_request(wanted(0), key_parts=1).size == PAGE_SIZE_DEFAULT
    assert page_request(wanted(PAGE_SIZE_MAX), key_parts=1).size == PAGE_SIZE_MAX
    assert page_request(wanted(9, token_of(wanted(2))), key_parts=2).size == 9
    for size in (-1, PAGE_SIZE_MAX + 1):
        with pytest.raises(Invalid, match="page_size"):
            page_request(wanted(size), key_parts=1)


@pytest.mark.parametrize(
    "token", ["!", "a", "e30", "W10", "WzFd", "bnVsbA", "ü", "WyJhIiwiYiJd", "WyJhIl0", "WyIiLCJhIl0", "WyJhIiwxXQ"]
)
def test_tokens_that_no_list_gave_are_refused(token: str) -> None:
    for parts in (1, 2):
        with pytest.raises(Invalid, match="page_token"):
            page_request(wanted(1, token), key_parts=parts)


def test_a_token_of_one_list_is_refused_by_every_other() -> None:
    found = list(lists())
    assert len(found) >= 8
    tokens = {each.full_name: token_of(request_of(each, page_size=2)) for each in found}
    for taker in found:
        for giver, token in tokens.items():
            request = request_of(taker, page_token=token)
            if giver == taker.full_name:
                assert page_request(request, key_parts=2).after == ("quince", "2")
            else:
                with pytest.raises(Invalid, match="page_token"):
                    page_request(request, key_parts=2)


@pytest.mark.parametrize("descriptor", list(lists()), ids=lambda each: each.name)
def test_a_token_is_refused_when_anything_else_in_the_request_has_changed(descriptor: Descriptor) -> None:
    token = token_of(request_of(descriptor, page_size=2))
    for field in descriptor.fields:
        if field.name not in PAGE:
            with pytest.raises(Invalid, match="page_token"):
                page_request(changed(request_of(descriptor, page_token=token), field), key_parts=2)


def changed(request: Any, field: FieldDescriptor) -> Any:
    """The request with another value in the field."""
    if field.message_type is not None:
        getattr(request, field.name).SetInParent()
    else:
        setattr(request, field.name, "other" if field.type == FieldDescriptor.TYPE_STRING else 1)
    return request


def test_a_token_is_refused_when_another_caller_brings_it() -> None:
    asking = call_under_way.set(Call("one"))
    try:
        token = token_of(wanted())
        assert page_request(wanted(2, token), key_parts=2).after
        call_under_way.set(Call("another"))
        with pytest.raises(Invalid, match="page_token"):
            page_request(wanted(2, token), key_parts=2)
    finally:
        call_under_way.reset(asking)
