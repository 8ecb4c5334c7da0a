"""The role that serves a pantry, and the role that owns it: what migrating lets the one do that is not the other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import psycopg.errors
import pytest
import structlog.testing
from psycopg import sql

from kit import database, migrations
from kit.migrations import grants, timeouts
from kit.rights import Grants, Rights
from tests.fixtures.servers import Lender, plain
from tests.integration.kit.sample.pantry.grants import GRANTS
from wafa.backends.databases import NO_LIMIT, let_in, owner_of, provide_database, provide_role

PACKAGE = "tests.integration.kit.sample"
PASSWORD = "for-loopback-alone"
JAR = "INSERT INTO jars (id, grams) VALUES (gen_random_uuid(), 250)"


class Pantry:
    """A database and the ways of its two roles."""

    def __init__(self, role: str, url: str, owner_url: str, superuser_url: str) -> None:
        self.role = role
        self.url = url
        self.owner_url = owner_url
        self._superuser_url = superuser_url

    def upgrade(self) -> None:
        migrations.upgrade(self.url, "pantry", PACKAGE, owner_url=self.owner_url)

    def serve(self, statement: str) -> int:
        """Runs a statement as the role that serves, which is called `server` in it."""
        return self._run(self.url, statement)

    def own(self, statement: str) -> int:
        return self._run(self.owner_url, statement)

    def superuse(self, statement: str) -> int:
        return self._run(self._superuser_url, statement)

    def excess(self) -> list[str]:
        """What the checker says of the role's rights."""
        engine = database.engine(self.url, database.PoolBounds(size_max=1))
        found = [f"{each.subject}: {each.problem}" for each in grants.excess(engine, GRANTS)]
        engine.dispose()
        return found

    def _run(self, url: str, statement: str) -> int:
        with psycopg.connect(plain(url), autocommit=True) as connection:
            return connection.execute(statement.replace("server", self.role).encode()).rowcount


@pytest.fixture
def pantry(lender: Lender) -> Iterator[Pantry]:
    """A database without any table, and two roles of its own: roles belong to the whole server."""
    name = f"kit_{uuid.uuid4().hex[:12]}"
    parts = urlsplit(lender.servers.superuser_url)
    with psycopg.connect(plain(parts.geturl()), autocommit=True) as superuser:
        for role in (name, owner_of(name)):
            provide_role(superuser, role, PASSWORD, NO_LIMIT)
        provide_database(superuser, name, owner_of(name))
        let_in(superuser, name, name)
        ways = [parts._replace(netloc=f"{role}:{PASSWORD}@127.0.0.1:{parts.port}") for role in (name, owner_of(name))]
        yield Pantry(name, *(way._replace(path=f"/{name}").geturl() for way in (*ways, parts)))
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for role in (name, owner_of(name)):
            superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_the_role_that_serves_may_do_what_its_grants_say(pantry: Pantry) -> None:
    pantry.upgrade()
    assert pantry.serve(JAR) == 1
    assert pantry.serve("SELECT label FROM jars") == 1
    assert pantry.serve("UPDATE jars SET opened_at = now()") == 1
    assert pantry.serve("SELECT id FROM jars FOR UPDATE SKIP LOCKED") == 1
    assert pantry.serve("DELETE FROM jars") == 1
    assert migrations.pending(pantry.url, "pantry", PACKAGE) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jars SET grams = 1",
        "UPDATE jars SET opened_at = now(), label = ''",
        "TRUNCATE jars",
        "DROP TABLE jars",
        "ALTER TABLE jars DISABLE TRIGGER ALL",
        "CREATE TABLE lids ()",
        "UPDATE alembic_version SET version_num = '1'",
        "GRANT server_owner TO server",
        "CREATE RULE r AS ON INSERT TO jars DO INSTEAD NOTHING",
        "SET ROLE server_owner",
    ],
)
def test_postgresql_refuses_whatever_else_the_role_that_serves_tries(pantry: Pantry, statement: str) -> None:
    pantry.upgrade()
    pantry.serve(JAR)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        pantry.serve(statement)


def test_rights_that_grants_do_not_name_are_taken_away_and_missing_ones_given_again(pantry: Pantry) -> None:
    pantry.upgrade()
    pantry.own("GRANT ALL ON jars TO server")
    pantry.own("GRANT UPDATE ON alembic_version TO server")
    assert {line.partition(":")[0] for line in pantry.excess()} >= {"jars", "jars.grams", "alembic_version.version_num"}
    pantry.upgrade()
    assert pantry.excess() == []
    assert pantry.serve(JAR) == 1
    assert pantry.serve("UPDATE jars SET opened_at = now()") == 1
    pantry.own("REVOKE ALL ON jars FROM server")
    pantry.upgrade()
    assert pantry.serve("DELETE FROM jars") == 1


