"""Writing the catalogue and reading it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.errors import Conflict, Invalid, NotFound, Precondition
from tests.factories.rewards import Caller, new_id, reasons, together

Books = Callable[[], None]


def test_a_reward_says_what_it_was_given(caller: Caller) -> None:
    said: dict[str, Any] = {
        "name": "چائے",
        "description": "one cup, any size",
        "benefit": pb.Benefit(kind=pb.BENEFIT_KIND_FREE_PRODUCT, sku="TEA-1"),
        "cost_points": 250,
        "wallet": "stamps",
        "starts_at": Timestamp(seconds=1_700_000_000),
        "ends_at": Timestamp(seconds=1_900_000_000),
        "limit_per_member": 3,
        "voucher_validity_days": 30,
    }
    reward = caller.reward(stock=7, **said)

    assert reward.terms == pb.RewardTerms(**said)
    assert (reward.program_id, reward.stock, reward.version) == (caller.program_id, 7, 1)
    assert reward.created_at == reward.updated_at
    assert caller.get(reward.reward_id) == reward


def test_what_is_left_out_has_its_default(caller: Caller) -> None:
    reward = caller.reward()
    assert not reward.HasField("stock")
    assert (reward.terms.wallet, reward.terms.voucher_validity_days, reward.terms.limit_per_member) == ("points", 90, 0)
    assert not reward.terms.HasField("starts_at")


def test_creating_again_with_the_same_key_gives_the_same_reward(caller: Caller) -> None:
    key = new_id()
    first, again = caller.create(stock=3, request_id=key), caller.create(stock=3, request_id=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response
    with pytest.raises(Conflict) as refused:
        caller.create(stock=4, name="Another", request_id=key)
    assert refused.value.metadata["fields"] == "stock,terms"


BENEFIT = "terms.benefit"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("terms.name", {"name": " "}),
        ("terms.name", {"name": "x" * 101}),
        ("terms.description", {"description": "x" * 1_001}),
        ("terms.cost_points", {"cost_points": 0}),
        ("terms.cost_points", {"cost_points": 1_000_000_001}),
        ("terms.limit_per_member", {"limit_per_member": -1}),
        ("terms.voucher_validity_days", {"voucher_validity_days": 3_651}),
        ("terms.ends_at", {"starts_at": Timestamp(seconds=2), "ends_at": Timestamp(seconds=1)}),
        ("stock", {"stock": -1}),
        (f"{BENEFIT}.kind", {"benefit": pb.Benefit()}),
        (f"{BENEFIT}.amount_minor", {"benefit": pb.Benefit(kind=pb.BENEFIT_KIND_FIXED_DISCOUNT, currency="EUR")}),
        (f"{BENEFIT}.currency", {"benefit": pb.Benefit(kind=pb.BENEFIT_KIND_FIXED_DISCOUNT, amount_minor=1)}),
        (f"{BENEFIT}.basis_points", {"benefit": pb.Benefit(kind=pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT)}),
        (
            f"{BENEFIT}.basis_points",
            {"benefit": pb.Benefit(kind=pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT, basis_points=10_001)},
        ),
        (f"{BENEFIT}.sku", {"benefit": pb.Benefit(kind=pb.BENEFIT_KIND_FREE_PRODUCT)}),
        (
            f"{BENEFIT}.sku",
            {"benefit": pb.Benefit(kind=pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT, basis_points=100, sku="TEA")},
        ),
    ],
)
def test_malformed_terms_are_refused_by_field(caller: Caller, field: str, changes: dict[str, Any]) -> None:
    for write in (caller.create, lambda **given: caller.update(new_id(), **given)):
        with pytest.raises(Invalid) as refused:
            write(**changes)
        assert refused.value.metadata["field"] == field


def test_an_unknown_reward_is_not_found(caller: Caller) -> None:
    for call in (caller.get, caller.update):
        with pytest.raises(NotFound) as refused:
            call(new_id())
        assert refused.value.reason == "REWARD_NOT_FOUND"


def test_an_update_replaces_the_terms_and_keeps_the_stock(caller: Caller) -> None:
    reward = caller.reward(stock=7, limit_per_member=2)

    updated = caller.update(reward.reward_id, name="Twenty off", expected_version=1).response.reward

    assert (updated.terms.name, updated.terms.limit_per_member) == ("Twenty off", 0)
    assert (updated.stock, updated.version) == (7, 2)
    assert updated.created_at == reward.created_at
    assert caller.get(reward.reward_id) == updated


def test_an_update_decided_on_an_older_version_is_refused(caller: Caller) -> None:
    reward = caller.reward()
    caller.update(reward.reward_id, name="Second")
    with pytest.raises(Precondition) as refused:
        caller.update(reward.reward_id, name="Third", expected_version=1)
    assert refused.value.reason == "VERSION_MISMATCH"
    assert (refused.value.metadata["version"], refused.value.metadata["expected_version"]) == ("2", "1")
    assert caller.get(reward.reward_id).terms.name == "Second"


def test_of_updates_decided_on_one_version_one_is_made(caller: Caller) -> None:
    reward = caller.reward()
    results = together(8, lambda number: caller.update(reward.reward_id, name=f"No. {number}", expected_version=1))
    assert reasons(results) == ["VERSION_MISMATCH"] * 7
    assert caller.get(reward.reward_id).version == 2


def test_stock_is_set_to_what_is_left_from_now_on(caller: Caller, books: Books) -> None:
    reward = caller.reward(stock=7)
    for stock in (2, 0, 9, 9):
        assert caller.update(reward.reward_id, stock=stock).response.reward.stock == stock
    unlimited = caller.reward()
    assert caller.update(unlimited.reward_id, stock=0).response.reward.stock == 0


def test_an_update_with_the_same_key_is_made_once(caller: Caller, books: Books) -> None:
    reward, key = caller.reward(stock=1), new_id()
    first = caller.update(reward.reward_id, stock=5, request_id=key)
    again = caller.update(reward.reward_id, stock=5, request_id=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response
    assert caller.get(reward.reward_id).version == 2


def test_the_catalogue_is_listed_newest_first_page_by_page(caller: Caller) -> None:
    rewards = [caller.reward(name=f"No. {number}") for number in range(5)]

    listed: list[pb.Reward] = []
    token = ""
    for size in (2, 2, 1):
        page = caller.list(page_size=2, page_token=token)
        assert len(page.rewards) == size
        listed += page.rewards
        token = page.next_page_token

    assert token == ""
    assert listed == rewards[::-1]


def test_the_catalogue_is_one_programs_own(caller: Caller) -> None:
    reward = caller.reward()
    caller.program_id = new_id()
    assert not caller.list().rewards
    with pytest.raises(NotFound):
        caller.get(reward.reward_id)


@pytest.mark.parametrize("size", [201, -1])
def test_a_page_has_its_bounds(caller: Caller, size: int) -> None:
    for call in (caller.list, lambda page_size: caller.list_for_member(new_id(), page_size)):
        with pytest.raises(Invalid) as refused:
            call(size)
        assert refused.value.metadata["field"] == "page_size"


def test_a_token_is_one_that_the_list_gave(caller: Caller) -> None:
    for token in ("x", "WyJhIl0", "WzFd"):
        with pytest.raises(Invalid) as refused:
            caller.list(page_token=token)
        assert refused.value.metadata["field"] == "page_token"
