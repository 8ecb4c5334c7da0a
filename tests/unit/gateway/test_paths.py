"""Whatever field a service names, callers find it where the refusal says: in the body, the query or a header."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from flask import Flask
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from pydantic import BaseModel

from gateway import paths
from gateway.app import create_app
from gateway.config import Config
from gateway.paths import here
from gateway.policy import POLICY
from scripts import reference

DEPTH_MAX = 6
HEADERS = {"Idempotency-Key", "If-Match"}
# The API key says it; and what nobody can send wrong.
OURS = {"program_id", "key_hash"}


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Config())


@pytest.mark.parametrize(
    ("endpoint", "named", "found"),
    [
        ("points.record_purchase", "sale.lines[0].amount_minor", "lines[0].amount_minor"),
        ("points.record_purchases", "sale.lines[0].amount_minor", "lines[0].amount_minor"),
        ("points.preview_purchase", "sale", ""),
        ("points.record_exchange", "sale.lines[0].amount_minor", "sale.lines[0].amount_minor"),
        ("points.record_exchange", "return.lines[0].line_id", "return.lines[0].line_id"),
        ("points.record_exchange", "member_id", "member"),
        ("points.claim_purchase", "identifier.value", "member.identifier.value"),
        ("members.resolve_member", "identifier.value", "identifier.value"),
        ("points.set_program_policy", "policy.transfers.points_max", "transfers.points_max"),
        ("points.get_liability", "valuation.redemption_bp", "redemption_bp"),
        ("points.get_statement", "recorded_until", "to"),
        ("points.list_entries", "page_token", "cursor"),
        ("points.create_earning_rule", "terms.name", "terms.name"),
        ("points.record_purchases", "request_id", "idempotency_key"),
        ("points.record_purchase", "sales", "sales"),
        ("", "request_id", "Idempotency-Key"),
    ],
)
def test_a_field_is_named_as_the_caller_knows_it(endpoint: str, named: str, found: str) -> None:
    assert here(named, endpoint) == found


def test_only_routes_that_there_are_say_something_elsewhere() -> None:
    assert paths.endpoints() <= POLICY.keys()


def fields(message: Descriptor, beginning: str = "", depth: int = 0) -> Iterator[str]:
    """The path of every field of a request, the first item of each list for all."""
    for field in message.fields if depth < DEPTH_MAX else ():
        kind: Descriptor | None = field.message_type if field.type == FieldDescriptor.TYPE_MESSAGE else None
        is_map = kind is not None and kind.GetOptions().map_entry
        path = f"{beginning}{field.name}{'[0]' if field.is_repeated and not is_map else ''}"
        yield path
        if kind is not None and not is_map and not kind.full_name.startswith("google."):
            yield from fields(kind, f"{path}.", depth + 1)


def models(view: Callable[..., Any]) -> list[type[BaseModel]]:
    hints = typing.get_type_hints(inspect.unwrap(view))
    return [hints[name] for name in ("path", "query", "body") if name in hints]


def stands_in(path: str, kind: Any) -> bool:
    """Whether there is such a place in what the annotation allows."""
    name, _, rest = path.partition(".")
    bare, is_item = re.subn(r"\[\d+\]$", "", name)
    for model in _models_in(kind):
        for key, field in model.model_fields.items():
            if bare == (field.alias or key):
                inner = next(iter(_items_of(field.annotation)), None) if is_item else field.annotation
                return inner is not None and (not rest or stands_in(rest, inner))
    return False


def _models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif typing.get_origin(kind) is not Literal:
        for each in typing.get_args(kind):
            yield from _models_in(each)


def _items_of(kind: Any) -> Iterator[Any]:
    if typing.get_origin(kind) is list:
        yield typing.get_args(kind)[0]
    else:
        for each in typing.get_args(kind):
            yield from _items_of(each)


# Fields that the gateway does not let anybody send, or fills in itself.
NOBODY_SENDS = {
    "rewards.reinstate_voucher goods_return",
    "points.get_purchase receipt",
    "points.get_qualifying_sums windows[0]",
    "points.set_program_policy policy.program_id",
    "points.set_program_policy policy.version",
}
# Paths in it begin with one purchase of the body, which is told alone.
ONE_BY_ONE = {"points.record_purchases"}


def test_whatever_a_service_may_name_stands_in_the_body_the_query_or_a_header(app: Flask) -> None:
    lost = set()
    for route in reference.routes():
        if not route.rpc or route.endpoint in ONE_BY_ONE:
            continue
        asked = models(app.view_functions[route.endpoint])
        for path in fields(reference.method_of(route.rpc).input_type):
            found = here(path, route.endpoint)
            known = found in HEADERS | {""} or any(stands_in(found, model) for model in asked)
            if not known and path.partition(".")[0] not in OURS:
                lost.add(f"{route.endpoint} {path}")
    assert {each for each in lost if each.rpartition(".")[0] not in lost} == NOBODY_SENDS
