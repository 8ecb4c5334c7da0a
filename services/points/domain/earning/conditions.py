"""What a condition may ask about, and who answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol, TypeAlias

from services.points.domain.earning.activities import ActivityReport
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.terms import Trigger
from services.points.domain.sales.sale import PurchaseLine, Sale

LENGTH_MAX = 500

Fact: TypeAlias = int | str | list[str] | dict[str, str]
# Differs from rule to rule, while they share all other facts.
ELIGIBLE_TOTAL = "purchase.eligible_total_minor"

Facts: TypeAlias = Mapping[str, Fact]

# Every name that a condition may use, with the type of what it stands for: texts stand in lists and in what maps hold.
# Only a rule that is triggered by lines may use those of a line, and one that is triggered by an activity has no others
# than those of an activity.
MEMBER_FACTS: Mapping[str, type] = {
    "member.status": str,
    "member.tier": str,
    "member.segments": list,
    "member.attributes": dict,
}
PURCHASE_FACTS: Mapping[str, type] = {
    "purchase.total_minor": int,
    "purchase.eligible_total_minor": int,
    "purchase.currency": str,
    "purchase.source": str,
    "purchase.store_id": str,
    "purchase.terminal_id": str,
    "purchase.hour": int,
    "purchase.weekday": int,
    "purchase.tenders": list,
    **MEMBER_FACTS,
}
LINE_FACTS: Mapping[str, type] = {
    "line.sku": str,
    "line.category": str,
    "line.brand": str,
    "line.quantity_milli": int,
    "line.unit_price_minor": int,
    "line.amount_minor": int,
}
ACTIVITY_FACTS: Mapping[str, type] = {
    "activity.kind": str,
    "activity.name": str,
    "activity.source": str,
    "activity.store_id": str,
    "activity.hour": int,
    "activity.weekday": int,
    "activity.attributes": dict,
    **MEMBER_FACTS,
}


@dataclass(frozen=True)
class Size:
    """How long a fact may be: characters of a text, or items of a list or a map, and characters of those."""

    length: int
    item_length: int | None = None
    name_length: int | None = None


# Numbers are none. Members and callers are held to these where they are told; see `services/members/domain/traits.py`.
SIZES: Mapping[str, Size] = {
    **{
        name: Size(100)
        for facts in (MEMBER_FACTS, PURCHASE_FACTS, LINE_FACTS, ACTIVITY_FACTS)
        for name, kind in facts.items()
        if kind is str
    },
    "purchase.tenders": Size(6, 12),
    "member.segments": Size(50, 64),
    "member.attributes": Size(20, 200, 64),
    "activity.attributes": Size(20, 200, 50),
}


class Conditions(Protocol):
    """Answers the conditions of a program's rules."""

    def prepare(self, purchase: Facts, lines: Sequence[Facts]) -> object:
        """The facts in the form that the questions want, so that many conditions share the work."""
        ...

    def holds(self, condition: str, prepared: object) -> bool | None:
        """Whether it holds for the purchase; None when it comes to no answer, such as by dividing by zero."""
        ...

    def holds_for(self, condition: str, prepared: object, indexes: Sequence[int]) -> list[bool | None]:
        """The same, asked of each of these lines."""
        ...

    def steps(self, condition: str, trigger: Trigger) -> int:
        """The most steps that an answer costs, in a rule with this trigger."""
        ...


class NoConditions:
    """For rules that have none."""

    def prepare(self, purchase: Facts, lines: Sequence[Facts]) -> object:
        """Nothing."""
        return None

    def holds(self, condition: str, prepared: object) -> bool | None:
        """Nobody here can tell."""
        return None

    def holds_for(self, condition: str, prepared: object, indexes: Sequence[int]) -> list[bool | None]:
        """Nobody here can tell."""
        return [None] * len(indexes)

    def steps(self, condition: str, trigger: Trigger) -> int:
        """No step is made."""
        return 0


def asks_eligible_total(condition: str) -> bool:
    """Whether the condition may ask for it; a text that only mentions it does no harm."""
    return ELIGIBLE_TOTAL.rpartition(".")[2] in condition


def purchase_facts(
    sale: Sale, total_minor: Fraction | int, eligible_total_minor: Fraction | int, local: datetime, earner: Earner
) -> dict[str, Fact]:
    """What is asked of a purchase whose goods kept cost `total_minor`, at its local time.

    `eligible_total_minor` is the part of it that the rule counts: the goods it selects, without tax that it leaves out
    and what was paid in ways that do not earn.
    """
    return {
        "purchase.total_minor": int(total_minor),
        ELIGIBLE_TOTAL: int(eligible_total_minor),
        "purchase.currency": sale.currency,
        "purchase.source": sale.receipt.source,
        "purchase.store_id": sale.receipt.store_id,
        "purchase.terminal_id": sale.receipt.terminal_id,
        "purchase.hour": local.hour,
        "purchase.weekday": local.isoweekday(),
        "purchase.tenders": sorted({tender.kind.value for tender in sale.tenders}),
        **_member_facts(earner),
    }


def activity_facts(report: ActivityReport, local: datetime, earner: Earner) -> dict[str, Fact]:
    """What is asked of an activity, at its local time."""
    return {
        "activity.kind": report.kind.value,
        "activity.name": report.name,
        "activity.source": report.source,
        "activity.store_id": report.store_id,
        "activity.hour": local.hour,
        "activity.weekday": local.isoweekday(),
        "activity.attributes": report.attributes,
        **_member_facts(earner),
    }


def _member_facts(earner: Earner) -> dict[str, Fact]:
    return {
        "member.status": earner.status,
        "member.tier": earner.tier,
        "member.segments": list(earner.segments),
        "member.attributes": earner.attributes,
    }


def line_facts(line: PurchaseLine, amount_minor: Fraction | int, quantity_milli: int) -> dict[str, Fact]:
    """What is asked of a line of which so much was kept."""
    return {
        "line.sku": line.sku,
        "line.category": line.category,
        "line.brand": line.brand,
        "line.quantity_milli": quantity_milli,
        "line.unit_price_minor": line.price_minor,
        "line.amount_minor": int(amount_minor),
    }
