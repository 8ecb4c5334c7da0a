"""The receipt as business key: one receipt, one identity, one content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from kit import ids
from kit.digests import differing_fields
from services.points.domain.errors import ReceiptConflict
from services.points.domain.sales.sale import ReceiptKey

# How far a till's clock may run ahead of ours.
CLOCK_AHEAD_MAX = timedelta(days=1)


def purchase_id_of(program_id: UUID, receipt: ReceiptKey) -> UUID:
    """The one id that a sale's receipt has for good."""
    return ids.derived_id("purchase", str(program_id), *receipt.parts())


def return_id_of(program_id: UUID, receipt: ReceiptKey) -> UUID:
    """The one id that a return's receipt has for good."""
    return ids.derived_id("return", str(program_id), *receipt.parts())


def expect_same_receipt(
    recorded: dict[str, str], asked: dict[str, str], rebuilt: Callable[[], dict[str, str]], path: str = ""
) -> None:
    """Refuses a receipt that is recorded with other content, naming what differs; the fields' paths begin with `path`.

    Whose it is stands beside the receipt in any request. `rebuilt` makes the digests of what is recorded anew: those
    that lie with it may be of a time when the order of lists and parts of a second counted.
    """
    differing = differing_fields(recorded, asked)
    if differing:
        differing = differing_fields(asked, recorded, recorded | rebuilt())
    if differing:
        names = ", ".join(name if name == "member_id" else f"{path}{name}" for name in differing)
        raise ReceiptConflict(f"this receipt is recorded with another {names}", fields=names.replace(", ", ","))
