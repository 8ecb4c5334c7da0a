"""Proto ↔ plain values: the shape of a request is checked here, and refused as `Invalid(field, problem)`.

A service's `convert.py` is written in these words. `field` is the path in the request as its caller knows it, such as
`sale.lines[2].quantity_milli`; a problem never repeats the value, which may be personal.
"""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from kit import texts
from kit.call import KEY_LENGTH_MAX
from kit.currencies import CURRENCIES
from kit.errors import Invalid
from kit.texts import contacts

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Number = TypeVar("Number", bound=int)
Choice = TypeVar("Choice", bound=enum.Enum)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_VISIBLE_ASCII = re.compile(r"[!-~]+")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_MIN = -62_135_596_800  # 0001-01-01T00:00:00Z
_SECONDS_MAX = 253_402_300_799  # 9999-12-31T23:59:59Z
_NANOS_MAX = 999_999_999


def uuid_of(text: str, field: str) -> uuid.UUID:
    """A UUID in its canonical form of 36 characters; capital letters are read too."""
    if not _UUID.fullmatch(text):
        raise Invalid(field, "must be a UUID" if text else "is missing")
    return uuid.UUID(text)


def optional_uuid(text: str, field: str) -> uuid.UUID | None:
    """A UUID, or nothing for an empty text."""
    return uuid_of(text, field) if text else None


def text_of(value: str, field: str, *, length_max: int, length_min: int = 1) -> str:
    """A text that names something, in the one form that names have (`kit.texts.name`).

    Lengths are in characters and count what is left: "A1 " off one till and "A1" off another are one receipt, and a
    text of which nothing is seen is missing. Control characters, line ends among them, are refused wherever they stand.
    """
    return _bounded(texts.name(_fit(value, field)), field, length_min, length_max)


def prose_of(value: str, field: str, *, length_max: int, length_min: int = 1) -> str:
    """The same of a text that people write for people (`kit.texts.prose`): it keeps joiners and marks of direction."""
    return _bounded(texts.prose(_fit(value, field)), field, length_min, length_max)


def without_contacts(text: str, field: str) -> str:
    """The text, refused if it holds what reads like a phone number or an e-mail address (`kit.texts.contacts`).

    For what stays in the clear for good, and would outlive the member whom it names.
    """
    contact = contacts.found_in(text)
    if contact:
        raise Invalid(field, f"must not contain what looks like {contact}: it is kept in the clear, and for good")
    return text


def _fit(value: str, field: str) -> str:
    if not texts.is_fit(value):
        raise Invalid(field, "must not contain control characters")
    return value


def _bounded(text: str, field: str, length_min: int, length_max: int) -> str:
    if not length_min <= len(text) <= length_max:
        raise Invalid(
            field, "is missing" if length_min and not text else f"must have {length_min} to {length_max} characters"
        )
    return text


def request_id_of(text: str, field: str = "request_id") -> str:
    """An idempotency key: 1 to 255 visible ASCII characters, taken as they are."""
    if not text:
        raise Invalid(field, "is missing")
    if len(text) > KEY_LENGTH_MAX or not _VISIBLE_ASCII.fullmatch(text):
        raise Invalid(field, f"must have 1 to {KEY_LENGTH_MAX} visible ASCII characters")
    return text


def integer_of(value: int, field: str, *, at_least: int, at_most: int) -> int:
    """An integer within its bounds, both included."""
    if not at_least <= value <= at_most:
        raise Invalid(field, f"must be between {at_least} and {at_most}")
    return value


def currency_of(text: str, field: str) -> str:
    """The ISO 4217 code of a currency that people pay with, in capital letters."""
    if text not in CURRENCIES:
        raise Invalid(field, "must be an ISO 4217 currency code, such as EUR" if text else "is missing")
    return text


# ---- Time ------------------------------------------------------------------------------------------------------------


def instant_of(timestamp: Timestamp, field: str) -> datetime:
    """An aware UTC instant between the years 1 and 9999, cut to the microseconds that PostgreSQL keeps.

    An absent timestamp reads as 1970 here: use `required_instant` or `optional_instant` where it may be absent.
    """
    if not (_SECONDS_MIN <= timestamp.seconds <= _SECONDS_MAX and 0 <= timestamp.nanos <= _NANOS_MAX):
        raise Invalid(field, "must be between the years 1 and 9999")
    return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1_000)


def optional_instant(message: Message, name: str, field: str = "") -> datetime | None:
    """The instant in the message's field `name`, or nothing when absent; `field` is its path if that is longer."""
    return instant_of(getattr(message, name), field or name) if message.HasField(name) else None


def required_instant(message: Message, name: str, field: str = "") -> datetime:
    """The same, refused when absent."""
    instant = optional_instant(message, name, field)
    if instant is None:
        raise Invalid(field or name, "is missing")
    return instant


def timestamp_of(instant: datetime) -> Timestamp:
    """The instant on the wire. A naive one is a fault of ours and raises ValueError."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    since = instant - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def date_of(text: str, field: str) -> date:
    """A calendar date as ISO 8601 writes it in full, YYYY-MM-DD; its other spellings are refused."""
    if not text:
        raise Invalid(field, "is missing")
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != text:
        raise Invalid(field, "must be a date such as 2026-01-31")
    return parsed


# ---- Enums -----------------------------------------------------------------------------------------------------------


class EnumMap(Generic[Number, Choice]):
    """A proto enum and a domain enum that say the same, value for value, by name.

    `EnumMap(pb.Colour, Colour)` pairs COLOUR_RED with Colour.RED. A name that only one
    side knows is a fault of ours and raises TypeError where the map is made. The proto's zero value stands for nothing.
    """

    def __init__(self, proto: _EnumTypeWrapper[Number], domain: type[Choice]) -> None:
        prefix = proto.Name(proto.values()[0]).removesuffix("UNSPECIFIED")
        numbers = {name.removeprefix(prefix): number for name, number in proto.items() if number != 0}
        if numbers.keys() != domain.__members__.keys():
            differing = ", ".join(sorted(numbers.keys() ^ domain.__members__.keys()))
            raise TypeError(f"{domain.__name__} and its proto enum differ in {differing}")
        self._choices: Mapping[int, Choice] = {number: domain[name] for name, number in numbers.items()}
        self._numbers: Mapping[Choice, Number] = {domain[name]: number for name, number in numbers.items()}

    def to_domain(self, number: int, field: str) -> Choice:
        """The domain's choice; refuses the unspecified and the unknown."""
        choice = self._choices.get(number)
        if choice is None:
            names = ", ".join(each.name for each in self._numbers)
            raise Invalid(field, f"must be one of {names}" if number else "is missing")
        return choice

    def __getitem__(self, number: int) -> Choice:
        """The domain's choice for a number that has been checked; raises KeyError for another."""
        return self._choices[number]

    def to_proto(self, choice: Choice) -> Number:
        """The number on the wire."""
        return self._numbers[choice]


def enum_of(number: int, field: str, enum_map: EnumMap[Number, Choice]) -> Choice:
    """The domain's choice for a proto enum's number; refuses the unspecified and the unknown."""
    return enum_map.to_domain(number, field)


def optional_enum(number: int, field: str, enum_map: EnumMap[Number, Choice]) -> Choice | None:
    """The same, with nothing for the unspecified."""
    return enum_map.to_domain(number, field) if number else None
