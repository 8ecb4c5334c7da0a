"""The sentence that a cashier reads out."""

from __future__ import annotations

import pytest

from services.points.domain.ledger import Cause, Entry, EntryKind
from services.points.domain.rules import Earning, EarningRule, Rounding, evaluate
from services.points.domain.sales import PurchaseLine
from services.points.domain.sentences import earning_sentence, entry_sentence
from tests.factories import points as make
from tests.unit.services.points.domain.opened import KEY, NOW


def earned(rule: EarningRule, *lines: PurchaseLine) -> Earning:
    (earning,) = evaluate([rule], make.a_sale(*lines), {})
    return earning


def an_entry(kind: EntryKind, amount: int, earning: Earning | None = None) -> Entry:
    return Entry(KEY, 1, kind, amount, amount, Cause(reason="spilled tea"), earning, NOW, NOW)


def test_a_rate_a_sum_and_a_result() -> None:
    earning = earned(make.a_rule(points=1_500), make.a_line(123_456))
    assert earning_sentence(earning) == (
        "Everyday: 1,500 points for every GBP 1.00; GBP 1,234.56 counted (1 line), rounded down to 1,851,840 points."
    )


def test_lines_left_out_are_counted_too() -> None:
    rule = make.a_rule(excluded_skus=("STAMP",), rounding=Rounding.HALF_UP)
    lines = [make.a_line(50), make.a_line(100, line_id="2"), make.a_line(900, line_id="3", sku="STAMP")]
    assert earning_sentence(earned(rule, *lines)) == (
        "Everyday: 1 point for every GBP 1.00; GBP 1.50 counted (2 lines, 1 line left out), rounded to 2 points."
    )


def test_one_point_is_no_points() -> None:
    assert earning_sentence(earned(make.a_rule(rounding=Rounding.UP), make.a_line(1))).endswith(
        "rounded up to 1 point."
    )


@pytest.mark.parametrize(
    ("currency", "money"),
    [("GBP", "GBP 12.34"), ("JPY", "JPY 1,234"), ("KWD", "KWD 1.234"), ("PKR", "PKR 12.34")],
)
def test_money_has_the_digits_of_its_currency(currency: str, money: str) -> None:
    sale = make.a_sale(make.a_line(1234))
    rule = make.a_rule(currency=currency)
    (earning,) = evaluate([rule], type(sale)(sale.receipt, NOW, currency, sale.lines, (), ""), {})
    assert f"; {money} counted" in earning_sentence(earning)


def test_money_below_nothing_has_its_sign_before_the_number() -> None:
    assert "; GBP -0.05 counted" in earning_sentence(earned(make.a_rule(), make.a_line(-5)))


@pytest.mark.parametrize(
    ("kind", "amount", "sentence"),
    [
        (EntryKind.EARN, 10, "10 points earned."),
        (EntryKind.RETURN, -10, "10 points taken back for returned goods."),
        (EntryKind.SPEND, -1, "1 point spent."),
        (EntryKind.REVERSAL, 1, "1 point given back: spilled tea."),
        (EntryKind.EXPIRY, -1_000, "1,000 points expired."),
        (EntryKind.ADJUSTMENT, 5, "5 points given by hand: spilled tea."),
        (EntryKind.ADJUSTMENT, -5, "5 points taken by hand: spilled tea."),
        (EntryKind.RECOVERY, -2, "2 points taken for goods returned earlier."),
    ],
)
def test_every_entry_says_why(kind: EntryKind, amount: int, sentence: str) -> None:
    assert entry_sentence(an_entry(kind, amount)) == sentence


def test_every_kind_of_entry_has_a_sentence() -> None:
    assert all(entry_sentence(an_entry(kind, 1)) for kind in EntryKind)


def test_an_earn_says_what_its_rule_says() -> None:
    earning = earned(make.a_rule())
    assert entry_sentence(an_entry(EntryKind.EARN, 10, earning)) == earning_sentence(earning)
