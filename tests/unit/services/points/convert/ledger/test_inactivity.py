"""What counts as activity, and what it did, on the wire."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from loyalty.points.v1 import accounts_pb2 as pb
from loyalty.points.v1 import program_pb2

from services.points.convert.earning import earnings
from services.points.convert.ledger import accounts
from services.points.convert.program import policy as convert_policy
from services.points.domain.earning.expiry import Expiry, ExpiryKind
from services.points.domain.ledger.accounts import AccountKey, AccountView, Cause, Entry, EntryKind
from services.points.domain.ledger.inactivity import MAY_COUNT
from services.points.domain.program.policy import ProgramPolicy, Shortfall
from tests.factories import points as make
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import expect_refused
from tests.unit.services.points.domain.opened import an_earning

KINDS = {kind: pb.EntryKind.Value(f"ENTRY_KIND_{kind.name}") for kind in EntryKind}


def setting(*kinds: pb.EntryKind.ValueType) -> program_pb2.SetProgramPolicyRequest:
    return requests.set_program_policy(program_pb2.SHORTFALL_POLICY_CARRY, inactivity_activities=kinds)


def test_what_is_to_count_comes_back_each_once_and_in_order() -> None:
    spend, earn = pb.ENTRY_KIND_SPEND, pb.ENTRY_KIND_EARN
    command = convert_policy.set_program_policy(setting(spend, earn, spend))
    assert command.inactivity_activities == (EntryKind.EARN, EntryKind.SPEND)
    policy = ProgramPolicy(command.program_id, Shortfall.CARRY, inactivity_activities=command.inactivity_activities)
    assert list(convert_policy.to_policy(policy).inactivity_activities) == [earn, spend]


def test_a_program_need_not_choose() -> None:
    assert convert_policy.set_program_policy(setting()).inactivity_activities == ()


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if kind not in MAY_COUNT])
def test_what_members_do_not_do_cannot_count(kind: EntryKind) -> None:
    request = setting(pb.ENTRY_KIND_EARN, KINDS[kind])
    expect_refused(convert_policy.set_program_policy, request, "policy.inactivity_activities[1]")


@pytest.mark.parametrize("number", [0, 99])
def test_what_is_no_kind_of_entry_is_named(number: pb.EntryKind.ValueType) -> None:
    expect_refused(convert_policy.set_program_policy, setting(number), "policy.inactivity_activities[0]")


def test_an_earning_says_after_how_many_days_it_lapses_and_not_when() -> None:
    told = earnings.to_earning(an_earning(5, expiry=Expiry(ExpiryKind.INACTIVITY, days=90)))
    assert (told.inactivity_days, told.HasField("expires_at")) == (90, False)
    assert earnings.to_earning(an_earning(5)).inactivity_days == 0


def test_an_entry_says_whether_it_counted_and_after_how_many_days_it_lapsed() -> None:
    key = AccountKey(make.PROGRAM, uuid.uuid4(), "points")
    lapsed = Entry(key, 1, EntryKind.EXPIRY, -10, 0, Cause(), None, make.NOON, make.NOON, inactivity_days=90)
    told = accounts.to_entry(lapsed)
    assert (told.inactivity_days, told.counted_as_activity) == (90, False)
    assert told.sentence == "10 points expired after 90 days without activity."
    assert accounts.to_entry(replace(lapsed, counted=True)).counted_as_activity


def test_an_account_says_when_it_was_active_if_it_ever_was() -> None:
    view = AccountView(uuid.uuid4(), "points", 0, 0, 0, 0, 0, 0)
    assert not accounts.to_account(view).HasField("active_at")
    assert accounts.to_account(replace(view, active_at=make.NOON)).active_at.seconds == int(make.NOON.timestamp())
