"""Traits on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loyalty.members.v1 import members_pb2 as pb

from kit.convert import text_of
from kit.errors import Invalid
from services.members.domain.traits import (
    ATTRIBUTE_LENGTH_MAX,
    ATTRIBUTE_NAME,
    ATTRIBUTES_MAX,
    SEGMENT_LENGTH_MAX,
    SEGMENTS_MAX,
    TIER_LENGTH_MAX,
    Traits,
    canonical,
)


def traits_of(given: pb.Traits, field: str) -> Traits:
    """Traits as a caller gives them; `field` is their path."""
    return canonical(
        text_of(given.tier, f"{field}.tier", length_max=TIER_LENGTH_MAX, length_min=0),
        _segments(given.segments, f"{field}.segments"),
        _attributes(given.attributes, f"{field}.attributes"),
    )


def to_traits(traits: Traits) -> pb.Traits:
    """Traits on the wire."""
    return pb.Traits(tier=traits.tier, segments=traits.segments, attributes=traits.attributes)


def _segments(given: Sequence[str], field: str) -> list[str]:
    if len(given) > SEGMENTS_MAX:
        raise Invalid(field, f"must have at most {SEGMENTS_MAX} items")
    return [text_of(each, f"{field}[{index}]", length_max=SEGMENT_LENGTH_MAX) for index, each in enumerate(given)]


def _attributes(given: Mapping[str, str], field: str) -> dict[str, str]:
    if len(given) > ATTRIBUTES_MAX:
        raise Invalid(field, f"must have at most {ATTRIBUTES_MAX} items")
    # The name may be anything as yet, and is not repeated before it is known to be one.
    if not all(ATTRIBUTE_NAME.fullmatch(name) for name in given):
        raise Invalid(field, "must be named by a small letter and up to 63 small letters, digits and underscores")
    return {
        name: text_of(given[name], f"{field}.{name}", length_max=ATTRIBUTE_LENGTH_MAX, length_min=0)
        for name in sorted(given)
    }
