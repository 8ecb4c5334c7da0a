"""Traits on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from loyalty.members.v1 import members_pb2 as pb

from kit.errors import Invalid
from services.members.convert import members as convert
from services.members.convert.traits import to_traits, traits_of
from services.members.domain.traits import Traits
from tests.factories.members import new_id
from tests.fixtures.edge import read


def test_traits_are_read_in_one_form_however_they_are_written() -> None:
    given = pb.Traits(tier=" gold ", segments=["vip", " old", "vip"], attributes={"city": " Lahore", "a": ""})
    assert read(traits_of, given) == Traits("gold", ("old", "vip"), {"a": "", "city": "Lahore"})
    assert list(read(traits_of, given).attributes) == ["a", "city"]
    assert read(traits_of, pb.Traits()) == Traits()


def test_who_forgets_the_traits_does_not_erase_them() -> None:
    request = pb.SetMemberTraitsRequest(program_id=new_id(), request_id=new_id(), member_id=new_id())
    with pytest.raises(Invalid) as refused:
        read(convert.set_member_traits, request)
    assert refused.value.metadata["field"] == "traits"
    request.traits.SetInParent()
    assert read(convert.set_member_traits, request).traits == Traits()


def test_traits_travel_whole() -> None:
    traits = Traits("gold", ("old", "vip"), {"city": "لاہور"})
    assert read(traits_of, to_traits(traits)) == traits


def test_as_much_as_there_may_be_is_read() -> None:
    given = pb.Traits(
        tier="t" * 64,
        segments=[f"{number:064}" for number in range(50)],
        attributes={f"{'n' * 62}{number:02}": "v" * 200 for number in range(20)},
    )
    found = read(traits_of, given)
    assert (len(found.tier), len(found.segments), len(found.attributes)) == (64, 50, 20)


@pytest.mark.parametrize(
    ("traits", "field"),
    [
        ({"tier": "t" * 65}, "traits.tier"),
        ({"tier": "a\nb"}, "traits.tier"),
        ({"segments": ["a", "b", "c", ""]}, "traits.segments[3]"),
        ({"segments": ["a", " "]}, "traits.segments[1]"),
        ({"segments": ["s" * 65]}, "traits.segments[0]"),
        ({"segments": ["a\x00"]}, "traits.segments[0]"),
        ({"segments": [str(number) for number in range(51)]}, "traits.segments"),
        ({"attributes": {"city": "c" * 201}}, "traits.attributes.city"),
        ({"attributes": {"city": "a\nb"}}, "traits.attributes.city"),
        ({"attributes": {f"n{number}": "" for number in range(21)}}, "traits.attributes"),
        ({"attributes": {"": "x"}}, "traits.attributes"),
        ({"attributes": {"City": "x"}}, "traits.attributes"),
        ({"attributes": {"1st": "x"}}, "traits.attributes"),
        ({"attributes": {"home-town": "x"}}, "traits.attributes"),
        ({"attributes": {"n" * 65: "x"}}, "traits.attributes"),
        ({"attributes": {"city\n": "x"}}, "traits.attributes"),
    ],
)
def test_malformed_traits_are_refused_by_their_field(traits: dict[str, Any], field: str) -> None:
    request = pb.SetMemberTraitsRequest(
        program_id=new_id(), request_id="wish-1", member_id=new_id(), traits=pb.Traits(**traits)
    )
    with pytest.raises(Invalid) as refusal:
        read(convert.set_member_traits, request)
    assert refusal.value.field == field
    assert not any(name in refusal.value.message for name in ("City", "1st", "home-town"))
