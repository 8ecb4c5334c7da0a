"""What makes a process of a service: every part has its worker, under the service's word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.chassis.app import App, assemble
from services.rewards.app import SERVICE

BESIDE = {"sweep-redemptions", "relay", "members-events", "watch-redemptions", "forget-stored-answers", "prune-events"}


@pytest.fixture
def app() -> Iterator[App]:
    environ = {
        "REWARDS_DATABASE_URL": "postgresql+psycopg://nowhere",
        "REWARDS_PORT": "0",
        "REWARDS_INTERNAL_PORT": "0",
    }
    made = assemble(SERVICE, SERVICE.load(environ))
    yield made
    made.internal.stop()
    made.server.stop(0.0)


def test_a_service_is_made_without_a_connection_and_serves_nothing_yet(app: App) -> None:
    assert app.server.port > 0
    assert not app.server.is_serving


def test_its_own_work_and_that_of_every_service_has_a_worker(app: App) -> None:
    assert {worker.name for worker in app.workers} == {f"rewards-{name}" for name in BESIDE}
