"""API keys, without their secrets."""

from __future__ import annotations

import uuid
from datetime import timedelta

from services.members.domain import api_keys
from services.members.domain.api_keys import ApiKey, ShownApiKey
from services.members.domain.callers import CallerRole
from services.members.domain.commands import CreateApiKey
from tests.factories.members import NOON


def new_key() -> ApiKey:
    command = CreateApiKey(uuid.uuid4(), "wish-1", "till 4", CallerRole.TILL)
    return api_keys.create(command, uuid.uuid4(), "wafa_till_12345678", NOON)


def test_a_new_key_is_good() -> None:
    assert new_key().revoked_at is None


def test_a_key_is_revoked_once() -> None:
    revoked = api_keys.revoke(new_key(), NOON + timedelta(days=1))
    assert revoked.revoked_at == NOON + timedelta(days=1)
    assert api_keys.revoke(revoked, NOON + timedelta(days=2)) is revoked


def test_a_key_is_not_revoked_before_it_was_made() -> None:
    assert api_keys.revoke(new_key(), NOON - timedelta(seconds=1)).revoked_at == NOON


def test_a_secret_shows_in_no_repr() -> None:
    assert "hush" not in repr(ShownApiKey(new_key(), "hush"))