@pytest.mark.parametrize(
    ("given", "taken", "subject"),
    [
        ("GRANT UPDATE (grams) ON jars TO PUBLIC", "REVOKE ALL ON jars FROM PUBLIC", "jars.grams"),
        ("GRANT server_owner TO server", "REVOKE server_owner FROM server", "jars.grams"),
        ("GRANT TRUNCATE ON jars TO server", "REVOKE TRUNCATE ON jars FROM server", "jars"),
    ],
)
def test_the_checker_finds_a_right_by_whatever_way_it_was_given(
    pantry: Pantry, given: str, taken: str, subject: str
) -> None:
    pantry.upgrade()
    assert pantry.excess() == []
    pantry.superuse(given)
    found = pantry.excess()
    pantry.superuse(taken)
    assert subject in {line.partition(":")[0] for line in found}
    assert pantry.excess() == []


def test_an_upgrade_that_finds_all_as_it_should_be_changes_no_right(pantry: Pantry) -> None:
    pantry.upgrade()
    with structlog.testing.capture_logs() as logs:
        pantry.upgrade()
    assert [log["event"] for log in logs] == ["database_upgraded"]


def test_both_roles_have_the_timeouts(pantry: Pantry) -> None:
    pantry.upgrade()
    for url in (pantry.url, pantry.owner_url):
        with psycopg.connect(plain(url)) as connection:
            shown = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in timeouts.DATABASE_TIMEOUTS_MS]
            assert shown == [("5s",), ("30s",), ("1min",)]


def test_a_database_that_is_ahead_of_the_code_keeps_its_rights(pantry: Pantry) -> None:
    pantry.upgrade()
    pantry.own("GRANT UPDATE (label) ON jars TO server")
    pantry.own("UPDATE alembic_version SET version_num = '7'")
    pantry.upgrade()
    pantry.serve(JAR)
    assert pantry.serve("UPDATE jars SET label = 'plums'") == 1


def test_a_table_that_the_grants_do_not_name_is_left_alone(pantry: Pantry) -> None:
    pantry.upgrade()
    pantry.own("CREATE TABLE lids (size int)")
    pantry.own("GRANT SELECT, DELETE ON lids TO server")
    pantry.upgrade()
    assert pantry.serve("DELETE FROM lids") == 0


def test_one_role_for_everything_works_and_the_log_warns_of_it(pantry: Pantry) -> None:
    with structlog.testing.capture_logs() as logs:
        migrations.upgrade(pantry.owner_url, "pantry", PACKAGE)
    warning = next(log for log in logs if log["event"] == "serving_role_owns_tables")
    assert warning["log_level"] == "warning"
    assert warning["to_set"] == "PANTRY_OWNER_DATABASE_URL"
    assert pantry.own(JAR) == 1


def test_migrating_without_the_owner_says_what_to_set(pantry: Pantry) -> None:
    pantry.upgrade()
    with pytest.raises(
        migrations.OwnershipError, match=r"belong to kit_\w+_owner and not to kit_\w+: set PANTRY_OWNER_"
    ):
        migrations.upgrade(pantry.url, "pantry", PACKAGE)


def test_tables_of_before_there_was_an_owner_are_given_to_it_by_the_statement_that_the_error_names(
    pantry: Pantry,
) -> None:
    pantry.superuse("GRANT CREATE ON SCHEMA public TO server")
    migrations.upgrade(pantry.url, "pantry", PACKAGE)
    pantry.serve(JAR)
    with pytest.raises(migrations.OwnershipError) as failed:
        pantry.upgrade()
    statement = str(failed.value).partition("run ")[2].partition(" in this database")[0]
    pantry.superuse(statement)
    pantry.upgrade()
    assert pantry.serve("UPDATE jars SET opened_at = now()") == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        pantry.serve("UPDATE jars SET grams = 0")


def test_a_lock_needs_a_column_to_change_and_no_more(pantry: Pantry) -> None:
    locking: Grants = {"jars": Rights(locked_by="label")}
    assert not locking["jars"].is_append_only
    pantry.upgrade()
    pantry.own("REVOKE ALL ON jars FROM server")
    pantry.own("GRANT SELECT, INSERT, UPDATE (label) ON jars TO server")
    pantry.serve(JAR)
    assert pantry.serve("SELECT grams FROM jars FOR UPDATE") == 1
