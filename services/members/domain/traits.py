"""What the retailer knows of a member that rules may ask for.

Nothing personal belongs here: traits are kept and announced in the clear, other services keep what they were when
points were earned, and erasing a profile erases none of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

TIER_LENGTH_MAX = 64
SEGMENTS_MAX = 50
ATTRIBUTES_MAX = 20


@dataclasses.dataclass(frozen=True)
class Traits:
    """All that is known, in the one form that `canonical` makes; an empty tier is none."""

    tier: str = ""
    segments: tuple[str, ...] = ()
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)


def canonical(tier: str, segments: Iterable[str], attributes: Mapping[str, str]) -> Traits:
    """The traits with each segment once and everything in order, so that equal ones are written equally."""
    return Traits(tier, tuple(sorted(set(segments))), dict(sorted(attributes.items())))
