"""Whose address a request counts for, and how many unknown keys may come from one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.addresses import ADDRESSES_MAX, AddressBudget, client_address, networks_of
from gateway.refusals import RateLimited

PROXIES = networks_of("10.0.0.0/8, 192.0.2.7,2001:db8:ff::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # the client's own word
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what stands left was sent by the client
        ("10.1.2.3", "198.51.100.1, 192.0.2.7", "198.51.100.1"),  # two proxies
        ("10.1.2.3", "198.51.100.1:4711", "198.51.100.1"),
        ("10.1.2.3", "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.1, nonsense", "10.1.2.3"),
        ("2001:db8:ff::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_last_one_that_no_trusted_proxy_is(peer: str, forwarded_for: str, client: str) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == client


@given(st.text(max_size=60))
def test_without_trusted_proxies_the_header_is_not_read(forwarded_for: str) -> None:
    assert client_address("203.0.113.9", forwarded_for, ()) == "203.0.113.9"


@given(st.text(max_size=60))
def test_no_header_is_an_accident(forwarded_for: str) -> None:
    client_address("10.0.0.1", forwarded_for, PROXIES)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.example", "10.0.0.1/8"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        networks_of(text)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_may_send_so_many_unknown_keys_and_gets_them_back_with_time() -> None:
    clock = Clock()
    budget = AddressBudget(3, clock)
    for _ in range(3):
        budget.take("a")
    with pytest.raises(RateLimited) as refused:
        budget.take("a")
    assert refused.value.metadata == {"retry_after_ms": "20000", "limit": "3", "window_s": "60"}
    budget.take("b")
    clock.now = 20.0
    budget.take("a")
    with pytest.raises(RateLimited):
        budget.take("a")


def test_keys_that_are_good_cost_nothing() -> None:
    budget = AddressBudget(1, Clock())
    for _ in range(5):
        budget.take("a")
        budget.give_back("a")


def test_giving_back_makes_no_budget_greater() -> None:
    budget = AddressBudget(1, Clock())
    budget.give_back("a")
    budget.take("a")
    with pytest.raises(RateLimited):
        budget.take("a")


def test_the_addresses_that_are_kept_are_bounded() -> None:
    budget = AddressBudget(1, Clock())
    for number in range(ADDRESSES_MAX + 1):
        budget.take(str(number))
    budget.take("0")  # forgotten meanwhile
    with pytest.raises(RateLimited):
        budget.take(str(ADDRESSES_MAX))
