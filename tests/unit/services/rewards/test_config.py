"""The settings have defaults that run on one machine, but for the database."""

from __future__ import annotations

import pytest

from kit.config import ConfigError
from services.rewards.app import SERVICE


def test_only_the_database_has_to_be_named() -> None:
    with pytest.raises(ConfigError, match="REWARDS_DATABASE_URL"):
        SERVICE.load({})
    settings = SERVICE.load({"REWARDS_DATABASE_URL": "postgresql+psycopg://x"})
    assert (settings.port, settings.points_address) == (50_053, "127.0.0.1:50052")
    assert "postgresql" not in repr(settings)


def test_a_lease_outlasts_what_a_step_may_take() -> None:
    settings = SERVICE.load({"REWARDS_DATABASE_URL": "x"})
    # Two calls of points at the most lie between two renewals of the lease.
    assert settings.redemption_lease_s * 1_000 > 2 * settings.points_deadline_ms
