"""What is announced of a change."""

from __future__ import annotations

import pytest

from services.members import announces
from services.members.domain.members import Change, ChangeKind
from services.members.domain.profiles import Profile
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import Traits
from tests.factories.members import identifier, member

TRAITS = Traits("gold", ("old", "vip"), {"city": "Lahore"})
STATE = {"status": "earn_only", "tier": "gold", "segments": ["old", "vip"], "attributes": {"city": "Lahore"}}


@pytest.mark.parametrize(
    ("kind", "fields", "type_", "payload"),
    [
        (ChangeKind.ENROLLED, (), "member.enrolled", {}),
        (ChangeKind.STATUS_CHANGED, (), "member.status_changed", {}),
        (ChangeKind.TRAITS_CHANGED, (), "member.traits_changed", {}),
        (ChangeKind.IDENTIFIER_ADDED, (), "member.updated", {"changed": ["identifiers"]}),
        (ChangeKind.IDENTIFIER_REMOVED, (), "member.updated", {"changed": ["identifiers"]}),
        (
            ChangeKind.PROFILE_CHANGED,
            ("given_name", "language"),
            "member.updated",
            {"changed": ["profile.given_name", "profile.language"]},
        ),
    ],
)
def test_each_change_is_one_event_with_status_and_traits_and_nothing_personal(
    kind: ChangeKind, fields: tuple[str, ...], type_: str, payload: dict[str, object]
) -> None:
    after = member(
        identifier("4711"), status=MemberStatus.EARN_ONLY, version=7, profile=Profile("Amina"), traits=TRAITS
    )
    (event,) = announces.of(Change(kind, after, fields, reason="moved away"))
    assert (event.type, event.version) == (type_, 7)
    assert (event.aggregate_type, event.aggregate_id) == ("member", after.member_id)
    assert (event.program_id, event.occurred_at) == (after.program_id, after.updated_at)
    assert event.payload == STATE | payload


def test_every_kind_of_change_has_its_event() -> None:
    assert set(announces.MESSAGES) == set(ChangeKind)
