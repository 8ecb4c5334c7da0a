"""Canonical forms of the texts of a request, by the option `text_form` of their fields."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from kit import texts
from kit.errors import Invalid

# The name of the option, in whichever package: the kit knows nothing of what is served.
OPTION = "text_form"

Form = Callable[[str], str]
_FORMS: tuple[Form | None, ...] = (None, texts.name, texts.prose)

# ASCII that has every form already, as most texts do: words with single spaces between them.
_PLAIN = re.compile("(?:[!-~]+(?: [!-~]+)*)?")

# A key that a path may hold.
_KEY = re.compile("[A-Za-z0-9_-]{1,64}")


@dataclasses.dataclass(frozen=True)
class _Fields:
    """The fields of a kind of message that hold texts with a form, and those whose messages hold some."""

    texts: tuple[tuple[str, Form], ...] = ()
    lists: tuple[tuple[str, Form], ...] = ()
    maps: tuple[tuple[str, Form], ...] = ()
    messages: tuple[tuple[str, _Fields], ...] = ()
    message_lists: tuple[tuple[str, _Fields], ...] = ()


_NONE = _Fields()


def canonicalise(message: Message) -> None:
    """Changes texts to their forms, in place. Raises Invalid for a text with control characters."""
    _canonicalise(message, _fields_of(message.DESCRIPTOR))


def _canonicalise(message: Any, fields: _Fields) -> None:
    for name, form in fields.texts:
        text = getattr(message, name)
        if not _PLAIN.fullmatch(text):
            setattr(message, name, _formed(text, form, name))
    for name, form in fields.lists:
        _canonicalise_items(getattr(message, name), form, name)
    for name, form in fields.maps:
        _canonicalise_values(getattr(message, name), form, name)
    for name, fields_of_part in fields.messages:
        if message.HasField(name):
            _canonicalise_part(getattr(message, name), fields_of_part, name)
    for name, fields_of_part in fields.message_lists:
        for index, item in enumerate(getattr(message, name)):
            _canonicalise_part(item, fields_of_part, name, index)


def _canonicalise_part(part: Any, fields: _Fields, name: str, index: int | None = None) -> None:
    try:
        _canonicalise(part, fields)
    except Invalid as problem:
        # The path is put together only where it is needed: a receipt has thousands of texts.
        raise problem.within(name if index is None else f"{name}[{index}]") from problem


def _canonicalise_items(items: Any, form: Form, name: str) -> None:
    for index, text in enumerate(items):
        if not _PLAIN.fullmatch(text):
            items[index] = _formed(text, form, f"{name}[{index}]")


def _canonicalise_values(values: Any, form: Form, name: str) -> None:
    for key in values:
        if not _PLAIN.fullmatch(values[key]):
            # The key is as it was sent, and may be anything as yet.
            values[key] = _formed(values[key], form, f"{name}.{key}" if _KEY.fullmatch(key) else name)


def _formed(text: str, form: Form, field: str) -> str:
    if not texts.is_fit(text):
        raise Invalid(field, "must not contain control characters")
    return form(text)


@functools.cache
def _fields_of(descriptor: Descriptor) -> _Fields:
    """Made once, with those of all messages within; a message that may hold one of its own kind has no place here."""
    with_form = [(field, form) for field in descriptor.fields if (form := _form_of(field)) is not None]
    parts = [field for field in descriptor.fields if field.message_type is not None and not _is_map(field)]
    # What the edge does not judge is no part of it: each item is checked by itself.
    parts = [field for field in parts if not _is_left_out(field)]
    with_fields = [(each, fields) for each in parts if (fields := _fields_of(each.message_type)) != _NONE]
    return _Fields(
        texts=tuple((field.name, form) for field, form in with_form if not field.is_repeated),
        lists=tuple((field.name, form) for field, form in with_form if field.is_repeated and not _is_map(field)),
        maps=tuple((field.name, form) for field, form in with_form if _is_map(field)),
        messages=tuple((field.name, fields) for field, fields in with_fields if not field.is_repeated),
        message_lists=tuple((field.name, fields) for field, fields in with_fields if field.is_repeated),
    )


def _form_of(field: FieldDescriptor) -> Form | None:
    options: Any = field.GetOptions()
    return next((_FORMS[value] for option, value in options.ListFields() if option.name == OPTION), None)


def _is_left_out(field: FieldDescriptor) -> bool:
    rules: Any = field.GetOptions().Extensions[validate_pb2.field]
    return bool(rules.repeated.items.ignore == validate_pb2.IGNORE_ALWAYS)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
