"""Databases without a schema, and a stage on which events are told and heard."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from tests.fixtures.servers import Lender, plain
from tests.integration.kit.stage import Stage

OWNER = "points"


@pytest.fixture
def empty_database(lender: Lender) -> Iterator[str]:
    """The URL of a new, empty database; its role owns it and may do nothing else on the server."""
    name = sql.Identifier(f"kit_{uuid.uuid4().hex[:12]}")
    with psycopg.connect(plain(lender.servers.superuser_url), autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER)))
        yield f"{lender.servers.service_urls[OWNER].rpartition('/')[0]}/{name.as_string().strip(chr(34))}"
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def engine(empty_database: str) -> Iterator[sa.Engine]:
    """An engine on an empty database."""
    made = sa.create_engine(empty_database)
    yield made
    made.dispose()


@pytest.fixture
def stage(engine: sa.Engine, redis_url: str) -> Iterator[Stage]:
    """A service that announces and one that listens, without anything having happened."""
    with Stage.set(engine, redis_url) as made:
        yield made
