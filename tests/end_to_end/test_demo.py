"""`wafa demo` on the first receipts: every one of them is accounted for, and a second run changes nothing."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.fixtures.launcher import Place, new_place
from wafa.demo.matching import match_returns
from wafa.demo.receipts import read_receipts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux lists them")

# As far as the first return that names its purchase.
RECEIPTS = 64


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module")
def first_run(place: Place) -> str:
    return place.wafa("demo", "--receipts", str(RECEIPTS))


def number(said: str, name: str) -> int:
    """The number that stands behind a name in the summary."""
    found = re.search(rf"^ +{re.escape(name)} +([\d,]+)", said, re.MULTILINE)
    assert found, f"the summary does not tell of {name}"
    return int(found[1].replace(",", ""))


def test_the_sum_adds_up(first_run: str) -> None:
    receipts = read_receipts(limit=RECEIPTS)
    sales = [receipt for receipt in receipts if not receipt.is_return]
    assert f"✓ {RECEIPTS} read = {RECEIPTS} posted + 0 refused" in first_run
    assert number(first_run, "sales to members") == sum(bool(sale.customer) for sale in sales)
    assert number(first_run, "anonymous sales") == sum(not sale.customer for sale in sales)
    assert number(first_run, "members") == len({receipt.customer for receipt in receipts if receipt.customer})
    assert number(first_run, "points earned") > 0


def test_returns_are_told_apart_by_what_they_name(first_run: str) -> None:
    parts = match_returns(read_receipts(limit=RECEIPTS)).values()
    matched = sum(all(part.original for part in each) for each in parts)
    unmatched = sum(not any(part.original for part in each) for each in parts)
    assert number(first_run, "returns, matched") == matched > 0
    assert number(first_run, "returns, unmatched") == unmatched > 0
    assert number(first_run, "returns, partly") == len(parts) - matched - unmatched


def test_the_books_agree_afterwards(first_run: str) -> None:
    assert "✓ The books agree." in first_run


def test_the_same_receipts_again_change_nothing(place: Place, first_run: str) -> None:
    with place.running("--no-story") as suite:
        before = json.loads(place.wafa("check", "--json"))["facts"]
        second_run = place.wafa("demo", "--receipts", str(RECEIPTS))
        assert f"Using the suite at http://127.0.0.1:{place.port}" in second_run
        assert "every answer was a replay, and nothing has changed" in second_run
        assert json.loads(place.wafa("check", "--json"))["facts"] == before
        for name in ("points earned", "points clawed back", "points spent", "points given back"):
            assert number(second_run, name) == number(first_run, name)
        assert suite.stop(signal.SIGTERM) == 0
