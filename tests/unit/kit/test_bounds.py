"""What the contract says of bounds is what they are."""

from __future__ import annotations

import re
from pathlib import Path

from kit.bounds import LINES_MAX, PURCHASES_MAX, REFUNDS_MAX, TENDERS_MAX

CONTRACT = (Path(__file__).parents[3] / "protos/loyalty/points/v1/sales.proto").read_text(encoding="utf-8")


def test_the_contract_names_the_bounds_of_receipts() -> None:
    assert set(re.findall(r"One to ([0-9,]+) lines", CONTRACT)) == {f"{LINES_MAX:,}"}
    assert f"in up to {TENDERS_MAX} parts" in CONTRACT
    assert f"up to {REFUNDS_MAX}, each hold once" in CONTRACT
    assert f"Records up to {PURCHASES_MAX} purchases in one call" in CONTRACT
