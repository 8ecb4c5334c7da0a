"""`rewards` as it runs: its own database, a real gRPC server on loopback, and a ledger behind another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kit import client, database
from services.rewards import app, check, jobs
from services.rewards.clients import GrpcPoints
from services.rewards.handlers import Saga
from services.rewards.storage import Storage
from tests.factories.rewards import Caller, Ledger, new_ledger, serving
from tests.fixtures.servers import as_owner

# Long enough that nobody takes over what a test is at work on, unless the test says so.
LEASE_S = 600


class MovableClock:
    """The machine's clock, and as far ahead of it as a test wants."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def database_url(databases: Callable[[str], str]) -> str:
    return databases("rewards")


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The way of the role that owns the tables: what a test does by it, the service itself never could."""
    found = database.engine(as_owner(database_url), database.PoolBounds(size_max=30, wait_ms=30_000))
    yield found
    found.dispose()


@pytest.fixture
def serving_engine(database_url: str) -> Iterator[sa.Engine]:
    """The way of the role that serves."""
    found = database.engine(database_url, database.PoolBounds(size_max=30, wait_ms=30_000))
    yield found
    found.dispose()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def storage(serving_engine: sa.Engine, clock: MovableClock) -> Storage:
    return Storage(serving_engine, clock=clock)


@pytest.fixture
def ledger() -> Ledger:
    return new_ledger()


@pytest.fixture
def points(ledger: Ledger) -> Iterator[GrpcPoints]:
    with serving(ledger) as address, client.channel(address) as channel:
        yield GrpcPoints(channel, deadline_ms=30_000)


@pytest.fixture
def saga(storage: Storage, points: GrpcPoints) -> Saga:
    return Saga(storage, points, lease_s=LEASE_S)


@pytest.fixture
def address(storage: Storage, points: GrpcPoints, saga: Saga) -> Iterator[str]:
    with serving(app.servicer(storage, points, saga, places_max=64, lease_s=LEASE_S), threads=64) as address:
        yield address


@pytest.fixture
def caller(address: str) -> Iterator[Caller]:
    """A caller of the service."""
    with client.channel(address) as channel:
        yield Caller(channel)


@pytest.fixture
def sweep(engine: sa.Engine, storage: Storage, saga: Saga) -> Callable[[], None]:
    """Lets every lease run out and the sweeper work until there is nothing to do, or nothing it can do."""

    def sweep() -> None:
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE redemptions SET lease_until = now() - interval '1s' WHERE lease_until IS NOT NULL")
            )
        while jobs.sweep_redemptions(storage, saga, lease_s=LEASE_S, limit=10):
            pass

    return sweep


@pytest.fixture
def books(engine: sa.Engine, ledger: Ledger) -> Iterator[Callable[[], None]]:
    """Checks the books of both sides; also at the end of every test that asks for it."""

    def check_books() -> None:
        assert list(check.check(engine)) == []
        claims = list(check.ledger_claims(engine))
        assert all(claim.is_settled for claim in claims)
        spent = {hold.hold_id: hold.captured for hold in ledger.spent_holds()}
        assert spent == {str(claim.hold_id): claim.cost_points for claim in claims if claim.is_spent}
        assert ledger.open_holds() == []

    yield check_books
    check_books()


@pytest.fixture
def storage_codes(engine: sa.Engine) -> Callable[[], list[str]]:
    """The codes of all vouchers, good or not."""

    def codes() -> list[str]:
        with engine.connect() as connection:
            return list(connection.scalars(sa.text("SELECT code FROM vouchers")))

    return codes
