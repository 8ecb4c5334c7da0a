"""The OpenAPI document is whole: every route, status, header and example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import pytest
import schemathesis
from flask import Flask

from gateway.app import create_app
from gateway.config import Config
from gateway.errors import PROBLEM_TYPE
from gateway.openapi import document_of
from gateway.policy import POLICY, Needs

HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Config())


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(document_of(app))
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in HTTP_METHODS
            yield path, method, operation


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        target: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def test_it_is_openapi_3_1_and_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                resolved(document, part)
            for each in part.values():
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(document)


def test_it_lists_every_route_but_the_page_itself(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if rule.endpoint not in {"meta.docs", "meta.docs_file"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == routes


def test_operations_are_called_like_their_rpcs(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert sorted(names) == sorted(endpoint.partition(".")[2] for endpoint in POLICY if "docs" not in endpoint)


def test_every_closed_operation_asks_for_a_key_and_says_what_can_go_wrong(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if not path.startswith("/v1"):
            assert operation["security"] == []
            continue
        assert operation["security"] == [{"apiKey": []}]
        statuses = set(operation["responses"])
        assert {"400", "401", "403", "409", "429", "500", "503", "504"} <= statuses, path
        if method in {"post", "put", "patch"}:
            assert {"413", "415", "422"} <= statuses, path
        if "{" in path:
            assert {"404", "422"} <= statuses, path


def test_keys_and_versions_are_asked_for_where_the_policy_does(document: dict[str, Any]) -> None:
    lines = {endpoint.partition(".")[2]: access for endpoint, access in POLICY.items()}
    for _, _, operation in operations(document):
        needs = lines[operation["operationId"]].needs
        headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (Needs.KEY in needs)
        takes_version = lines[operation["operationId"]].takes_version
        assert ("If-Match" in headers) == takes_version
        assert ("412" in operation["responses"]) == takes_version
        assert ("428" in operation["responses"]) == (Needs.VERSION in needs)


def test_what_takes_a_version_gives_one_and_so_does_the_read_of_the_same_path(document: dict[str, Any]) -> None:
    lines = {endpoint.partition(".")[2]: access for endpoint, access in POLICY.items()}
    found = list(operations(document))
    taking = [(path, method) for path, method, each in found if lines[each["operationId"]].takes_version]
    assert ("/v1/program-policy", "put") in taking
    for path, method, operation in found:
        if (path, method) in taking or (method == "get" and path in {path for path, _ in taking}):
            (told,) = (each for status, each in operation["responses"].items() if status.startswith("2"))
            assert "ETag" in told["headers"], (path, method)


def test_operations_whose_answers_hold_sentences_speak_languages(document: dict[str, Any]) -> None:
    speaking = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if "Accept-Language" in {each["name"] for each in operation.get("parameters", [])}
    }
    assert speaking >= {"record_purchase", "preview_purchase", "get_purchase", "claim_purchase", "record_purchases"}
    assert speaking >= {"list_entries", "get_statement", "adjust_points"}
    assert speaking.isdisjoint({"get_account", "get_member", "place_hold", "list_earning_rules"})


FORMATS = {"csv": "text/csv", "yaml": "application/yaml"}


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        words = [each["schema"]["enum"] for each in operation.get("parameters", []) if each["name"] == "format"]
        others = [name for word, name in FORMATS.items() if any(word in each for each in words)]
        for status, response in operation["responses"].items():
            content = resolved(document, response)["content"]
            if status.startswith("2"):
                assert list(content) == ["application/json", *others]
            else:
                assert content == {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_every_body_with_fields_has_an_example_that_it_accepts(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        body = operation.get("requestBody")
        if body is None:
            continue
        schema = resolved(document, body["content"]["application/json"]["schema"])
        if not schema.get("properties"):
            continue
        assert schema["examples"], (path, method)
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})
        for example in schema["examples"]:
            validator.validate(example)


def test_bodies_are_closed_to_unknown_fields(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        body = operation.get("requestBody")
        if body is not None:
            schema = resolved(document, body["content"]["application/json"]["schema"])
            assert schema["additionalProperties"] is False


def test_bounds_are_whole_numbers(document: dict[str, Any]) -> None:
    line = document["components"]["schemas"]["NewLine"]["properties"]["amount_minor"]
    assert (line["minimum"], line["maximum"]) == (-(2**63), 2**63 - 1)
    assert b"e+18" not in orjson.dumps(document)


def test_it_is_made_once(app: Flask) -> None:
    assert document_of(app) is document_of(app)


def test_the_page_loads_nothing_from_elsewhere(app: Flask) -> None:
    response = app.test_client().get("/docs")
    page = response.get_data(as_text=True)
    assert "://" not in page
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe-eval" not in response.headers["Content-Security-Policy"]
    script = app.test_client().get("/docs/scalar.standalone.js", buffered=True)
    assert (script.status_code, script.mimetype, script.headers["Cache-Control"]) == (
        200,
        "text/javascript",
        "public, max-age=86400",
    )


def test_wherever_a_key_is_made_it_says_that_an_app_key_is_never_shipped_inside_an_app(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    places = (
        document["paths"]["/v1/api-keys"]["post"]["description"],
        schemas["NewApiKey"]["properties"]["role"]["description"],
        document["components"]["securitySchemes"]["apiKey"]["description"],
    )
    for text in places:
        assert "inside an app" in " ".join(text.split()), text
    assert "warning" in schemas["CreatedApiKey"]["properties"]
