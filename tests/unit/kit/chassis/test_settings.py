"""The settings that every service has, and what a service may change of them."""

from __future__ import annotations

import dataclasses
import importlib

import pytest

from kit.chassis.settings import ServiceSettings
from kit.config import read, setting, variable_of, with_default
from kit.suite import suite


@dataclasses.dataclass(frozen=True, kw_only=True)
class PantryConfig(ServiceSettings):
    connections_max: int = with_default(ServiceSettings, "connections_max", 3)
    jars_max: int = setting("How many fit.", default=40)


def test_a_setting_with_another_default_is_the_same_otherwise() -> None:
    before, after = (
        next(field for field in dataclasses.fields(config) if field.name == "connections_max")
        for config in (ServiceSettings, PantryConfig)
    )
    assert (before.default, after.default) == (16, 3)
    assert after.metadata == before.metadata


def test_a_service_reads_its_own_and_those_of_all_under_its_word() -> None:
    environ = {"PANTRY_DATABASE_URL": "x", "PANTRY_JARS_MAX": "2", "PANTRY_THREADS_MAX": "5", "REDIS_URL": "redis://r"}
    settings = read(PantryConfig, "PANTRY", environ)
    assert (settings.jars_max, settings.threads_max, settings.connections_max) == (2, 5, 3)
    assert (settings.redis_url, settings.digest_key) == ("redis://r", b"")


@pytest.mark.parametrize("word", suite().words)
def test_a_service_listens_where_the_list_of_services_says_and_keeps_every_common_setting(word: str) -> None:
    config = importlib.import_module(f"services.{word}.config").Config
    settings = {variable_of(field, word): field.default for field in dataclasses.fields(config)}
    entry = suite().services[word]
    assert settings[f"{entry.prefix}_PORT"] == entry.port
    assert settings[f"{entry.prefix}_INTERNAL_PORT"] == entry.internal_port
    assert settings.keys() >= {variable_of(field, word) for field in dataclasses.fields(ServiceSettings)}
    assert settings.keys() >= {*entry.secrets, *(f"{other.upper()}_ADDRESS" for other in entry.calls)}
