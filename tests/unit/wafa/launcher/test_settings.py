"""Each process gets what it needs to know and not what the others do."""

from __future__ import annotations

import os

import pytest

from kit.peers.identity import hash_of
from wafa.backends import WORDS, Addresses
from wafa.launcher.ports import Ports
from wafa.launcher.settings import Settings

PORTS = Ports(
    8080,
    {word: number for number, word in enumerate(WORDS, 1)},
    {word: number for number, word in enumerate((*WORDS, "gateway"), 101)},
)
TOKENS = {name: f"token-of-{name}" for name in (*WORDS, "gateway", "operator")}
SECRETS = {"MEMBERS_MASTER_KEY": "sealed", "MEMBERS_LOOKUP_PEPPER": "hashed"}


@pytest.fixture
def settings() -> Settings:
    urls = {word: f"postgresql+psycopg://{word}" for word in WORDS}
    environ = {"PATH": "/bin", "POINTS_LOG_LEVEL": "debug", "MEMBERS_DATABASE_URL": "x", "GATEWAY_THREADS": "4"}
    environ |= {"POINTS_OWNER_DATABASE_URL": "y", "WAFA_TOKEN": TOKENS["operator"]}
    owners = {word: f"postgresql+psycopg://{word}_owner" for word in urls}
    return Settings(environ, Addresses(urls, "redis://r", owners), SECRETS, TOKENS)


def test_a_service_knows_its_own_database_and_no_other(settings: Settings) -> None:
    environ = settings.of_service("points", PORTS)
    assert environ["POINTS_DATABASE_URL"] == "postgresql+psycopg://points"
    assert "MEMBERS_DATABASE_URL" not in environ
    assert not SECRETS.keys() & environ.keys()


def test_only_who_migrates_knows_the_role_that_owns_the_tables(settings: Settings) -> None:
    migrating = settings.of_migrations(["points", "rewards"])
    assert migrating["REWARDS_OWNER_DATABASE_URL"] == "postgresql+psycopg://rewards_owner"
    assert migrating["POINTS_OWNER_DATABASE_URL"] == "postgresql+psycopg://points_owner"
    assert "MEMBERS_OWNER_DATABASE_URL" not in migrating
    others = (settings.of_service("points", PORTS), settings.of_command("points"), settings.of_gateway("h", PORTS))
    assert not [name for environ in others for name in environ if "OWNER" in name]


def test_a_process_knows_its_own_token_and_of_others_the_hashes(settings: Settings) -> None:
    for name in (*WORDS, "gateway"):
        environ = settings.of_gateway("h", PORTS) if name == "gateway" else settings.of_service(name, PORTS)
        assert [value for value in environ.values() if value in TOKENS.values()] == [TOKENS[name]]
        assert (hash_of(TOKENS["operator"]) in environ.get(f"{name.upper()}_PEER_TOKENS", "")) is (name != "gateway")


def test_members_alone_gets_the_secrets(settings: Settings) -> None:
    assert SECRETS.items() <= settings.of_service("members", PORTS).items()
    assert not SECRETS.keys() & settings.of_gateway("127.0.0.1", PORTS).keys()


def test_the_gateway_knows_no_database(settings: Settings) -> None:
    environ = settings.of_gateway("10.0.0.7", PORTS)
    assert not [name for name in environ if name.endswith("_DATABASE_URL")]
    assert environ["GATEWAY_POINTS_ADDRESS"] == "127.0.0.1:2"
    assert (environ["GATEWAY_HOST"], environ["GATEWAY_PORT"], environ["GATEWAY_THREADS"]) == ("10.0.0.7", "8080", "4")


def test_what_a_person_has_set_for_a_process_reaches_it(settings: Settings) -> None:
    assert settings.of_service("points", PORTS)["POINTS_LOG_LEVEL"] == "debug"
    assert "POINTS_LOG_LEVEL" not in settings.of_service("rewards", PORTS)
    assert settings.of_service("rewards", PORTS)["PATH"] == "/bin"


def test_those_who_serve_die_with_the_launcher_and_commands_are_finished(settings: Settings) -> None:
    assert settings.of_service("rewards", PORTS)["WAFA_DIE_WITH_PARENT"] == str(os.getpid())
    assert "WAFA_DIE_WITH_PARENT" not in settings.of_command("rewards")


def test_services_find_those_whom_they_call(settings: Settings) -> None:
    environ = settings.of_service("rewards", PORTS)
    assert "MEMBERS_ADDRESS" not in environ
    assert (environ["POINTS_ADDRESS"], environ["REWARDS_PORT"], environ["REWARDS_INTERNAL_PORT"]) == (
        "127.0.0.1:2",
        "3",
        "103",
    )
