"""What the suite consists of: `suite.toml`, read once a process. No list of services stands anywhere else."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "suite.toml"
LOOPBACK = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class ServiceEntry:
    """A service as the file has it; the file says what each field is."""

    word: str
    about: str
    port: int
    internal_port: int
    secrets: tuple[str, ...]
    calls: tuple[str, ...]
    listens_to: tuple[str, ...]
    exposes: tuple[str, ...]
    has_routes: bool

    @property
    def prefix(self) -> str:
        """What the names of its settings begin with in the environment, without the underscore."""
        return self.word.upper()

    @property
    def local_address(self) -> str:
        """Where it listens on a machine of its own, unless its settings say otherwise."""
        return f"{LOOPBACK}:{self.port}"


@dataclasses.dataclass(frozen=True)
class SuiteFile:
    """The services by word in the order of their start, and the ports of the gateway."""

    services: Mapping[str, ServiceEntry]
    gateway_port: int
    gateway_internal_port: int

    @property
    def words(self) -> tuple[str, ...]:
        """The services' words."""
        return tuple(self.services)

    @property
    def exposed(self) -> tuple[str, ...]:
        """The full names of all gRPC services."""
        return tuple(name for each in self.services.values() for name in each.exposes)


class SuiteFileError(Exception):
    """suite.toml says something that cannot be; the message names the service and the field."""


@functools.cache
def suite() -> SuiteFile:
    """The suite of this checkout or image."""
    return read(FILE)


def entry(word: str) -> ServiceEntry:
    """What the file says of one service."""
    return suite().services[word]


def read(file: Path) -> SuiteFile:
    """Reads a file. Raises SuiteFileError where a field is missing, unknown, or names a service that is not there."""
    content = tomllib.loads(file.read_text())
    services = {word: _entry(word, fields) for word, fields in content["services"].items()}
    for each in services.values():
        _expect_neighbours(each, services)
    gateway = content["gateway"]
    found = SuiteFile(MappingProxyType(services), gateway["port"], gateway["internal_port"])
    _expect_ports_of_their_own(found)
    return found


def _entry(word: str, fields: Mapping[str, Any]) -> ServiceEntry:
    known = {field.name for field in dataclasses.fields(ServiceEntry)} - {"word"}
    if differing := known ^ fields.keys():
        raise SuiteFileError(f"suite.toml: services.{word} lacks or need not have: {', '.join(sorted(differing))}")
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return ServiceEntry(word=word, **{**fields, **lists})


def _expect_neighbours(each: ServiceEntry, services: Mapping[str, ServiceEntry]) -> None:
    for name in ("calls", "listens_to"):
        if unknown := set(getattr(each, name)) - (services.keys() - {each.word}):
            raise SuiteFileError(f"suite.toml: services.{each.word}.{name} names {', '.join(sorted(unknown))}")


def _expect_ports_of_their_own(found: SuiteFile) -> None:
    ports = [found.gateway_port, found.gateway_internal_port]
    ports += [port for each in found.services.values() for port in (each.port, each.internal_port)]
    if shared := sorted({port for port in ports if ports.count(port) > 1}):
        raise SuiteFileError(f"suite.toml: several processes listen on {', '.join(map(str, shared))}")
