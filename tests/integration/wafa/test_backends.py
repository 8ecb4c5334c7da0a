"""The real servers: what they let in, what they show, and how they end."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import psycopg.errors
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kit import migrations
from tests.fixtures.servers import plain, scratch_folder
from tests.fixtures.waiting import wait_until
from wafa.backends import WORDS, BackendError, Backends, Ports, free_port, postgres, running, valkey
from wafa.backends.process import command_line, has_ended

LAUNCHER = Path(__file__).with_name("launcher.py")
FOREIGN = {f"{word.upper()}_DATABASE_URL": f"postgresql://elsewhere/{word}" for word in WORDS}
needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc, which is Linux's")


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Servers that the tests below look at and leave as they are."""
    with scratch_folder() as folder, Backends({}, folder / "state", durable=False, ports=Ports.free()) as started:
        yield started


@pytest.fixture
def state() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder / "state"


def scalar(url: str, query: str) -> object:
    with psycopg.connect(plain(url)) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


# ---- what they let in


@pytest.mark.parametrize("word", WORDS)
def test_each_database_has_a_role_that_serves_and_one_that_owns_it(backends: Backends, word: str) -> None:
    owner = f"{word}_owner"
    for role, url in ((word, backends.database_urls[word]), (owner, backends.owner_urls[word])):
        assert scalar(url, "SELECT current_user || '@' || current_database()") == f"{role}@{word}"
        assert scalar(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()") == (
            owner
        )
        assert scalar(
            url, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ) is (False)
    assert scalar(backends.database_urls[word], f"SELECT pg_has_role('{owner}', 'MEMBER')") is False


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("database", [*WORDS, "postgres", "template1"])
def test_no_role_reaches_a_database_that_is_not_its_own(backends: Backends, word: str, database: str) -> None:
    if word == database:
        return
    for url in (backends.database_urls[word], backends.owner_urls[word]):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(plain(url.rpartition("/")[0] + f"/{database}"))


