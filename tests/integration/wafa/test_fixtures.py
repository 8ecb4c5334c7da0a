"""The servers that tests share: everybody gets something of their own."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psycopg
import pytest
import redis
from psycopg import sql

from tests.fixtures.servers import Lender, ask_for_servers, plain
from wafa.backends import WORDS


@pytest.mark.parametrize("word", WORDS)
def test_each_database_is_new_migrated_and_the_services_own(databases: Callable[[str], str], word: str) -> None:
    one, other = databases(word), databases(word)
    assert one != other
    with psycopg.connect(plain(one)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (word,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_databases_are_dropped_when_they_are_given_back(lender: Lender) -> None:
    with lender.blank_database() as url, psycopg.connect(plain(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(plain(url))


class CountingUpgrade:
    """A schema of one table and one setting, and how often it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, url: str, word: str, owner_url: str) -> None:
        self.calls.append(word)
        with psycopg.connect(plain(owner_url), autocommit=True) as connection:
            connection.execute("CREATE TABLE receipt (number int)")
            connection.execute("GRANT SELECT ON receipt TO points")
            database = connection.info.dbname
            connection.execute(sql.SQL("ALTER DATABASE {} SET lock_timeout = '7s'").format(sql.Identifier(database)))


def test_workers_that_ask_at_once_migrate_once_and_get_the_same() -> None:
    upgrade = CountingUpgrade()
    name = f"once_{uuid.uuid4().hex[:8]}"
    with ExitStack() as exits:
        lenders = [
            exits.enter_context(closing(Lender(ask_for_servers(), worker, upgrade, templates=name)))
            for worker in range(4)
        ]
        with ThreadPoolExecutor(len(lenders)) as threads:
            urls = list(threads.map(lambda each: exits.enter_context(each.database("points")), lenders))
        assert len(set(urls)) == len(lenders)
        for url in urls:
            with psycopg.connect(plain(url)) as connection:
                assert connection.execute("SELECT count(*) FROM receipt").fetchone() == (0,)
                assert connection.execute("SHOW lock_timeout").fetchone() == ("7s",)
    assert upgrade.calls == ["points"]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_redis_is_empty_again_and_ones_own(redis_url: str, lender: Lender, turn: str) -> None:
    with redis.Redis.from_url(redis_url) as mine, lender.redis() as other_url:
        assert mine.dbsize() == 0
        mine.set("turn", turn)
        with redis.Redis.from_url(other_url) as other:
            assert other.get("turn") is None
