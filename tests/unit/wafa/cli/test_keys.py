"""Wherever an app key is made, it is said that it must never be shipped inside an app."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest
from typer.testing import CliRunner

from wafa.cli import keys, run
from wafa.register import Key, Program, Register

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PROGRAM = Program("6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11", "Bazaar", "GBP", "GB", NOW)


@dataclasses.dataclass
class FakeRegister:
    """A register with one program and one key; it notes which key is replaced."""

    replaced: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Closes nothing."""

    def programs(self) -> list[Program]:
        return [PROGRAM]

    def keys(self, _program_id: str) -> list[Key]:
        return [Key("0b5f", "till 1", "till", "wafa_till_7Kq2mZ8x", NOW, None)]

    def create_key(self, _program_id: str, name: str, role: str, *, replaces: str = "") -> tuple[Key, str]:
        self.replaced = replaces
        return Key("0b60", name, role, f"wafa_{role}_7Kq2mZ8y", NOW, None), "the-key"


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> FakeRegister:
    found = FakeRegister()
    monkeypatch.setattr(keys, "register_of", lambda _environ: found)
    monkeypatch.setattr(keys, "chosen", lambda _register, _program: PROGRAM)
    return found


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("role", ["till", "app", "staff", "admin"])
def test_the_command_line_warns_of_an_app_key_and_of_no_other(role: str) -> None:
    result = CliRunner().invoke(keys.app, ["create", role])
    assert result.exit_code == 0, result.output
    assert ("never ship it inside an app" in " ".join(result.stderr.split())) is (role == "app")
    # What is piped into a vault is the key alone.
    assert result.stdout.split() == ["the-key"]


@pytest.mark.parametrize("named", ["wafa_till_7Kq2mZ8x", "0b5f"])
def test_a_key_is_replaced_by_prefix_or_id(register: FakeRegister, named: str) -> None:
    assert CliRunner().invoke(keys.app, ["create", "till", "--replaces", named]).exit_code == 0
    assert register.replaced == "0b5f"


def test_the_screen_of_the_demo_says_it_beside_the_key() -> None:
    assert "never inside an app" in run.PURPOSES["app"]


@pytest.mark.parametrize("page", ["docs/operations.md"])
def test_the_pages_about_keys_say_it(page: str) -> None:
    text = " ".join((Path(__file__).parents[4] / page).read_text().split())
    assert "never ship it inside an app" in text


def test_the_register_that_is_faked_has_these_methods() -> None:
    assert all(hasattr(Register, name) for name in ("programs", "keys", "create_key"))
