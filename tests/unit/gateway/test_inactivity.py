"""What counts as activity, for strangers."""

from __future__ import annotations

import typing

import pytest
from loyalty.points.v1 import accounts_pb2, explanations_pb2
from loyalty.points.v1 import program_pb2 as pb
from pydantic import ValidationError

from gateway.wire.points import accounts, earnings, expiry, inactivity, rules


def test_what_is_to_count_comes_back_as_it_was_told() -> None:
    words = list(typing.get_args(inactivity.ActivityWord))
    body = rules.Policy.model_validate({"shortfall": "carry", "inactivity_activities": words})
    policy = pb.ProgramPolicy(inactivity_activities=inactivity.to_activities(body.inactivity_activities))
    assert rules.policy_of(policy).inactivity_activities == words
    assert len(words) == inactivity.ACTIVITIES_MAX


def test_what_usually_counts_is_told_where_nothing_was_chosen() -> None:
    assert rules.policy_of(pb.ProgramPolicy()).inactivity_activities == ["earn", "spend"]


@pytest.mark.parametrize("words", [["expiry"], ["reversal"], ["earn"] * 7, "earn"])
def test_nothing_else_counts(words: object) -> None:
    with pytest.raises(ValidationError):
        rules.Policy.model_validate({"shortfall": "carry", "inactivity_activities": words})


def test_an_expiry_for_inactivity_comes_back_as_it_was_told() -> None:
    said = {"kind": "inactivity", "days": 90, "periods_later": 0, "dates": []}
    assert expiry.expiry_of(expiry.Expiry.model_validate(said).to_proto()).model_dump() == said


def test_days_of_inactivity_are_told_where_there_are_any() -> None:
    assert earnings.earning_of(explanations_pb2.Earning(inactivity_days=90)).inactivity_days == 90
    assert earnings.earning_of(explanations_pb2.Earning()).inactivity_days is None


def test_an_account_that_was_never_active_says_so() -> None:
    assert accounts.account_of(accounts_pb2.Account()).active_at is None
