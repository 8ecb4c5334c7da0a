"""Migrations against a real database, with a service that keeps jars."""

import importlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg.errors
import pytest
import sqlalchemy as sa
import structlog.testing

from kit import migrations
from kit.migrations import runner, timeouts
from tests.fixtures.servers import Lender

PACKAGE = "tests.integration.kit.sample"
SAMPLE = Path(__file__).with_name("sample")


def upgrade(url: str) -> None:
    migrations.upgrade(url, "pantry", PACKAGE)


def pending(url: str) -> list[str]:
    return migrations.pending(url, "pantry", PACKAGE)


def drift(url: str) -> list[str]:
    return migrations.drift(url, "pantry", PACKAGE)


def execute(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def take_back_the_last(engine: sa.Engine) -> None:
    execute(engine, "ALTER TABLE jars DROP COLUMN opened_at", "UPDATE alembic_version SET version_num = '1'")


# ---- upgrade


def test_an_upgrade_leaves_nothing_pending_and_what_the_tables_say(empty_database: str) -> None:
    assert pending(empty_database) == ["1", "2"]
    upgrade(empty_database)
    assert pending(empty_database) == []
    assert drift(empty_database) == []


def test_an_upgrade_goes_on_from_where_the_database_is(empty_database: str, engine: sa.Engine) -> None:
    upgrade(empty_database)
    take_back_the_last(engine)
    assert pending(empty_database) == ["2"]
    upgrade(empty_database)
    assert drift(empty_database) == []


def test_deployers_wait_for_one_another(empty_database: str, engine: sa.Engine) -> None:
    with ThreadPoolExecutor() as threads:
        with runner.alone(engine, "pantry") as first:
            second = threads.submit(upgrade, empty_database)
            # The lock that it waits for is the sign that it has come so far; how long that takes does not matter.
            while not first.scalar(
                sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            ):
                assert not second.done()
            assert pending(empty_database) == ["1", "2"]
        second.result()
    assert drift(empty_database) == []


def test_older_code_leaves_a_newer_database_alone(empty_database: str, engine: sa.Engine) -> None:
    upgrade(empty_database)
    execute(engine, "UPDATE alembic_version SET version_num = '7'")
    with structlog.testing.capture_logs() as logs:
        upgrade(empty_database)
    assert {
        "event": "database_is_ahead_of_code",
        "service": "pantry",
        "database": "7",
        "code": ["2"],
    }.items() <= (logs[0].items())
    assert pending(empty_database) == []


def test_a_database_of_before_the_first_release_is_refused_in_a_sentence(
    empty_database: str, engine: sa.Engine
) -> None:
    upgrade(empty_database)
    execute(engine, "UPDATE alembic_version SET version_num = '0002'")
    for work in (upgrade, pending):
        with pytest.raises(migrations.OldDatabaseError, match=r"made by a version before 0\.1\.0.*make reset"):
            work(empty_database)


def test_a_migration_gives_up_when_it_must_wait_long_for_a_lock(
    empty_database: str, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty_database)
    take_back_the_last(engine)
    monkeypatch.setitem(timeouts.MIGRATION_TIMEOUTS_MS, "lock_timeout", 20)
    with engine.begin() as till:
        till.exec_driver_sql("SELECT * FROM jars")
        with pytest.raises(sa.exc.OperationalError) as failed:
            upgrade(empty_database)
    assert isinstance(failed.value.orig, psycopg.errors.LockNotAvailable)
    upgrade(empty_database)
    assert drift(empty_database) == []


# ---- time-outs


def shown(url: str) -> list[object]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [connection.scalar(sa.text(f"SHOW {name}")) for name in timeouts.DATABASE_TIMEOUTS_MS]


def test_sessions_of_an_upgraded_database_have_timeouts(empty_database: str) -> None:
    upgrade(empty_database)
    assert shown(empty_database) == ["5s", "30s", "1min"]


def test_an_operators_timeout_stays(empty_database: str, engine: sa.Engine) -> None:
    execute(engine, f'ALTER DATABASE "{engine.url.database}" SET statement_timeout = 7000')
    upgrade(empty_database)
    assert shown(empty_database) == ["5s", "7s", "1min"]


def test_a_role_that_does_not_own_its_database_is_told_what_to_set(
    empty_database: str, engine: sa.Engine, lender: Lender
) -> None:
    url = sa.make_url(lender.servers.superuser_url).set(database=engine.url.database)
    superuser = sa.create_engine(url, poolclass=sa.NullPool)
    execute(
        superuser,
        f'ALTER DATABASE "{engine.url.database}" OWNER TO members',
        f"GRANT CREATE ON SCHEMA public TO {engine.url.username}",
        f'GRANT CONNECT ON DATABASE "{engine.url.database}" TO {engine.url.username}',
    )
    with structlog.testing.capture_logs() as logs:
        upgrade(empty_database)
    assert "database_timeouts_not_set" in [log["event"] for log in logs]
    assert pending(empty_database) == []


# ---- drift


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("ALTER TABLE jars ADD COLUMN lid text", ["+ jars: column lid text"]),
        (
            "ALTER TABLE jars ALTER COLUMN grams TYPE integer",
            ["- jars: column grams bigint NOT NULL", "+ jars: column grams integer NOT NULL"],
        ),
        (
            "ALTER TABLE jars ALTER COLUMN label DROP DEFAULT",
            ["+ jars: column label text NOT NULL", "- jars: column label text NOT NULL DEFAULT ''::text"],
        ),
        (
            "ALTER TABLE jars ALTER COLUMN grams DROP NOT NULL",
            ["+ jars: column grams bigint", "- jars: column grams bigint NOT NULL"],
        ),
        (
            "ALTER TABLE jars DROP CONSTRAINT ck_jars_grams_not_negative",
            ["- jars: constraint ck_jars_grams_not_negative CHECK (grams >= 0)"],
        ),
        (
            "ALTER TABLE jars DROP CONSTRAINT ck_jars_grams_not_negative, "
            "ADD CONSTRAINT ck_jars_grams_not_negative CHECK (grams >= -1)",
            [
                "+ jars: constraint ck_jars_grams_not_negative CHECK (grams >= '-1'::integer)",
                "- jars: constraint ck_jars_grams_not_negative CHECK (grams >= 0)",
            ],
        ),
        (
            "DROP INDEX ix_jars_opened; CREATE INDEX ix_jars_opened ON jars (opened_at)",
            [
                "+ jars: CREATE INDEX ix_jars_opened ON jars USING btree (opened_at)",
                "- jars: CREATE INDEX ix_jars_opened ON jars USING btree (opened_at) WHERE opened_at IS NOT NULL",
            ],
        ),
        ("CREATE TABLE crumbs ()", ["+ crumbs: table"]),
    ],
)
def test_every_difference_is_seen(empty_database: str, engine: sa.Engine, change: str, difference: list[str]) -> None:
    upgrade(empty_database)
    execute(engine, change)
    assert drift(empty_database) == difference


# ---- writing them


def test_sql_is_for_people_and_linters() -> None:
    text = migrations.sql("pantry", PACKAGE)
    assert "CREATE TABLE jars" in text
    assert text.count("COMMIT;") == 2


def test_a_new_migration_is_numbered_and_carries_its_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SAMPLE, tmp_path / "larder", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    path = migrations.new("pantry", "Count the lids.", "larder")
    assert path == tmp_path / "larder" / "pantry" / "migrations" / "versions" / "0003_count_the_lids.py"
    text = path.read_text()
    assert text.startswith('"""Count the lids.\n')
    assert 'revision = "3"\ndown_revision = "2"' in text
    assert "Long locks" in text
    assert "Old code keeps running" in text
    assert "-- Running upgrade 2 -> 3" in migrations.sql("pantry", "larder")
