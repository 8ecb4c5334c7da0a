"""What a till finds out about a return, and what it does not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from wafa.demo.matching import BroughtBack, ReturnPart, match_returns
from wafa.demo.receipts import Line, Receipt, read_receipts


def receipt(number: str, *lines: tuple[str, int, int], customer: str = "17850") -> Receipt:
    made = tuple(Line(str(place), sku, pieces, price) for place, (sku, pieces, price) in enumerate(lines, start=1))
    return Receipt(number, datetime(2010, 12, 1, tzinfo=UTC), customer, made)


def test_a_return_names_the_purchase_that_it_brings_back() -> None:
    sale = receipt("1", ("MUG", 6, 100), ("LAMP", 1, 900))
    parts = match_returns([sale, receipt("C2", ("LAMP", -1, 900))])
    assert parts == {"C2": (ReturnPart(sale, (BroughtBack("2", 1),)),)}


def test_the_latest_purchase_is_taken_first() -> None:
    old, new = receipt("1", ("MUG", 6, 100)), receipt("2", ("MUG", 6, 100))
    assert match_returns([old, new, receipt("C3", ("MUG", -2, 100))])["C3"][0].original == new


def test_a_purchase_at_the_same_price_goes_before_a_later_one() -> None:
    dear, cheap = receipt("1", ("MUG", 6, 100)), receipt("2", ("MUG", 6, 80))
    assert match_returns([dear, cheap, receipt("C3", ("MUG", -2, 100))])["C3"][0].original == dear


def test_what_was_brought_back_cannot_come_back_again() -> None:
    sale = receipt("1", ("MUG", 3, 100))
    parts = match_returns([sale, receipt("C2", ("MUG", -2, 100)), receipt("C3", ("MUG", -2, 100))])
    assert parts["C2"][0].original == sale
    assert parts["C3"] == (ReturnPart(None, (BroughtBack("1", 2),)),)


def test_more_than_was_bought_is_not_matched() -> None:
    assert match_returns([receipt("1", ("MUG", 3, 100)), receipt("C2", ("MUG", -4, 100))])["C2"][0].original is None


def test_another_customers_purchase_does_not_count() -> None:
    sale = receipt("1", ("MUG", 3, 100), customer="1")
    assert match_returns([sale, receipt("C2", ("MUG", -1, 100), customer="2")])["C2"][0].original is None


def test_an_anonymous_return_is_not_matched_to_an_anonymous_sale() -> None:
    sale = receipt("1", ("MUG", 3, 100), customer="")
    assert match_returns([sale, receipt("C2", ("MUG", -1, 100), customer="")])["C2"][0].original is None


def test_a_purchase_after_the_return_does_not_count() -> None:
    parts = match_returns([receipt("C1", ("MUG", -1, 100)), receipt("2", ("MUG", 1, 100))])
    assert parts["C1"][0].original is None


def test_a_return_of_two_purchases_and_an_unknown_item_has_three_parts() -> None:
    mugs, lamps = receipt("1", ("MUG", 6, 100)), receipt("2", ("LAMP", 6, 900))
    back = receipt("C3", ("LAMP", -1, 900), ("D", -1, 500), ("MUG", -1, 100))
    assert match_returns([mugs, lamps, back])["C3"] == (
        ReturnPart(lamps, (BroughtBack("1", 1),)),
        ReturnPart(mugs, (BroughtBack("1", 1),)),
        ReturnPart(None, (BroughtBack("2", 1),)),
    )


def test_two_lines_of_a_return_that_meet_in_one_purchase_line_become_one() -> None:
    sale = receipt("1", ("MUG", 6, 100))
    back = receipt("C2", ("MUG", -1, 100), ("MUG", -2, 100))
    assert match_returns([sale, back])["C2"] == (ReturnPart(sale, (BroughtBack("1", 3),)),)


def test_the_carried_receipts_have_returns_of_every_sort() -> None:
    parts = match_returns(read_receipts())
    sorts = Counter(frozenset(part.original is not None for part in each) for each in parts.values())
    assert sorts == {frozenset({True}): 163, frozenset({False}): 197, frozenset({True, False}): 24}


pieces = st.integers(1, 4)
moves = st.lists(st.tuples(st.sampled_from(["1", "2", ""]), st.sampled_from(["MUG", "LAMP"]), pieces, st.booleans()))


@given(moves)
def test_nothing_comes_back_twice_and_every_piece_is_accounted_for(moves: list[tuple[str, str, int, bool]]) -> None:
    receipts = [
        receipt(f"{'C' if back else ''}{place}", (sku, -count if back else count, 100), customer=customer)
        for place, (customer, sku, count, back) in enumerate(moves)
    ]
    returned: Counter[tuple[str, str]] = Counter()
    for number, parts in match_returns(receipts).items():
        (line,) = next(each for each in receipts if each.number == number).lines
        assert sum(each.quantity for part in parts for each in part.lines) == -line.quantity
        for part in parts:
            if part.original is not None:
                for each in part.lines:
                    returned[part.original.number, each.line_id] += each.quantity
    bought = {(sale.number, line.line_id): line.quantity for sale in receipts for line in sale.lines}
    assert all(count <= bought[key] for key, count in returned.items())
