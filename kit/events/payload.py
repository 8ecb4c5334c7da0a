"""Messages as JSON values and back: what stands in outboxes and streams.

The protobuf mapping of JSON, with the names of the contract, in which fields that always have a value are always there,
and those that may be absent are there when they are set. It differs in two things, for those who read payloads with
SQL, jq or their eyes: integers of 64 bits are numbers, and a choice is its short name in small letters ("earn_only").

Reading is tolerant. Fields that are not known are left aside, so that announcers may be newer; fields that are missing
or null have their defaults, so that they may be older. A choice that is not known reads as the unspecified one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)
_Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = "google.protobuf.Timestamp"


def to_payload(message: Message) -> dict[str, Any]:
    """The message as plain JSON values."""
    payload: dict[str, Any] = _writer(message.DESCRIPTOR)(message)
    return payload


def from_payload(payload: Mapping[str, Any], message_type: type[M]) -> M:
    """The message that the values say. Raises ValueError, which names the field, for a value of another type."""
    message = message_type()
    _read_into(message, payload)
    return message


def short_names(enum: EnumDescriptor) -> dict[int, str]:
    """What the choices are called in JSON, by number: MEMBER_STATUS_EARN_ONLY is "earn_only"."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return {each.number: each.name.removeprefix(prefix).lower() for each in enum.values}


def is_map(field: FieldDescriptor) -> bool:
    """Whether the field is a map, which descriptors describe as a list of entries."""
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


# ---- Writing: a function a message type, made once, for an event is written while a till waits -----------------------


@functools.cache
def _writer(descriptor: Descriptor) -> _Convert:
    always = [field for field in descriptor.fields if not field.has_presence]
    perhaps = [field for field in descriptor.fields if field.has_presence]
    plain, plain_perhaps = (tuple(each.name for each in fields if _is_plain(each)) for fields in (always, perhaps))
    made, made_perhaps = (
        tuple((each.name, _writing(each)) for each in fields if not _is_plain(each)) for fields in (always, perhaps)
    )
    # Reads all at once; of one name alone it would give no tuple.
    values_of = attrgetter(*plain) if len(plain) > 1 else lambda message: [getattr(message, name) for name in plain]
    if not perhaps and not made:
        return lambda message: dict(zip(plain, values_of(message), strict=True))

    def write(message: Any) -> dict[str, Any]:
        payload = dict(zip(plain, values_of(message), strict=True))
        for name in plain_perhaps:
            if message.HasField(name):
                payload[name] = getattr(message, name)
        for name, convert in made:
            payload[name] = convert(getattr(message, name))
        for name, convert in made_perhaps:
            if message.HasField(name):
                payload[name] = convert(getattr(message, name))
        return payload

    return write


def _is_plain(field: FieldDescriptor) -> bool:
    return not field.is_repeated and field.message_type is None and field.enum_type is None


def _writing(field: FieldDescriptor) -> _Convert:
    if is_map(field):
        assert field.message_type is not None  # noqa: S101 - of a map it is that of its entries
        value = _writing_one(field.message_type.fields_by_name["value"])
        return lambda entries: {key: value(each) for key, each in entries.items()}
    one = _writing_one(field)
    return (lambda values: [one(each) for each in values]) if field.is_repeated else one


def _writing_one(field: FieldDescriptor) -> _Convert:
    if field.enum_type is not None:
        return short_names(field.enum_type).__getitem__
    if field.message_type is None:
        return lambda value: value
    return _instant if field.message_type.full_name == _TIMESTAMP else _writer(field.message_type)


def _instant(timestamp: Any) -> str:
    return (_EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1_000)).isoformat()


# ---- Reading ---------------------------------------------------------------------------------------------------------


def _read_into(message: Message, payload: Mapping[str, Any]) -> None:
    for field in message.DESCRIPTOR.fields:
        value = payload.get(field.name)
        if value is None:
            continue
        try:
            _set(message, field, value)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"{field.full_name} cannot be read") from error


def _set(message: Message, field: Any, value: Any) -> None:
    if is_map(field):
        getattr(message, field.name).update(value)
    elif field.is_repeated and _is_inner(field):
        for each in value:
            _read_into(getattr(message, field.name).add(), each)
    elif field.is_repeated:
        getattr(message, field.name).extend(_scalar(field, each) for each in value)
    elif _is_inner(field):
        _read_into(getattr(message, field.name), value)
    elif field.message_type is not None:
        getattr(message, field.name).FromDatetime(datetime.fromisoformat(value))
    else:
        setattr(message, field.name, _scalar(field, value))


def _is_inner(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name != _TIMESTAMP


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    return value if field.enum_type is None else _numbers(field.enum_type).get(value, 0)


@functools.cache
def _numbers(enum: EnumDescriptor) -> dict[str, int]:
    return {name: number for number, name in short_names(enum).items()}
