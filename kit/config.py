"""Settings: one frozen dataclass a process, read once from the environment, every bound named with its unit.

A field is a setting: `POINTS_` + its name in capitals. Its default, type and comment live beside it in the process's
`config.py` through `setting()`, or for all services in `kit.chassis.settings`; docs/reference/config.md is checked
against them.
"""

from __future__ import annotations

import base64
import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

Config = TypeVar("Config")


class ConfigError(Exception):
    """A setting is missing or cannot be read; the message names the variable and says what it takes."""


def setting(about: str, *, default: Any = dataclasses.MISSING, variable: str = "", secret: bool = False) -> Any:
    """Declares a field of a config dataclass.

    `about` is its sentence in the reference. `variable` overrides the name of the environment variable, for settings
    that processes share, such as REDIS_URL. Secrets are left out of the dataclass' repr, and so out of logs.
    """
    metadata = {"about": about, "variable": variable, "secret": secret}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata, repr=not secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def with_default(config: type[Any], name: str, default: Any) -> Any:
    """The setting of a base class, with another default and nothing else."""
    (field,) = (each for each in dataclasses.fields(config) if each.name == name)
    return dataclasses.field(default=default, metadata=field.metadata, repr=field.repr)


def variable_of(field: dataclasses.Field[Any], prefix: str) -> str:
    """The environment variable that sets the field."""
    return str(field.metadata.get("variable") or "") or f"{prefix}_{field.name}".upper()


def read(config: type[Config], prefix: str, environ: Mapping[str, str]) -> Config:
    """Reads the settings of `config`, or raises ConfigError with every problem in one message."""
    if not dataclasses.is_dataclass(config):
        raise TypeError(f"{config.__name__} is not a dataclass")
    hints = typing.get_type_hints(config)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(config):
        variable = variable_of(field, prefix)
        text = environ.get(variable)
        if text is None:
            if field.default is dataclasses.MISSING:
                problems.append(f"{variable} is not set ({field.metadata.get('about', '')})")
            continue
        try:
            values[field.name] = _parse(text, hints[field.name])
        except ValueError:
            problems.append(f"{variable} is not {_KIND_NAMES.get(hints[field.name], 'readable')}")
    if problems:
        raise ConfigError("; ".join(problems))
    return config(**values)


_KIND_NAMES: dict[Any, str] = {int: "a whole number", bool: "one of true, false", bytes: "base64"}


def _parse(text: str, kind: Any) -> Any:
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False, "": False}[_known_bool(text)]
    if kind is int:
        return int(text)
    if kind is bytes:
        return base64.b64decode(text, validate=True)
    return text


def _known_bool(text: str) -> str:
    lowered = text.strip().lower()
    if lowered not in {"true", "1", "false", "0", ""}:
        raise ValueError(text)
    return lowered
