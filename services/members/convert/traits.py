"""Traits on the wire."""

from __future__ import annotations

from loyalty.members.v1 import members_pb2 as pb

from services.members.domain.traits import Traits, canonical


def traits_of(given: pb.Traits) -> Traits:
    """Traits as a caller gives them."""
    return canonical(given.tier, given.segments, given.attributes)


def to_traits(traits: Traits) -> pb.Traits:
    """Traits on the wire."""
    return pb.Traits(tier=traits.tier, segments=traits.segments, attributes=traits.attributes)
