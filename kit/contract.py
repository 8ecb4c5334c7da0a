"""The gRPC services of the suite as the protos describe them."""

from __future__ import annotations

import importlib
import pkgutil

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor

from kit.suite import entry


def services_of(word: str) -> tuple[ServiceDescriptor, ...]:
    """What the service exposes, in the order of suite.toml."""
    names = entry(word).exposes
    for package in {name.rpartition(".")[0] for name in names}:
        _load(package)
    return tuple(descriptor_pool.Default().FindServiceByName(name) for name in names)


def _load(package: str) -> None:
    """Imports what was generated from each file of the package, which puts its descriptors into the pool."""
    folders = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(folders, f"{package}."):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)
