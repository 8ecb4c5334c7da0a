"""What is done to the database of a service outside of its serving: migrated, and its rows given their digests.

Apart from `process.py`, since it needs a service's settings and tables and nothing else of it: `make run` does this for
all services in one process, which then loads none of them whole.
"""

from __future__ import annotations

import sqlalchemy as sa

from kit import database, migrations, row_digests
from kit.chassis.settings import ServiceSettings


def engine_of(settings: ServiceSettings) -> sa.Engine:
    """The engine for the service's database. Nothing is connected before the first use."""
    bounds = database.PoolBounds(size_max=settings.connections_max, wait_ms=settings.connection_wait_ms)
    return row_digests.keyed(database.engine(settings.database_url, bounds), settings.digest_key)


def migrate(word: str, settings: ServiceSettings, metadata: sa.MetaData) -> None:
    """Brings the database forward. Raises what `kit.migrations.upgrade` raises."""
    if migrations.upgrade(settings.database_url, word, owner_url=settings.owner_database_url):
        # Rows of before the checker had digests to compare; what was applied just now is why they have none.
        fill_digests(settings, metadata)


def fill_digests(settings: ServiceSettings, metadata: sa.MetaData) -> dict[str, int]:
    """Gives rows that have no digest theirs, as the owner: what is written once the role that serves may not change.

    Says how many, by table.
    """
    url, serving = settings.owner_database_url or settings.database_url, engine_of(settings)
    engine = sa.create_engine(url, poolclass=sa.NullPool).execution_options(**serving.get_execution_options())
    try:
        return row_digests.fill(engine, metadata)
    finally:
        engine.dispose()
