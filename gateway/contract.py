"""What the protos declare for HTTP: each RPC with `google.api.http` and `loyalty.options.v1.access` is an operation.

Its route, its policy and its place in the OpenAPI document are read here, and written nowhere else.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from flask_openapi3.blueprint import APIBlueprint
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor
from loyalty.options.v1 import access_pb2 as pb
from pydantic import BaseModel

from kit.contract import services_of
from kit.suite import suite

View = TypeVar("View", bound=Callable[..., Any])

_VERBS = ("get", "put", "post", "delete", "patch")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclasses.dataclass(frozen=True)
class Operation:
    """An RPC that strangers may ask for over HTTP; `path` is written as Flask writes it."""

    name: str
    section: str
    verb: str
    path: str
    access: pb.Access

    @property
    def endpoint(self) -> str:
        """What Flask calls its route."""
        return f"{self.section}.{self.name}"


@functools.cache
def operations() -> Mapping[str, Operation]:
    """All of them by name, in the order of the protos."""
    return {each.name: each for each in _declared()}


def route(blueprint: APIBlueprint, *, responses: Mapping[HTTPStatus, type[BaseModel]]) -> Callable[[View], View]:
    """Hangs the function on the route of the RPC that it is named like."""

    def register(view: View) -> View:
        operation = operations()[view.__name__]
        decorate = getattr(blueprint, operation.verb)
        made: View = decorate(operation.path, responses=dict(responses))(view)
        return made

    return register


def _declared() -> Iterator[Operation]:
    called = (each.word for each in suite().services.values() if each.has_routes)
    for service in (service for word in called for service in services_of(word)):
        for method in service.methods:
            if method.GetOptions().HasExtension(annotations_pb2.http):
                yield _operation(method)


def _operation(method: MethodDescriptor) -> Operation:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    access = method.GetOptions().Extensions[pb.access]
    verb = next(verb for verb in _VERBS if rule.HasField(verb))
    return Operation(
        name=_WORD.sub("_", method.name).lower(),
        section=access.section or method.containing_service.file.package.split(".")[-2],
        verb=verb,
        path=getattr(rule, verb).replace("{", "<").replace("}", ">"),
        access=access,
    )
