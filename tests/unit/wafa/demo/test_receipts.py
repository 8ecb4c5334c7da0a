"""The receipts that the project carries are whole, with everything that is awkward about them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from wafa.demo.receipts import GIFT_CARD, GOODS, SERVICE, Line, Receipt, ReceiptError, parse_receipts, read_receipts

HEADER = "receipt,occurred_at,customer,sku,quantity,unit_price_minor\n"


@pytest.fixture(scope="module")
def receipts() -> list[Receipt]:
    return read_receipts()


def test_no_receipt_and_no_line_is_lost(receipts: list[Receipt]) -> None:
    assert len(receipts) == 2_342
    assert len({receipt.number for receipt in receipts}) == 2_342
    assert sum(len(receipt.lines) for receipt in receipts) == 50_062


def test_the_awkward_cases_are_all_there(receipts: list[Receipt]) -> None:
    sales = [receipt for receipt in receipts if not receipt.is_return]
    lines = [line for receipt in receipts for line in receipt.lines]
    assert sum(receipt.is_return for receipt in receipts) == 384
    assert sum(len(receipt.lines) for receipt in receipts if not receipt.customer) == 17_881
    assert sum(line.unit_price_minor == 0 for line in lines) == 297
    assert sum(line.quantity < 0 for sale in sales for line in sale.lines) == 85
    assert sum(line.category == SERVICE for line in lines) == 228


def test_receipts_come_oldest_first(receipts: list[Receipt]) -> None:
    times = [receipt.occurred_at for receipt in receipts]
    assert times == sorted(times)


def test_every_receipt_is_a_body_that_the_gateway_accepts(receipts: list[Receipt]) -> None:
    for receipt in receipts:
        assert 1 <= len(receipt.lines) <= 1_000
        assert all(line.quantity != 0 and line.unit_price_minor >= 0 for line in receipt.lines)


def test_an_excerpt_is_the_beginning() -> None:
    assert read_receipts(limit=5) == read_receipts()[:5]
    assert read_receipts(limit=0) == []


def test_a_receipt_keeps_its_lines_in_order() -> None:
    (receipt,) = parse_receipts(HEADER + "536365,2010-12-01T08:26:00,17850,85123A,6,255\n,,,POST,1,1800\n")
    assert receipt.customer == "17850"
    assert [(line.line_id, line.sku, line.amount_minor) for line in receipt.lines] == [
        ("1", "85123A", 1_530),
        ("2", "POST", 1_800),
    ]


@pytest.mark.parametrize(
    ("sku", "category"),
    [("85123A", GOODS), ("POST", SERVICE), ("m", SERVICE), ("BANK CHARGES", SERVICE), ("gift_0001_40", GIFT_CARD)],
)
def test_a_line_is_of_the_category_its_article_says(sku: str, category: str) -> None:
    assert Line("1", sku, 1, 100).category == category


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (",,,POST,1,1800\n", "Line 2 of the receipts belongs to no receipt"),
        ("536365,yesterday,17850,POST,1,1800\n", "Receipt 536365 cannot be read"),
        ("536365,2010-12-01T08:26:00,17850,POST,one,1800\n", "Receipt 536365 cannot be read"),
        ("536365,2010-12-01T08:26:00,17850\n", "Receipt 536365 cannot be read"),
    ],
)
def test_a_damaged_row_is_named(rows: str, problem: str) -> None:
    with pytest.raises(ReceiptError, match=problem):
        parse_receipts(HEADER + rows)


def test_a_damaged_file_is_reported_in_a_sentence(tmp_path: Path) -> None:
    torn = tmp_path / "receipts.csv.gz"
    torn.write_bytes(gzip.compress(HEADER.encode())[:-12])
    with pytest.raises(ReceiptError, match="cannot be read"):
        read_receipts(torn)
