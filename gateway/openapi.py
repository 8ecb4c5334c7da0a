"""The OpenAPI document: what flask-openapi3 collects from the routes, and what the checks add to each of them.

The headers, statuses and security of an operation follow from its line in the policy table, so they are written here
once and cannot differ from what the checks do.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast

import orjson
from flask import Flask
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel, Field

from gateway.errors import PROBLEM_TYPE, body_of
from gateway.policy import Access, Needs, access_to
from kit.call import KEY_LENGTH_MAX, KEY_RETENTION_DAYS
from kit.errors import Refusal

API_VERSION = "1.0.0"
SECURITY_SCHEME = "apiKey"

INFO = Info(
    title="Wafa",
    version=API_VERSION,
    description=(
        "The HTTP API of a self-hosted loyalty programme. Every write needs an `Idempotency-Key`: after a lost answer, "
        "send the same request with the same key again; it takes effect once. Points are integers, money is an "
        "integer in the currency's minor unit, times are RFC 3339 in UTC. Every error is an RFC 9457 problem with a "
        "`reason`."
    ),
)
SECURITY_SCHEMES: dict[str, Any] = {
    SECURITY_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "wafa_<role>_…",
        "description": (
            "An API key. It names the program that the caller acts in, and the caller's role. A key of the role `app` "
            "acts for every member of the program: it belongs on a server, and never inside an app or a web page."
        ),
    }
}

_CACHE = "wafa-openapi"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Its path, as in `lines[2].sku`.")
    problem: str


class Problem(BaseModel):
    """An error as RFC 9457 writes it."""

    type: str = Field(description="Names the reason as a URN.")
    title: str
    status: int
    detail: str = Field(description="For people; may change.")
    reason: str = Field(description="An UPPER_SNAKE word for programs; will not change.")
    metadata: dict[str, str] = Field(description="Every number and name in `detail`.")
    request_id: str
    errors: list[FieldError] = Field(default=[], description="For INVALID_FIELD: each field that is wrong.")


def problem_within(refusal: Refusal) -> Problem:
    """The problem of a refusal that stands among the results of a call."""
    body = body_of(refusal)
    errors = [{"field": each.field, "problem": each.problem} for each in body.get("errors", ())]
    return Problem.model_validate(body | {"errors": errors})


_WHEN = {
    400: "The request is not readable: malformed JSON, or a missing or malformed header.",
    401: "The API key is missing, malformed, unknown or revoked.",
    403: "Keys of this role may not do this.",
    404: "What the request names is not there.",
    409: "The thing is there already or not in a state for this; or the same key is being worked on: try again.",
    412: "The thing has changed since it was read.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not plain application/json.",
    431: "The head of the request is too large.",
    422: "Fields are missing or out of bounds; or the idempotency key came with another request before.",
    428: "If-Match is missing.",
    429: "This key makes too many requests.",
    500: "An accident on our side; the request id finds it in our logs.",
    503: "Something that is needed is away or busy; the same request may be tried again.",
    504: "No answer in time, outcome unknown: the same request with the same key may be tried again.",
}
_RETRIED = frozenset({409, 429, 503, 504})


def operation_id(*, name: str, path: str, method: str) -> str:
    """An operation is called like its function, which is called like its RPC."""
    return name


def document_of(app: Flask) -> bytes:
    """The document as JSON, made once for each app."""
    made = app.extensions.get(_CACHE)
    if made is None:
        made = app.extensions[_CACHE] = orjson.dumps(_complete(cast(OpenAPI, app)))
    return cast(bytes, made)


def _complete(app: OpenAPI) -> dict[str, Any]:
    document: dict[str, Any] = _with_whole_bounds(orjson.loads(orjson.dumps(app.api_doc)))
    speaking = _speaking(document["components"]["schemas"])
    for method, operation in _operations(document):
        access = access_to(f"{operation['tags'][0]}.{operation['operationId']}")
        operation["security"] = [{SECURITY_SCHEME: []}]
        operation["parameters"] = operation.get("parameters", []) + _header_parameters(access)
        _loosen_body(document, operation, access)
        statuses = _statuses(method, operation, access)
        operation["responses"] = _successes(operation, access) | {
            str(status): _reference(status) for status in statuses
        }
        _let_speak(operation, speaking)
    components = document["components"]
    components["responses"] = {_name(status): _problem_response(status) for status in _WHEN}
    components["headers"] = _HEADERS
    for schema in components["schemas"].values():
        if "example" in schema:
            schema["examples"] = [schema.pop("example")]
    document["paths"] = _public_paths() | document["paths"]
    return document


def _with_whole_bounds(part: Any) -> Any:
    """The same with whole numbers where flask-openapi3 has made them floats."""
    match part:
        case dict():
            return {name: _with_whole_bounds(each) for name, each in part.items()}
        case list():
            return [_with_whole_bounds(each) for each in part]
        case float() if part.is_integer():
            return int(part)
        case _:
            return part


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        yield from item.items()


# ---- What the checks ask for -----------------------------------------------------------------------------------------


def _header_parameters(access: Access) -> list[dict[str, Any]]:
    return [
        *([_IDEMPOTENCY_KEY] if Needs.KEY in access.needs else []),
        *([{**_IF_MATCH, "required": Needs.VERSION in access.needs}] if access.takes_version else []),
        _REQUEST_ID,
    ]


_ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "What sentences shall be written in: `en`, and where nothing else is named, or `ur`.",
    "schema": {"type": "string"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": f"Names one wish of one caller, for {KEY_RETENTION_DAYS} days. A new wish needs a new key; "
    "the order of lists and parts of a second make none.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX, "pattern": "^[!-~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that the change was decided on, or `*` to overwrite whatever is there.",
    "schema": {"type": "string", "pattern": '^(\\*|(W/)?"[!#-~]*")$', "examples": ['"3"']},
}
_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Your name for this request; it comes back with the answer and stands in every log line.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


def _loosen_body(document: dict[str, Any], operation: dict[str, Any], access: Access) -> None:
    """A body in which nothing is required may be left out, and a document may be YAML."""
    body = operation.get("requestBody")
    if body is not None:
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        body["required"] = bool(document["components"]["schemas"][name].get("required"))
        if access.document:
            body["content"]["application/yaml"] = body["content"]["application/json"]


# ---- What comes back -------------------------------------------------------------------------------------------------


def _statuses(method: str, operation: dict[str, Any], access: Access) -> list[int]:
    wanted = {400, 401, 403, 408, 429, 431, 500, 503, 504}
    has_input = "requestBody" in operation or any(each["in"] != "header" for each in operation["parameters"])
    if has_input or access.is_write:
        wanted.add(422)
    if method in {"post", "put", "patch"}:
        wanted |= {413, 415}
    if any(each["in"] == "path" for each in operation["parameters"]) or "requestBody" in operation:
        wanted.add(404)
    # Reads meet a 409 when their transaction loses every race.
    wanted.add(409)
    if access.takes_version:
        wanted.add(412)
    if Needs.VERSION in access.needs:
        wanted.add(428)
    return sorted(wanted)


def _successes(operation: dict[str, Any], access: Access) -> dict[str, Any]:
    found = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
    for status, answer in found.items():
        names = [*_ALWAYS, *(["Idempotent-Replayed"] if access.is_write else [])]
        names += ["Location"] if status in {"201", "202"} else []
        names += ["Retry-After"] if status == "202" else []
        names += ["ETag"] if _has_version(answer) else []
        names += ["Link"] if any(each["name"] == "cursor" for each in operation["parameters"]) else []
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        for each in operation["parameters"]:
            if each["name"] == "format":
                answer["content"] |= _other_formats(answer, each["schema"]["enum"])
    return found


_ROWS = {
    "schema": {
        "type": "string",
        "description": "The same as rows, RFC 4180 in UTF-8, with a byte order mark and a header row.",
    }
}


def _other_formats(answer: dict[str, Any], words: list[str]) -> dict[str, Any]:
    """In what else than JSON the answer may come."""
    formats = {"csv": ("text/csv", _ROWS), "yaml": ("application/yaml", answer["content"]["application/json"])}
    return dict(made for word, made in formats.items() if word in words)


def _speaking(schemas: dict[str, Any]) -> set[str]:
    """The names of answers in which there are sentences, wherever in them."""
    found = {name for name, schema in schemas.items() if "sentence" in schema.get("properties", {})}
    texts = {name: orjson.dumps(schema).decode() for name, schema in schemas.items()}
    while True:
        more = {name for name, text in texts.items() if any(f'schemas/{each}"' in text for each in found)} - found
        if not more:
            return found
        found |= more


def _let_speak(operation: dict[str, Any], speaking: set[str]) -> None:
    answers = [each for status, each in operation["responses"].items() if status.startswith("2")]
    speaks = [each for each in answers if _schema_of(each) in speaking]
    if speaks:
        operation["parameters"].append(_ACCEPT_LANGUAGE)
    for each in speaks:
        each["headers"] |= {"Content-Language": {"$ref": "#/components/headers/Content-Language"}}


def _schema_of(answer: dict[str, Any]) -> str:
    reference: str = answer["content"]["application/json"]["schema"].get("$ref", "")
    return reference.rpartition("/")[2]


def _has_version(answer: dict[str, Any]) -> bool:
    schema = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return schema in {"Member", "Reward", "EarningRule", "EarningRuleVersions", "ProgramPolicy"}


_ALWAYS = ("X-Request-Id", "RateLimit", "RateLimit-Policy")


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


_HEADERS: dict[str, Any] = {
    "X-Request-Id": _header("Names the request in our logs; yours, if you sent one."),
    "RateLimit": _header("What is left of your quota, as draft-ietf-httpapi-ratelimit-headers writes it."),
    "RateLimit-Policy": _header("Your quota, as draft-ietf-httpapi-ratelimit-headers writes it."),
    "Idempotent-Replayed": _header("`true` when this is the stored answer of an earlier request with the same key."),
    "Location": _header("Where what was made can be read."),
    "Retry-After": _header("Seconds after which another try is welcome.", "integer"),
    "ETag": _header("The version, to be sent as If-Match with a change."),
    "Link": _header('Where the next page is, `rel="next"` (RFC 8288); absent on the last page.'),
    "Content-Language": _header("What the sentences are written in: `en` or `ur`."),
    "WWW-Authenticate": _header("How to authenticate."),
}


def _name(status: int) -> str:
    return f"Problem{status}"


def _reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _problem_response(status: int) -> dict[str, Any]:
    names = ["X-Request-Id", *(["Retry-After"] if status in _RETRIED else [])]
    names += ["WWW-Authenticate"] if status == HTTPStatus.UNAUTHORIZED else []
    return {
        "description": _WHEN[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {PROBLEM_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
    }


def _public_paths() -> dict[str, Any]:
    def public(operation_id: str, summary: str) -> dict[str, Any]:
        ok = {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}
        responses = {"200": ok, "500": _reference(500)}
        return {"get": {"operationId": operation_id, "summary": summary, "security": [], "responses": responses}}

    return {"/": public("index", "Say what this is"), "/openapi.json": public("openapi", "Read this document")}
