"""What stands before each servicer: canonical texts, then the bounds that the contract declares."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from loyalty.members.v1 import members_pb2
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit import validation
from kit.errors import Invalid
from tests.factories import rewards_requests
from tests.factories.rewards_requests import ID, PRODUCT, RETURN, terms

COMPOSED, DECOMPOSED = "Café", "Cafe\u0301"


def refusal(message: Message) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        validation.check(message)
    return refused.value.field, refused.value.problem


def reward(**changes: Any) -> pb.CreateRewardRequest:
    changed = terms(PRODUCT)
    changed.MergeFrom(pb.RewardTerms(**changes))
    return pb.CreateRewardRequest(program_id=ID, request_id="k", terms=changed)


def test_a_good_request_passes_as_it_is() -> None:
    request = reward()
    validation.check(request)
    assert request == reward()


def test_texts_with_a_form_are_brought_into_it_wherever_they_stand() -> None:
    request = reward(name=f" {DECOMPOSED}\u3000", benefit=pb.Benefit(sku="A\u200b1 "))
    validation.check(request)
    assert (request.terms.name, request.terms.benefit.sku) == (COMPOSED, "A1")


def test_items_of_lists_and_values_of_maps_have_forms() -> None:
    traits = members_pb2.Traits(segments=["vip", DECOMPOSED], attributes={"city": " Lahore"})
    validation.check(traits)
    assert list(traits.segments) == ["vip", COMPOSED]
    assert dict(traits.attributes) == {"city": "Lahore"}


def test_prose_keeps_what_its_readers_need_and_a_name_does_not() -> None:
    request = pb.ReinstateVoucherRequest(program_id=ID, request_id="k", reason="a\u200fb", actor="a\u200fb")
    validation.check(request)
    assert (request.reason, request.actor) == ("a\u200fb", "ab")


def test_a_text_without_a_form_is_taken_as_it_is() -> None:
    request = pb.GetVoucherRequest(program_id=ID, code=" 0000 ")
    validation.check(request)
    assert request.code == " 0000 "


def test_lengths_count_the_form_and_not_what_was_sent() -> None:
    validation.check(reward(name="  " + "e\u0301" * 100))
    assert refusal(reward(name="é" * 101)) == ("terms.name", "must have 1 to 100 characters")


def test_a_text_of_which_nothing_is_seen_is_missing() -> None:
    assert refusal(reward(name="\u200b")) == ("terms.name", "is missing")


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "\x7f"])
def test_control_characters_are_refused_with_the_path(text: str) -> None:
    goods_return = pb.GoodsReturn()
    goods_return.CopyFrom(RETURN)
    goods_return.receipt.store_id = text
    request = pb.PreviewReinstatementRequest(program_id=ID, goods_return=goods_return)
    assert refusal(request) == ("goods_return.receipt.store_id", "must not contain control characters")
    assert refusal(members_pb2.Traits(segments=["vip", text]))[0] == "segments[1]"
    assert refusal(members_pb2.Traits(attributes={"k": text}))[0] == "attributes.k"
    assert refusal(members_pb2.Traits(attributes={"k\n": text}))[0] == "attributes"


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        ({"request_id": ""}, "request_id", "is missing"),
        ({"request_id": "two words"}, "request_id", "must have 1 to 255 visible ASCII characters"),
        ({"program_id": "x"}, "program_id", "must be a UUID"),
        ({"program_id": ""}, "program_id", "is missing"),
        ({"stock": -1}, "stock", "must be between 0 and 1000000000"),
    ],
)
def test_problems_have_sentences_of_our_own(changes: dict[str, Any], path: str, problem: str) -> None:
    request = reward()
    for name, value in changes.items():
        setattr(request, name, value)
    assert refusal(request) == (path, problem)


def test_the_first_problem_in_the_order_of_the_contract_is_reported() -> None:
    assert refusal(pb.CreateRewardRequest(program_id="x", request_id=""))[0] == "program_id"


def test_rules_of_all_services_compile() -> None:
    for contract in (members_pb2, pb):
        validation.prepare(contract.DESCRIPTOR.services_by_name.values())


def test_what_is_good_for_the_services_is_good_for_the_edge() -> None:
    for request in rewards_requests.REQUESTS:
        validation.check(request)