def test_nobody_is_let_in_without_the_password(backends: Backends) -> None:
    parts = urlsplit(backends.database_urls["points"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=parts.port, user="points", dbname="points", password="guess")
    redis_parts = urlsplit(backends.redis_url)
    with (
        redis.Redis(port=redis_parts.port or 0, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_text_is_utf8_and_sorted_by_code_point_and_time_is_utc(backends: Backends) -> None:
    url = backends.database_urls["points"]
    assert scalar(url, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'points'") == "UTF8"
    assert scalar(url, "SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['ä', 'b', 'A', 'و']) AS w") == "Abäو"
    assert scalar(url, "SELECT upper('ä')") == "Ä"
    assert scalar(url, "SHOW timezone") == "UTC"


def test_streams_and_groups_work(backends: Backends) -> None:
    with redis.Redis.from_url(backends.redis_url, decode_responses=True) as client:
        client.xgroup_create("events", "points", mkstream=True)
        number = client.xadd("events", {"kind": "enrolled"})
        assert client.xreadgroup("points", "one", {"events": ">"}) is not None
        assert client.xautoclaim("events", "points", "two", 0)[1][0][0] == number
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}


# ---- what they show


@needs_proc
def test_no_command_line_shows_a_password(backends: Backends) -> None:
    assert backends.postgres is not None
    assert backends.valkey is not None
    urls = (*backends.database_urls.values(), *backends.owner_urls.values(), backends.redis_url)
    secrets = [urlsplit(url).password or "" for url in urls]
    secrets.append(backends.postgres.settings.password)
    assert all(secrets)
    for pid in (backends.postgres.pid, backends.valkey.pid):
        shown = command_line(pid) + Path(f"/proc/{pid}/environ").read_text()
        assert shown
        assert not any(secret in shown for secret in secrets)


def test_no_log_and_no_file_but_ours_holds_a_password(backends: Backends) -> None:
    assert backends.postgres is not None
    urls = (*backends.database_urls.values(), *backends.owner_urls.values(), backends.redis_url)
    passwords = [urlsplit(url).password or "" for url in urls]
    state = backends.postgres.settings.folder.parent
    told = {
        path.relative_to(state).as_posix(): path.stat().st_mode & 0o077
        for path in state.rglob("*")
        if path.is_file() and any(password.encode() in path.read_bytes() for password in passwords)
    }
    assert told == {"addresses.json": 0, "passwords.json": 0}


@needs_proc
def test_servers_run_as_an_ordinary_user(backends: Backends) -> None:
    assert backends.postgres is not None
    assert backends.valkey is not None
    for pid in (backends.postgres.pid, backends.valkey.pid):
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert "0" not in status["Uid"].split()
        assert "0" not in status["Gid"].split()
        if os.geteuid() == 0:
            assert status["Groups"].split() == []


def test_others_of_this_user_find_them(backends: Backends) -> None:
    assert backends.postgres is not None
    assert running(backends.postgres.settings.folder.parent) == backends.addresses


# ---- how they end, and begin again


def test_a_second_start_finds_the_same_passwords_and_data(state: Path) -> None:
    with Backends({}, state, durable=False, ports=Ports.free()) as first:
        with psycopg.connect(plain(first.owner_urls["points"])) as connection:
            connection.execute("CREATE TABLE entry AS SELECT 7 AS amount")
            connection.execute("GRANT SELECT ON entry TO points")
        passwords = [urlsplit(url).password for url in ways(first)]
    assert running(state) is None
    with Backends({}, state, durable=False, ports=Ports.free()) as second:
        assert [urlsplit(url).password for url in ways(second)] == passwords
        assert scalar(second.database_urls["points"], "SELECT amount FROM entry") == 7


@pytest.mark.parametrize("end", ["stop", "stop_immediately", "kill"])
def test_what_was_committed_survives_every_end(own_backends: Backends, end: str) -> None:
    server, url = own_backends.postgres, own_backends.owner_urls["points"]
    assert server is not None
    with psycopg.connect(plain(url)) as connection:
        # Committed for real, whatever the default of servers for tests.
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE entry AS SELECT 7 AS amount")
    with psycopg.connect(plain(url)) as witness:
        getattr(server, end)()
        assert not server.alive
        # A process whose first one was killed may still answer a statement before it notices.
        wait_until(lambda: refuses(witness), what="nobody answers")
    server.start()
    assert scalar(url, "SELECT amount FROM entry") == 7


def ways(backends: Backends) -> list[str]:
    return [*backends.database_urls.values(), *backends.owner_urls.values()]


def test_a_database_of_before_there_were_owners_is_given_to_its_owner(state: Path) -> None:
    with Backends({}, state, durable=False, ports=Ports.free()) as first:
        assert first.postgres is not None
        for word in WORDS:
            as_one_role(first.postgres, word)
        migrations.upgrade(first.database_urls["points"], "points")
    passwords = json.loads((state / "passwords.json").read_text())
    kept = {name: password for name, password in passwords.items() if not name.endswith("_owner")}
    (state / "passwords.json").write_text(json.dumps(kept))
    for _ in range(2):
        with Backends({}, state, durable=False, ports=Ports.free()) as again:
            url, owner_url = again.database_urls["points"], again.owner_urls["points"]
            migrations.upgrade(url, "points", owner_url=owner_url)
            assert scalar(url, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == (
                "points_owner"
            )
            assert scalar(url, "SELECT count(*) FROM entries") == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                scalar(url, "DELETE FROM entries RETURNING 1")


def as_one_role(server: postgres.PostgresServer, word: str) -> None:
    """Takes the owner away again, as it was before there was one."""
    with server.connect() as connection:
        connection.execute(f"ALTER DATABASE {word} OWNER TO {word}")
        connection.execute(f"DROP ROLE {word}_owner")


def refuses(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_valkey_comes_back_empty_at_the_same_address(own_backends: Backends, end: str) -> None:
    server = own_backends.valkey
    assert server is not None
    with redis.Redis.from_url(own_backends.redis_url) as client:
        client.set("cached", "value")
        getattr(server, end)()
        assert not server.alive
        server.start()
        assert client.dbsize() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a server that its launcher has gone")
def test_a_killed_launcher_leaves_no_server_behind(state: Path) -> None:
    launcher = [sys.executable, str(LAUNCHER), str(state)]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    with subprocess.Popen(launcher, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in json.loads(process.stdout.readline()).values()]
        assert not any(map(has_ended, pids))
        process.kill()
    wait_until(lambda: all(map(has_ended, pids)), what="all are gone")
    assert running(state) is None
    # PostgreSQL was asked to stop and not cut off, so nothing has to be replayed.
    log = state / "logs" / "postgres.log"
    assert "received fast shutdown request" in log.read_text()
    wait_until(lambda: "database system is shut down" in log.read_text(), what="PostgreSQL has shut down")


def test_a_server_that_outlived_its_launcher_is_found_and_stopped(own_backends: Backends) -> None:
    # As the next start and `make reset` do; on Linux the servers are usually gone by then.
    assert own_backends.postgres is not None
    assert own_backends.valkey is not None
    postgres.stop_orphan(own_backends.postgres.settings.folder)
    assert not own_backends.postgres.alive
    valkey.stop_orphan(own_backends.valkey.settings.folder)
    assert not own_backends.valkey.alive


# ---- what is refused, and what is passed over


def test_addresses_in_the_environment_start_nothing(state: Path) -> None:
    with Backends(FOREIGN | {"REDIS_URL": "redis://elsewhere/0"}, state) as given:
        assert (given.postgres, given.valkey) == (None, None)
        assert given.database_urls["points"] == "postgresql+psycopg://elsewhere/points"
        assert given.redis_url == "redis://elsewhere/0"
    assert not state.exists()


def test_databases_in_the_environment_leave_only_valkey_to_start(state: Path) -> None:
    with Backends(FOREIGN, state, ports=Ports.free()) as given:
        assert given.postgres is None
        with redis.Redis.from_url(given.redis_url) as client:
            assert client.ping()


def test_redis_in_the_environment_leaves_only_postgres_to_start(state: Path) -> None:
    with Backends({"REDIS_URL": "redis://elsewhere/0"}, state, durable=False, ports=Ports.free()) as given:
        assert (given.valkey, given.redis_url) == (None, "redis://elsewhere/0")
        assert scalar(given.database_urls["members"], "SELECT 1") == 1


def test_a_wanted_port_that_is_taken_is_passed_over_aloud(backends: Backends, state: Path) -> None:
    assert backends.valkey is not None
    taken = backends.valkey.settings.port
    said: list[str] = []
    with Backends(FOREIGN, state, ports=Ports(free_port(), taken), say=said.append) as other:
        assert urlsplit(other.redis_url).port != taken
    assert len(said) == 1
    assert f"Port {taken} is taken" in said[0]


def test_a_server_whose_port_was_taken_meanwhile_says_so(own_backends: Backends, backends: Backends) -> None:
    assert own_backends.postgres is not None
    assert backends.valkey is not None
    own_backends.postgres.stop()
    object.__setattr__(own_backends.postgres.settings, "port", backends.valkey.settings.port)
    with pytest.raises(BackendError, match=r"Port .* PostgreSQL .* taken"):
        own_backends.postgres.start()


def test_data_of_another_version_is_refused_and_left_alone(state: Path) -> None:
    with Backends({}, state, durable=False, ports=Ports.free()) as first:
        assert first.postgres is not None
        note = first.postgres.settings.data / "PG_VERSION"
    note.write_text("12\n")
    with pytest.raises(BackendError, match=r"written by PostgreSQL 12, .* `make reset`"), Backends({}, state):
        pass
    assert note.exists()
    assert running(state) is None


def test_lost_passwords_are_refused_with_a_remedy(state: Path) -> None:
    with Backends({}, state, durable=False, ports=Ports.free()):
        pass
    (state / "passwords.json").unlink()
    with (
        pytest.raises(BackendError, match=r"restore passwords.json .* `make reset`"),
        Backends({}, state, ports=Ports.free()),
    ):
        pass


def test_an_interrupted_first_start_is_begun_anew(state: Path) -> None:
    with Backends({}, state, durable=False, ports=Ports.free()) as first:
        assert first.postgres is not None
        data = first.postgres.settings.data
    data.rename(data.with_name("data.draft"))
    (data.with_name("data.draft") / "PG_VERSION").unlink()
    with Backends({}, state, durable=False, ports=Ports.free()) as second:
        assert scalar(second.database_urls["points"], "SELECT 1") == 1
    assert sorted(path.name for path in data.parent.iterdir()) == ["data"]
