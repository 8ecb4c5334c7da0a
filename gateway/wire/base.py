"""The alphabet of the wire: texts, ids, integers and instants with their bounds, and pages."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)

from kit import texts
from kit.convert import instant_of, timestamp_of
from kit.page import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

# No control characters: PostgreSQL cannot hold the first of them, and receipts are garbled by the others.
FIT = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class RequestModel(BaseModel):
    """A body, or part of one, as callers send it. Its validation errors never repeat what was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class ResponseModel(BaseModel):
    """A body, or part of one, as the gateway answers it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class UrlModel(BaseModel):
    """What stands in a path or a query."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """The model's schema, made once: flask-openapi3 asks for a query's at each request."""
        return _schema_in_url(cls, arguments, tuple(sorted(options.items())))


@functools.cache
def _schema_in_url(
    model: type[UrlModel], arguments: tuple[Any, ...], options: tuple[tuple[str, Any], ...]
) -> dict[str, Any]:
    return super(UrlModel, model).model_json_schema(*arguments, **dict(options))


def example(body: Any) -> ConfigDict:
    """Shows `body` as the model's example in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"example": body})


class NoFields(RequestModel):
    """An empty object; the body may be left out altogether."""


# ---- Scalars ---------------------------------------------------------------------------------------------------------


def _is_instant(value: object) -> object:
    # pydantic alone would also read numbers and dates with a blank, which other clients of this API could not.
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("must be an instant as RFC 3339 writes it, such as 2026-01-31T18:30:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be between the years 1 and 9999") from None


def _is_day(value: str) -> str:
    try:
        found = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError("must be a date such as 2026-01-31")
    return value


def _in_form(form: Callable[[str], str]) -> BeforeValidator:
    # What is not fit stays as it is, for the pattern to refuse it.
    return BeforeValidator(lambda value: form(value) if isinstance(value, str) and texts.is_fit(value) else value)


CANONICAL_NAME = _in_form(texts.name)
CANONICAL_PROSE = _in_form(texts.prose)
BARE = _in_form(texts.bare)

Id = Annotated[
    str,
    StringConstraints(strict=True, pattern=UUID_PATTERN, to_lower=True),
    Field(json_schema_extra={"format": "uuid"}),
]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_is_instant),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Day = Annotated[
    str,
    StringConstraints(strict=True),
    AfterValidator(_is_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{_DAY.pattern}$"}),
]
Currency = Annotated[str, StringConstraints(strict=True, pattern="^[A-Z]{3}$")]
MaybeCurrency = Annotated[str, StringConstraints(strict=True, pattern="^[A-Z]{3}$|^$")]

# Texts that name something are measured in their canonical form, as the services do: a decomposed name is no longer.
Text50 = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=50, pattern=FIT), CANONICAL_NAME]
Text100 = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=FIT), CANONICAL_NAME]
Text254 = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=254, pattern=FIT), CANONICAL_NAME]
MaybeText50 = Annotated[str, StringConstraints(strict=True, max_length=50, pattern=FIT), CANONICAL_NAME]
MaybeText100 = Annotated[str, StringConstraints(strict=True, max_length=100, pattern=FIT), CANONICAL_NAME]

# And what people write for people.
Prose100 = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=FIT), CANONICAL_PROSE]
Prose500 = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500, pattern=FIT), CANONICAL_PROSE]
MaybeProse1000 = Annotated[str, StringConstraints(strict=True, max_length=1_000, pattern=FIT), CANONICAL_PROSE]

Int64 = Annotated[StrictInt, Field(ge=INT64_MIN, le=INT64_MAX)]
NaturalInt64 = Annotated[StrictInt, Field(ge=0, le=INT64_MAX)]
PositiveInt64 = Annotated[StrictInt, Field(ge=1, le=INT64_MAX)]
Points = Annotated[StrictInt, Field(ge=1, le=1_000_000_000)]


# ---- To and from protos ----------------------------------------------------------------------------------------------


def maybe_timestamp(value: datetime | None) -> Timestamp | None:
    """The instant on the wire, if there is one."""
    return None if value is None else timestamp_of(value)


def instant(message: Message, name: str) -> datetime | None:
    """The instant in a proto's field, or nothing when it is absent."""
    return instant_of(getattr(message, name), name) if message.HasField(name) else None


def known_instant(message: Message, name: str) -> datetime:
    """The instant in a proto's field that a service always fills."""
    return instant_of(getattr(message, name), name)


# ---- Pages -----------------------------------------------------------------------------------------------------------


class PageQuery(UrlModel):
    """Which page of a list."""

    limit: int = Field(PAGE_SIZE_DEFAULT, ge=1, le=PAGE_SIZE_MAX, description="How many items at the most.")
    cursor: str = Field(
        "",
        max_length=2_048,
        pattern="^[A-Za-z0-9_=-]*$",
        description="Where the page begins: `next_cursor` of the page before; nothing for the first page.",
    )
