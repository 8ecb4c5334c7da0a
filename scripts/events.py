"""What `reference.py` says of events: a page for people, and an AsyncAPI 3 document for tools.

Everything comes from the contract (`protos/loyalty/*/v1/events.proto`, its comments and its option `event`) and from
the `HEARS` of the consumers.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from kit.events import Hears, kind_of
from kit.events.payload import is_map, short_names
from kit.suite import suite
from scripts import proto

ROOT = Path(__file__).resolve().parent.parent
LISTENERS = {f"services.{word}.listens": word for word in suite().words} | {"gateway.listens": "gateway"}
TIMESTAMP = "google.protobuf.Timestamp"

# The attributes of CloudEvents that an entry has, and what they are here.
ATTRIBUTES = {
    "specversion": "Of CloudEvents: 1.0.",
    "id": "A UUID that the event keeps, however often it is sent.",
    "source": "The stream that it was first put into.",
    "type": "What happened.",
    "subject": "What it happened to: the kind of the aggregate, a slash, and its id.",
    "time": "When it happened, RFC 3339.",
    "datacontenttype": "Of `data`, which holds the payload as text: application/json.",
    "programid": "The program that it is of, a UUID.",
    "aggregateversion": "The version of the aggregate after it, in digits: who keeps a state lets older ones pass.",
}


@dataclasses.dataclass(frozen=True)
class Stream:
    """The events that one service announces, in the order of the contract."""

    word: str
    address: str
    about: str
    messages: tuple[type[Message], ...]


@functools.cache
def streams() -> tuple[Stream, ...]:
    """Every stream of the suite."""
    return tuple(
        Stream(word, f"wafa:{word}", comments()[f"loyalty/{word}/v1/events.proto"], messages_of(word))
        for word in suite().words
    )


def messages_of(word: str) -> tuple[type[Message], ...]:
    """The messages of the service's contract that are events. Raises TypeError for one that is none."""
    contract = importlib.import_module(f"loyalty.{word}.v1.events_pb2").DESCRIPTOR
    found = tuple(GetMessageClass(descriptor) for descriptor in contract.message_types_by_name.values())
    for each in found:
        kind_of(each)
    return found


@functools.cache
def listeners() -> Mapping[str, Hears[Any]]:
    """The events that each consuming process consumes, by its word."""
    found = {word: ROOT / f"{module.replace('.', '/')}.py" for module, word in LISTENERS.items()}
    modules = {word: module for module, word in LISTENERS.items()}
    return {word: importlib.import_module(modules[word]).HEARS for word, path in found.items() if path.exists()}


def consumers_of(message_type: type[Message]) -> list[str]:
    """The words of the processes that consume the event."""
    return [word for word, consumed in listeners().items() if message_type in consumed.message_types.values()]


# ---- The page --------------------------------------------------------------------------------------------------------


def page() -> Iterator[str]:
    """A section a stream, and a table of its fields for each event."""
    for stream in streams():
        yield f"## {stream.address}\n\n{stream.about}"
        for message_type in stream.messages:
            yield from _event(message_type)


def _event(message_type: type[Message]) -> Iterator[str]:
    kind, descriptor = kind_of(message_type), message_type.DESCRIPTOR
    consumers = ", ".join(f"`{word}`" for word in consumers_of(message_type)) or "no process yet"
    yield (
        f"### {kind.type}\n\n{comments()[descriptor.full_name]}\n\n"
        f"`{descriptor.full_name}` of the aggregate `{kind.aggregate_type}`; consumed by {consumers}."
    )
    lines = ["| field | type | is |", "|---|---|---|"]
    lines += [f"| `{path}` | {type_} | {about} |" for path, type_, about in _rows(descriptor, "")]
    yield "\n".join(lines)


def _rows(descriptor: Any, before: str) -> Iterator[tuple[str, str, str]]:
    for field in descriptor.fields:
        path = f"{before}{field.name}{'[]' if field.is_repeated and not is_map(field) else ''}"
        inner = _inner(field)
        about = " ".join(comments()[field.full_name].split())
        yield path, _word(field) + (", may be absent" if field.has_presence else ""), about
        if inner is not None:
            yield from _rows(inner, f"{path}.")


def _word(field: FieldDescriptor) -> str:
    if is_map(field):
        return "object of texts"
    if field.enum_type is not None:
        return " or ".join(f'"{name}"' for number, name in short_names(field.enum_type).items() if number)
    if field.message_type is not None:
        return "instant" if field.message_type.full_name == TIMESTAMP else "object"
    return {"string": "text", "boolean": "true or false"}.get(_scalar_type(field), _scalar_type(field))


# ---- The AsyncAPI document -------------------------------------------------------------------------------------------


def asyncapi() -> str:
    """The document, as YAML."""
    note = "# scripts/reference.py writes this file from protos/loyalty/*/v1/events.proto.\n"
    return note + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=118)


