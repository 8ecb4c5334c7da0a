import pytest

from wafa.backends import WORDS, Addresses, BackendError, Ports
from wafa.backends.addresses import database_urls_in, owner_urls_in, redis_url_in, with_driver

ALL = {f"{word.upper()}_DATABASE_URL": f"postgresql://{word}@db/{word}" for word in WORDS}


def test_an_environment_without_databases_names_none() -> None:
    assert database_urls_in({"PATH": "/bin"}) == {}
    assert redis_url_in({"PATH": "/bin"}) == ""


def test_a_variable_that_is_empty_is_not_set() -> None:
    assert database_urls_in(dict.fromkeys(ALL, " ")) == {}
    assert redis_url_in({"REDIS_URL": ""}) == ""


def test_owners_may_be_named_for_some_databases_for_all_or_for_none() -> None:
    assert owner_urls_in(ALL) == {}
    some = {"REWARDS_OWNER_DATABASE_URL": "postgres://o@db/rewards", "POINTS_OWNER_DATABASE_URL": " "}
    assert owner_urls_in(ALL | some) == {"rewards": "postgresql+psycopg://o@db/rewards"}


def test_all_databases_are_taken_with_the_driver_that_we_bring() -> None:
    assert database_urls_in(ALL) == {word: f"postgresql+psycopg://{word}@db/{word}" for word in WORDS}


def test_some_databases_are_refused_and_the_missing_ones_named() -> None:
    some = {"POINTS_DATABASE_URL": ALL["POINTS_DATABASE_URL"]}
    missing = " and ".join(name for name in ALL if name not in some)
    with pytest.raises(BackendError, match=f"POINTS_DATABASE_URL is set but {missing} is not"):
        database_urls_in(some)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_style_of_url_is_understood(scheme: str) -> None:
    assert with_driver(f"{scheme}://a:b@c:1/d") == "postgresql+psycopg://a:b@c:1/d"


def test_services_get_the_addresses_in_the_variables_they_read() -> None:
    urls = {word: with_driver(ALL[f"{word.upper()}_DATABASE_URL"]) for word in WORDS}
    addresses = Addresses(urls, "redis://r", {"points": "postgresql+psycopg://points_owner@db/points"})
    environ = addresses.environ()
    assert database_urls_in(environ) == addresses.database_urls
    assert owner_urls_in(environ) == addresses.owner_urls
    assert redis_url_in(environ) == "redis://r"


def test_ports_are_those_that_the_environment_names() -> None:
    assert Ports.named({}) == Ports()
    assert Ports.named({"WAFA_POSTGRES_PORT": "5555"}) == Ports(postgres=5555)
    with pytest.raises(BackendError, match="WAFA_POSTGRES_PORT and WAFA_VALKEY_PORT are to be numbers"):
        Ports.named({"WAFA_VALKEY_PORT": "valkey"})
