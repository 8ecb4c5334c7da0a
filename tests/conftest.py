"""What every test may ask for. The folders below say what kind of test is where:

unit/          one room of the code, no server, no clock but a given one
integration/   a service with its real database
end_to_end/    a story a file, over HTTP, against running processes
faults/        the same, while something is killed, cut or slowed
tidy/          the code base itself
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from tests.fixtures.servers import ROOM_VARIABLE, Lender, ServerRoom, ask_for_servers, plain, private_backends
from wafa.backends import Backends

DEEP = bool(os.environ.get("WAFA_DEEP"))
ROOM = pytest.StashKey[ServerRoom]()
PATIENCE = "60s"

# The everyday run tries the same examples each time, so that red means that somebody broke something. The deep run
# looks for new ones. How long an example takes is the machine's affair.
slow_is_fine = [HealthCheck.too_slow]
hypothesis_settings.register_profile("everyday", derandomize=True, deadline=None, suppress_health_check=slow_is_fine)
hypothesis_settings.register_profile(
    "deep", max_examples=2_000, deadline=None, suppress_health_check=slow_is_fine, print_blob=True
)
hypothesis_settings.load_profile("deep" if DEEP else "everyday")

# For eyes, and without the variables of every frame: to draw those takes a tenth of a second for each accident.
renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(), renderer])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "deep: takes long; only `make test-deep` runs it")
    if not hasattr(config, "workerinput"):  # xdist's workers use the room of the process that started them
        config.stash[ROOM] = ServerRoom()
        os.environ[ROOM_VARIABLE] = config.stash[ROOM].address


def pytest_unconfigure(config: pytest.Config) -> None:
    if room := config.stash.get(ROOM, None):
        room.close()


@pytest.hookimpl(trylast=True)  # Hypothesis has marked its tests by then
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not _runs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _runs(item)]


def _runs(item: pytest.Item) -> bool:
    """The deep run leaves out what would only do again what the everyday run does."""
    is_deep = item.get_closest_marker("deep") is not None
    return is_deep or item.get_closest_marker("hypothesis") is not None if DEEP else not is_deep


@pytest.fixture(scope="session")
def lender() -> Iterator[Lender]:
    """Lends databases and Redis key spaces; for fixtures that live longer than one test."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    found = Lender(ask_for_servers(), int(worker), upgrade)
    yield found
    found.close()


def upgrade(url: str, word: str, owner_url: str) -> None:
    from kit import migrations  # here, so that a test without a database pays nothing for them

    migrations.upgrade(url, word, owner_url=owner_url)
    # Of a busy machine, more threads wait for one row than get it within the five seconds that requests may wait.
    with psycopg.connect(plain(owner_url), autocommit=True) as connection:
        for name in ("lock_timeout", "statement_timeout"):
            statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
            database = sql.Identifier(connection.info.dbname)
            connection.execute(statement.format(database, sql.Identifier(name), sql.Literal(PATIENCE)))


@pytest.fixture
def databases(lender: Lender) -> Iterator[Callable[[str], str]]:
    """`databases("points")` is the URL of a new, empty, migrated database of that service, each time it is called.

    The role is the one that serves; `tests.fixtures.servers.as_owner` gives the way of the other.
    """
    with ExitStack() as exits:
        yield lambda word: exits.enter_context(lender.database(word))


@pytest.fixture
def blank_database(lender: Lender) -> Iterator[str]:
    """The URL of a new database without any table."""
    with lender.blank_database() as url:
        yield url


@pytest.fixture
def redis_url(lender: Lender) -> Iterator[str]:
    """The URL of an empty Redis key space of this test's own."""
    with lender.redis() as url:
        yield url


@pytest.fixture
def own_backends() -> Iterator[Backends]:
    """A PostgreSQL and a Valkey that nobody else uses: to stop, to kill, to fill. Takes about a second."""
    with private_backends() as backends:
        yield backends