def document() -> dict[str, Any]:
    """The document: streams are channels, announcing is sending and listening is receiving."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of Wafa",
            "version": project["version"],
            "description": "What the services of Wafa announce, each in a stream of Redis or Valkey of its own.",
            "license": {"name": project["license"]},
        },
        "defaultContentType": "application/json",
        "channels": {stream.word: _channel(stream) for stream in streams()},
        "operations": dict(_operations()),
        "components": {
            "messages": {each.DESCRIPTOR.name: _message(each) for stream in streams() for each in stream.messages},
            "schemas": _schemas(),
        },
    }


def _channel(stream: Stream) -> dict[str, Any]:
    names = [each.DESCRIPTOR.name for each in stream.messages]
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    return {"address": stream.address, "description": stream.about, "messages": messages}


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for stream in streams():
        yield f"{stream.word}-announces", _operation("send", stream.word, stream.messages)
    for word, consumed in listeners().items():
        (source,) = (stream.word for stream in streams() if stream.address == consumed.stream)
        yield f"{word}-consumes-{source}", _operation("receive", source, consumed.message_types.values())


def _operation(action: str, channel: str, messages: Iterable[type[Message]]) -> dict[str, Any]:
    refs = [{"$ref": f"#/channels/{channel}/messages/{each.DESCRIPTOR.name}"} for each in messages]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": refs}


def _message(message_type: type[Message]) -> dict[str, Any]:
    descriptor = message_type.DESCRIPTOR
    return {
        "name": kind_of(message_type).type,
        "title": descriptor.full_name,
        "summary": comments()[descriptor.full_name],
        "headers": {"$ref": "#/components/schemas/attributes"},
        "payload": {"$ref": f"#/components/schemas/{descriptor.name}"},
    }


def _schemas() -> dict[str, Any]:
    attributes = {name: {"type": "string", "description": about} for name, about in ATTRIBUTES.items()}
    schemas: dict[str, Any] = {"attributes": {"type": "object", "properties": attributes, "required": list(attributes)}}
    for stream in streams():
        for message_type in stream.messages:
            _add_schema(message_type.DESCRIPTOR, schemas)
    return schemas


def _add_schema(descriptor: Any, schemas: dict[str, Any]) -> None:
    schemas[_schema_name(descriptor)] = {
        "type": "object",
        "description": comments()[descriptor.full_name],
        "properties": {field.name: _field_schema(field) for field in descriptor.fields},
        "required": [field.name for field in descriptor.fields if not field.has_presence],
    }
    for field in descriptor.fields:
        if (inner := _inner(field)) is not None:
            _add_schema(inner, schemas)


def _field_schema(field: FieldDescriptor) -> dict[str, Any]:
    about = {"description": comments()[field.full_name]}
    if is_map(field):
        return {"type": "object", "additionalProperties": {"type": "string"}} | about
    one = _one_schema(field)
    if field.is_repeated:
        return {"type": "array", "items": one} | about
    return {"allOf": [one]} | about if "$ref" in one else one | about


def _one_schema(field: FieldDescriptor) -> dict[str, Any]:
    if field.enum_type is not None:
        return {"type": "string", "enum": [name for number, name in short_names(field.enum_type).items() if number]}
    if (inner := _inner(field)) is not None:
        return {"$ref": f"#/components/schemas/{_schema_name(inner)}"}
    if field.message_type is not None:
        return {"type": "string", "format": "date-time"}
    return {"type": _scalar_type(field)}


def _schema_name(descriptor: Descriptor) -> str:
    return descriptor.full_name.split(".v1.")[1]


def _inner(field: FieldDescriptor) -> Descriptor | None:
    """The message that stands in the field, of those that are objects in JSON and have fields of their own."""
    if field.message_type is None or is_map(field) or field.message_type.full_name == TIMESTAMP:
        return None
    return field.message_type


def _scalar_type(field: FieldDescriptor) -> str:
    return {
        FieldDescriptor.TYPE_STRING: "string",
        FieldDescriptor.TYPE_BOOL: "boolean",
        FieldDescriptor.TYPE_INT32: "integer",
        FieldDescriptor.TYPE_INT64: "integer",
    }[field.type]


# ---- Comments --------------------------------------------------------------------------------------------------------


@functools.cache
def comments() -> Mapping[str, str]:
    """What stands above messages, fields, enums and their values, by full name; above a package, by the file's name."""
    return {name: text for file in proto.descriptors().file for name, text in _comments_in(file)}


def _comments_in(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_places(file))
    for location in file.source_code_info.location:
        name = names.get(tuple(location.path))
        if name is not None:
            yield name, _unwrapped(location.leading_comments)


def _places(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """The full name of what stands at each path of a file; the numbers are those of the fields of descriptor.proto."""
    yield (2,), file.name
    for index, message in enumerate(file.message_type):
        yield from _places_in((4, index), f"{file.package}.{message.name}", message)
    for index, enum in enumerate(file.enum_type):
        yield from _places_of_values((5, index), file.package, enum)


def _places_in(path: tuple[int, ...], name: str, message: DescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, field in enumerate(message.field):
        yield (*path, 2, index), f"{name}.{field.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _places_in((*path, 3, index), f"{name}.{nested.name}", nested)


def _places_of_values(
    path: tuple[int, ...], package: str, enum: EnumDescriptorProto
) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, f"{package}.{enum.name}"
    for index, value in enumerate(enum.value):
        yield (*path, 2, index), f"{package}.{value.name}"


def _unwrapped(comment: str) -> str:
    """The comment without its line ends, a paragraph a line."""
    paragraphs = comment.strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
