import dataclasses

import pytest

from kit.config import ConfigError, read, setting, variable_of


@dataclasses.dataclass(frozen=True)
class PantryConfig:
    database_url: str = setting("Where the jars are kept.", secret=True)
    redis_url: str = setting("Who carries the news.", variable="REDIS_URL", default="redis://127.0.0.1")
    jars_max: int = setting("How many fit.", default=40)
    is_open: bool = setting("Whether it is open.", default=True)
    key: bytes = setting("What opens it.", default=b"", secret=True)


def test_settings_are_named_after_their_fields() -> None:
    names = [variable_of(field, "PANTRY") for field in dataclasses.fields(PantryConfig)]

    assert names == ["PANTRY_DATABASE_URL", "REDIS_URL", "PANTRY_JARS_MAX", "PANTRY_IS_OPEN", "PANTRY_KEY"]


def test_settings_are_read_as_what_they_are() -> None:
    environ = {
        "PANTRY_DATABASE_URL": "postgresql://shelf",
        "REDIS_URL": "redis://crow",
        "PANTRY_JARS_MAX": "12",
        "PANTRY_IS_OPEN": "False",
        "PANTRY_KEY": "c2VzYW1l",
        "UNRELATED": "x",
    }

    expected = PantryConfig("postgresql://shelf", "redis://crow", jars_max=12, is_open=False, key=b"sesame")
    assert read(PantryConfig, "PANTRY", environ) == expected


def test_what_is_not_set_keeps_its_default() -> None:
    assert read(PantryConfig, "PANTRY", {"PANTRY_DATABASE_URL": "x"}) == PantryConfig("x")


def test_every_problem_is_named_at_once_and_no_value_is_shown() -> None:
    environ = {"PANTRY_JARS_MAX": "a dozen", "PANTRY_IS_OPEN": "perhaps", "PANTRY_KEY": "not base64!"}

    with pytest.raises(ConfigError) as error:
        read(PantryConfig, "PANTRY", environ)

    message = str(error.value)
    assert "PANTRY_DATABASE_URL is not set (Where the jars are kept.)" in message
    assert "PANTRY_JARS_MAX is not a whole number" in message
    assert "PANTRY_IS_OPEN is not one of true, false" in message
    assert "PANTRY_KEY is not base64" in message
    assert "dozen" not in message


def test_secrets_do_not_show_in_the_repr() -> None:
    assert "sesame" not in repr(PantryConfig("postgresql://user:sesame@shelf", key=b"sesame"))
