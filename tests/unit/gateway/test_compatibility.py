"""Clients of a released version of the API keep working with today's.

`released/` holds the OpenAPI document of each release. A purposeful break of what strangers rely on is a new major
version of the API; until the first release is tagged, it is an edit of the document here and an entry in CHANGELOG.md.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.app import create_app
from gateway.config import Config
from gateway.openapi import document_of
from tests.fixtures.openapi_compatibility import differences

RELEASED = Path(__file__).parent / "released"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def today() -> Json:
    found: Json = orjson.loads(document_of(create_app(Config())))
    return found


@pytest.mark.parametrize("version", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_todays_document_keeps_what_a_release_promised(today: Json, version: str) -> None:
    released = orjson.loads((RELEASED / f"{version}.json").read_bytes())
    assert differences(released, today) == []


def _schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def _operation(document: Json, method: str, path: str) -> Json:
    found: Json = document["paths"][path][method]
    return found


# What a client would notice: how the document is changed, and the place that is named.
BREAKS: dict[str, tuple[Callable[[Json], Any], str]] = {
    "a path goes": (lambda d: d["paths"].pop("/v1/rewards"), "GET /v1/rewards: removed"),
    "a method goes": (lambda d: d["paths"]["/v1/rewards"].pop("post"), "POST /v1/rewards: removed"),
    "an operation is renamed": (
        lambda d: _operation(d, "get", "/v1/rewards").update(operationId="rewards"),
        "GET /v1/rewards: operationId",
    ),
    "a parameter goes": (
        lambda d: _operation(d, "get", "/v1/rewards")["parameters"].pop(0),
        "GET /v1/rewards parameters.query.limit: removed",
    ),
    "a parameter is required": (
        lambda d: _operation(d, "get", "/v1/rewards")["parameters"][0].update(required=True),
        "GET /v1/rewards parameters.query.limit: became required",
    ),
    "a parameter is bounded more tightly": (
        lambda d: _operation(d, "get", "/v1/rewards")["parameters"][0]["schema"].update(maximum=5),
        "GET /v1/rewards parameters.query.limit: maximum",
    ),
    "a status goes": (
        lambda d: (
            _operation(d, "get", "/v1/rewards")["responses"].pop("404", None)
            or _operation(d, "get", "/v1/rewards")["responses"].pop("503")
        ),
        "GET /v1/rewards answers.503: removed",
    ),
    "a header of the answer goes": (
        lambda d: _operation(d, "get", "/v1/rewards")["responses"]["200"]["headers"].pop("Link"),
        "GET /v1/rewards answers.200 headers.Link: removed",
    ),
    "a field of a body goes": (
        lambda d: _schema(d, "RewardBody")["properties"].pop("stock"),
        "POST /v1/rewards body.stock: removed",
    ),
    "a field of a body is required": (
        lambda d: _schema(d, "RewardBody")["required"].append("stock"),
        "POST /v1/rewards body.stock: became required",
    ),
    "a bound within a choice is tightened": (
        lambda d: _schema(d, "PercentageDiscount")["properties"]["basis_points"].update(maximum=5_000),
        "POST /v1/rewards body.terms.benefit.basis_points: maximum",
    ),
    "a default changes": (
        lambda d: _schema(d, "NewRewardTerms")["properties"]["limit_per_member"].update(default=1),
        "POST /v1/rewards body.terms.limit_per_member: default",
    ),
    "a field of an answer goes": (
        lambda d: _schema(d, "Voucher")["properties"].pop("code"),
        "answers.201.voucher.code: removed",
    ),
    "a field of an answer may be missing": (
        lambda d: _schema(d, "Reward")["required"].remove("version"),
        "items[].version: is not always there any more",
    ),
    "a field of an answer may be null": (
        lambda d: _schema(d, "Reward")["properties"]["version"].update(type=["integer", "null"]),
        "items[].version: type",
    ),
    "a field of an answer has another type": (
        lambda d: _schema(d, "Reward")["properties"]["version"].update(type="string"),
        "items[].version: type",
    ),
    "an answer has a new word": (
        lambda d: _schema(d, "Benefit")["properties"]["kind"]["enum"].append("cashback"),
        "terms.benefit.kind: words",
    ),
}

LOOSENED: dict[str, Callable[[Json], Any]] = {
    "a new path": lambda d: d["paths"].update({"/v1/new": d["paths"]["/v1/rewards"]}),
    "a new field of a body": lambda d: _schema(d, "RewardBody")["properties"].update(colour={"type": "string"}),
    "a new field of an answer": lambda d: _schema(d, "Reward")["properties"].update(colour={"type": "string"}),
    "a body bounded less": lambda d: _schema(d, "PercentageDiscount")["properties"]["basis_points"].pop("maximum"),
    "an answer with fewer words": lambda d: _schema(d, "Benefit")["properties"]["kind"]["enum"].pop(),
    "another description": lambda d: _schema(d, "Reward").update(description="Something."),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_told_with_its_place(today: Json, change: str) -> None:
    changed = copy.deepcopy(today)
    make, place = BREAKS[change]
    make(changed)
    found = differences(today, changed)
    assert any(place in each for each in found), found


@pytest.mark.parametrize("change", LOOSENED)
def test_what_no_client_notices_is_no_break(today: Json, change: str) -> None:
    changed = copy.deepcopy(today)
    LOOSENED[change](changed)
    assert differences(today, changed) == []
