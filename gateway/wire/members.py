"""Members, their identifiers and profiles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.members.v1 import members_pb2 as pb
from pydantic import Field, StringConstraints

from gateway.wire.base import (
    CANONICAL_NAME,
    CANONICAL_PROSE,
    FIT,
    Day,
    Id,
    Prose500,
    RequestModel,
    ResponseModel,
    Text254,
    UrlModel,
    example,
    known_instant,
)
from gateway.wire.enums import number_of, word_of

KindWord = Literal["card", "phone", "email", "external_id"]
StatusWord = Literal["active", "suspended", "earn_only", "terminated"]
Name = Annotated[str, StringConstraints(strict=True, max_length=100, pattern=FIT), CANONICAL_PROSE]
Text64 = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64, pattern=FIT), CANONICAL_NAME]
MaybeText64 = Annotated[str, StringConstraints(strict=True, max_length=64, pattern=FIT), CANONICAL_NAME]
AttributeName = Annotated[str, StringConstraints(strict=True, pattern="^[a-z][a-z0-9_]{0,63}$")]
AttributeText = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=FIT), CANONICAL_NAME]
# BCP 47 leaves more open than this; what is a language is for `members` to say.
Language = Annotated[str, StringConstraints(strict=True, max_length=35, pattern="^[A-Za-z0-9-]*$")]


class MemberPath(UrlModel):
    """A member in a path."""

    member_id: Id


class IdentifierPath(MemberPath):
    """An identifier of a member in a path."""

    identifier_id: Id


class NewIdentifier(RequestModel):
    """What a member is found by, as a caller knows it."""

    kind: KindWord
    value: Text254
    """A phone may be written in any usual way. Letters of cards and external ids are compared exactly, those of an
    address are not; invisible marks, spaces and hyphens between a card's digits, and the script of a digit never count.
    What passes for another identifier, such as by a letter of another script, is refused."""

    def to_proto(self) -> pb.NewIdentifier:
        """The identifier for `members`."""
        return pb.NewIdentifier(kind=number_of(pb.IdentifierKind, self.kind), value=self.value)


class NewProfile(RequestModel):
    """What a member tells about themselves. In a change, an absent field stays and a null or empty one is cleared."""

    given_name: Name | None = None
    family_name: Name | None = None
    birth_date: Day | None = None
    language: Language | None = None
    """BCP 47, such as "en" or "ur"."""

    def to_proto(self, *, clearing: bool) -> pb.Profile:
        """The profile for `members`. With `clearing`, null becomes the empty text that clears a field."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return pb.Profile(**{name: text or "" for name, text in given.items() if text or clearing})


class EnrolBody(RequestModel):
    """A person who becomes a member."""

    model_config = example(
        {
            "identifiers": [{"kind": "phone", "value": "+923001234567"}],
            "profile": {"given_name": "Amna", "language": "ur"},
        }
    )

    identifiers: list[NewIdentifier] = Field(min_length=1, max_length=20)
    profile: NewProfile = NewProfile()


class ResolveBody(RequestModel):
    """Which member to find."""

    model_config = example({"identifier": {"kind": "card", "value": "C-1001"}})

    identifier: NewIdentifier


class MemberChange(RequestModel):
    """What to change of a member."""

    model_config = example({"profile": {"family_name": "Siddiqui", "birth_date": None}})

    profile: NewProfile


class StatusChange(RequestModel):
    """A member's next status, and why."""

    model_config = example({"status": "suspended", "reason": "card reported stolen"})

    status: StatusWord
    reason: Prose500


class NewTraits(RequestModel):
    """What rules may ask for. Nothing personal: it is announced in the clear and not erased with the profile."""

    tier: MaybeText64 = ""
    """Empty for none."""
    segments: list[Text64] = Field(default=[], max_length=50)
    """Their order tells nothing: they are kept sorted, each once."""
    attributes: dict[AttributeName, AttributeText] = Field(default={}, max_length=20)

    def to_proto(self) -> pb.Traits:
        """The traits for `members`."""
        return pb.Traits(tier=self.tier, segments=self.segments, attributes=self.attributes)


class TraitsBody(RequestModel):
    """All traits of a member: what is left out here they have no longer."""

    model_config = example(
        {"traits": {"tier": "gold", "segments": ["tea-lovers", "vip"], "attributes": {"city": "Lahore"}}}
    )

    traits: NewTraits


class AddIdentifierBody(RequestModel):
    """One more identifier."""

    model_config = example({"identifier": {"kind": "email", "value": "amna@example.com"}})

    identifier: NewIdentifier


class Profile(ResponseModel):
    """What a member has told. Tills see the given name alone."""

    given_name: str | None
    family_name: str | None
    birth_date: str | None
    language: str | None


class Identifier(ResponseModel):
    """What a member is found by, as it is kept."""

    identifier_id: str
    kind: KindWord
    value: str | None
    """In canonical form; null for tills."""
    masked_value: str
    """What may stand on a screen."""
    added_at: datetime


class Traits(ResponseModel):
    """What rules may ask for."""

    tier: str | None
    segments: list[str]
    attributes: dict[str, str]


class Member(ResponseModel):
    """A person known to the program. `version` is the ETag."""

    member_id: str
    status: StatusWord
    profile: Profile
    identifiers: list[Identifier]
    version: int
    enrolled_at: datetime
    updated_at: datetime
    traits: Traits


def member_of(member: pb.Member, *, personal: bool) -> Member:
    """The member as answered; without `personal`, identifiers are masked and of the profile stays the given name."""
    return Member(
        member_id=member.member_id,
        status=word_of(pb.MemberStatus, member.status),
        profile=_profile_of(member.profile, personal=personal),
        identifiers=[_identifier_of(each, personal=personal) for each in member.identifiers],
        version=member.version,
        enrolled_at=known_instant(member, "enrolled_at"),
        updated_at=known_instant(member, "updated_at"),
        traits=_traits_of(member.traits),
    )


def _traits_of(traits: pb.Traits) -> Traits:
    return Traits(
        tier=traits.tier or None, segments=list(traits.segments), attributes=dict(sorted(traits.attributes.items()))
    )


def _profile_of(profile: pb.Profile, *, personal: bool) -> Profile:
    return Profile(
        given_name=profile.given_name or None,
        family_name=(profile.family_name or None) if personal else None,
        birth_date=(profile.birth_date or None) if personal else None,
        language=(profile.language or None) if personal else None,
    )


def _identifier_of(identifier: pb.Identifier, *, personal: bool) -> Identifier:
    return Identifier(
        identifier_id=identifier.identifier_id,
        kind=word_of(pb.IdentifierKind, identifier.kind),
        value=identifier.value if personal else None,
        masked_value=identifier.masked_value,
        added_at=known_instant(identifier, "added_at"),
    )
