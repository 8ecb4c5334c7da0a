"""What relays and consumers write to each other in Redis, and a client that does not wait."""

import pytest

from kit import streams
from kit.streams import Debt


@pytest.mark.parametrize("debt", [Debt("kitchen", "0-0"), Debt("a/b", "1795308836627-3", 1795308836999)])
def test_a_debt_can_be_read_back(debt: Debt) -> None:
    assert Debt.parse(str(debt)) == debt


def test_debts_of_a_group_that_overlap_become_one() -> None:
    assert streams.merged(
        [
            Debt("cellar", "10-0", 20),
            Debt("kitchen", "5-1", 12),
            Debt("kitchen", "10-0", 20),
            Debt("kitchen", "11-0", 13),
            Debt("kitchen", "21-0", 30),
        ]
    ) == {Debt("cellar", "10-0", 20), Debt("kitchen", "5-1", 20), Debt("kitchen", "21-0", 30)}


def test_entries_sort_by_time_and_then_by_number() -> None:
    assert sorted(["10-2", "9-11", "10-10", "9-2", "7"], key=streams.entry_key) == ["7", "9-2", "9-11", "10-2", "10-10"]


def test_what_is_noted_beside_a_stream_lies_on_its_node() -> None:
    assert streams.epoch_key("wafa:pantry") == "{wafa:pantry}:epoch"
    assert streams.owed_key("wafa:pantry") == "{wafa:pantry}:owed"


def test_a_client_is_made_without_a_server() -> None:
    with streams.connect("redis://127.0.0.1:1/0") as client:
        assert client.connection_pool.connection_kwargs["socket_timeout"] == streams.ANSWER_TIMEOUT_S
