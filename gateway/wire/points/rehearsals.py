"""Rehearsals: what rules would have given for past purchases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.points.v1 import program_pb2 as pb
from pydantic import Field, StrictBool, StrictInt

from gateway.wire.base import (
    Id,
    Instant,
    MaybeText50,
    RequestModel,
    ResponseModel,
    UrlModel,
    example,
    instant,
    known_instant,
)
from gateway.wire.enums import word_of
from gateway.wire.points.documents import DEFINITIONS_MAX, RuleDefinition
from gateway.wire.points.rules import EXAMPLE

RehearsalWord = Literal["running", "done", "failed"]

VALUE_MAX = 1_000_000_000


class RehearsalPath(UrlModel):
    """A rehearsal in a path."""

    rehearsal_id: Id


class NewRehearsal(RequestModel):
    """Which rules to rehearse, and on which purchases."""

    model_config = example(
        {
            "rules": [{"key": "base", **EXAMPLE}],
            "occurred_from": "2026-01-01T00:00:00Z",
            "occurred_until": "2026-02-01T00:00:00Z",
            "value_minor": 1,
            "per_points": 1,
        }
    )

    rules: list[RuleDefinition] = Field(default=[], max_length=DEFINITIONS_MAX)
    """They stand in the place of the program's rules of the same keys; none means the program's rules in their newest
    versions, drafts and all. `starts_at` and `ends_at` are ignored."""
    only: StrictBool = False
    """Whether to leave out the program's other rules."""
    wallet: MaybeText50 = ""
    """Empty means "points"."""
    occurred_from: Instant
    occurred_until: Instant
    """Later than `occurred_from`, by at most 731 days; not included."""
    purchases_max: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0
    """How many purchases to look at, the oldest first; 0 means 100,000."""
    value_minor: Annotated[StrictInt, Field(ge=0, le=VALUE_MAX)] = 0
    """What points cost: so much for each `per_points`; 0 in both if nobody asks."""
    per_points: Annotated[StrictInt, Field(ge=0, le=VALUE_MAX)] = 0


class RehearsalBegun(ResponseModel):
    """Where to look for what it finds."""

    rehearsal_id: str


class RehearsedRule(ResponseModel):
    """What one rule gave and would have given, the latter for so many purchases."""

    key: str
    given: int
    would_give: int
    purchases: int


class RehearsedPurchase(ResponseModel):
    """A purchase for which it makes a difference."""

    purchase_id: str
    member_id: str
    given: int
    would_give: int


class Rehearsal(ResponseModel):
    """What rules would have given; the figures are of the purchases seen so far."""

    rehearsal_id: str
    state: RehearsalWord
    wallet: str
    occurred_from: datetime
    occurred_until: datetime
    covered_until: datetime
    """Purchases that occurred before have been seen."""
    purchases: int
    anonymous: int
    """Of these, those of nobody, which earn nothing."""
    changed: int
    """Of these, those for which it makes a difference."""
    members: int
    """To how many members it makes one."""
    given: int
    """Points that were given and not taken back by returns."""
    would_give: int
    """Points that the rules would have given for the goods kept."""
    gained: int
    """What members would have had more in some purchases,"""
    lost: int
    """and less in others."""
    cost_minor: int | None
    """The difference in money; null where no value was given."""
    rules: list[RehearsedRule]
    top: list[RehearsedPurchase]
    """The purchases with the largest differences."""
    created_at: datetime
    ended_at: datetime | None


def rehearsal_of(rehearsal: pb.Rehearsal) -> Rehearsal:
    """A rehearsal as answered."""
    return Rehearsal(
        rehearsal_id=rehearsal.rehearsal_id,
        state=word_of(pb.RehearsalState, rehearsal.state),
        wallet=rehearsal.wallet,
        occurred_from=known_instant(rehearsal, "occurred_from"),
        occurred_until=known_instant(rehearsal, "occurred_until"),
        covered_until=known_instant(rehearsal, "covered_until"),
        purchases=rehearsal.purchases,
        anonymous=rehearsal.anonymous,
        changed=rehearsal.changed,
        members=rehearsal.members,
        given=rehearsal.given,
        would_give=rehearsal.would_give,
        gained=rehearsal.gained,
        lost=rehearsal.lost,
        cost_minor=rehearsal.cost_minor if rehearsal.HasField("cost_minor") else None,
        rules=[
            RehearsedRule(key=each.key, given=each.given, would_give=each.would_give, purchases=each.purchases)
            for each in rehearsal.rules
        ],
        top=[
            RehearsedPurchase(
                purchase_id=each.purchase_id, member_id=each.member_id, given=each.given, would_give=each.would_give
            )
            for each in rehearsal.top
        ],
        created_at=known_instant(rehearsal, "created_at"),
        ended_at=instant(rehearsal, "ended_at"),
    )
