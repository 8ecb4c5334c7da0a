"""What protovalidate finds, in our words and with our paths."""

from __future__ import annotations

from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from protovalidate import FieldPathElementPb, FieldPathPb, Violation

from kit.errors import Invalid

MISSING = "is missing"


def invalid_of(violation: Violation, message: Message) -> Invalid:
    """The refusal for a violation that was found in the message."""
    path = violation.proto.field or FieldPathPb()
    field = _field_at(message.DESCRIPTOR, path)
    return Invalid(_spelt(path, for_key=violation.proto.for_key), _problem(violation, field))


def _spelt(path: FieldPathPb, *, for_key: bool) -> str:
    """The path as callers read it: `lines[2].sku`, `attributes.city`. A key that is no good is not repeated."""
    steps = [_step(element) for element in path.elements]
    return ".".join([*steps[:-1], path.elements[-1].field_name] if for_key else steps)


def _step(element: FieldPathElementPb) -> str:
    match element.subscript:
        case None:
            return element.field_name
        case subscript if subscript.field == "index":
            return f"{element.field_name}[{subscript.value}]"
        case subscript:
            return f"{element.field_name}.{subscript.value}"


def _field_at(descriptor: Any, path: FieldPathPb) -> FieldDescriptor | None:
    """The field, or nothing for a rule about a whole message."""
    field = None
    for element in path.elements:
        field = descriptor.fields_by_name[element.field_name]
        descriptor = field.message_type
    return field


def _problem(violation: Violation, field: FieldDescriptor | None) -> str:
    """Our sentence; where there is none, the one that stands at the rule."""
    rule = violation.proto.rule_id
    # Nothing but a text that must be given is refused for being empty; of enums the contract forbids the unspecified.
    if rule in ("required", "enum.not_in") or violation.field_value == "":
        return MISSING
    if field is None or violation.proto.rule is None:
        return violation.proto.message
    bounds: Any = field.GetOptions().Extensions[validate_pb2.field]
    for element in violation.proto.rule.elements[:-1]:
        bounds = getattr(bounds, element.field_name)
    return _sentence(rule, bounds, field) or violation.proto.message


def _sentence(rule: str, bounds: Any, field: FieldDescriptor) -> str:
    match rule.split("."):
        case ["string", "uuid"]:
            return "must be a UUID"
        case ["string", "min_len" | "max_len"]:
            return f"must have {bounds.min_len} to {bounds.max_len} characters"
        case ["bytes", "len"]:
            return f"must have {bounds.len} bytes"
        case ["repeated", "min_items" | "max_items"] if bounds.min_items:
            return f"must have {bounds.min_items} to {bounds.max_items} items"
        case ["repeated", "max_items"]:
            return f"must have at most {bounds.max_items} items"
        case ["map", "max_pairs"]:
            return f"must have at most {bounds.max_pairs} items"
        case ["enum", "defined_only"]:
            return f"must be one of {', '.join(_words(field))}"
        case ["int32" | "int64" | "uint32" | "uint64", "gte_lte"]:
            return f"must be between {bounds.gte} and {bounds.lte}"
        case ["int32" | "int64" | "uint32" | "uint64", "gte"]:
            return f"must be at least {bounds.gte}"
        case ["int32" | "int64" | "uint32" | "uint64", "lte"]:
            return f"must be at most {bounds.lte}"
        case _:
            return ""


def _words(field: FieldDescriptor) -> list[str]:
    """The choices of an enum, without the prefix that they share in a proto."""
    names = [] if field.enum_type is None else [value.name for value in field.enum_type.values]
    return [name.removeprefix(names[0].removesuffix("UNSPECIFIED")) for name in names[1:]]
