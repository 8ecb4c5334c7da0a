"""The messages of the contract that are events: the option `event` of a message says which, and of what."""

from __future__ import annotations

import dataclasses
import functools
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from kit import ids
from kit.events.event import Event
from kit.events.payload import from_payload, to_payload

# The name of the option, in whichever package: the kit knows nothing of what it carries.
OPTION = "event"

M = TypeVar("M", bound=Message)


@dataclasses.dataclass(frozen=True)
class EventKind:
    """What an event is called, and what kind of thing it happens to."""

    type: str
    aggregate_type: str


def kind_of(message_type: type[Message]) -> EventKind:
    """Which event the message is. Raises TypeError for a message that is none."""
    return _kind(message_type.DESCRIPTOR)


@functools.cache
def _kind(descriptor: Descriptor) -> EventKind:
    options: Any = descriptor.GetOptions()
    for option, value in options.ListFields():
        if option.name == OPTION:
            return EventKind(value.type, value.aggregate)
    raise TypeError(f"{descriptor.full_name} has no option that makes it an event")


def event_of(
    message: Message, *, aggregate_id: uuid.UUID, version: int, program_id: uuid.UUID, occurred_at: datetime
) -> Event:
    """The event whose payload is the message, under a new id."""
    kind = kind_of(type(message))
    return Event(
        id=ids.ordered_id(),
        aggregate_type=kind.aggregate_type,
        aggregate_id=aggregate_id,
        type=kind.type,
        version=version,
        program_id=program_id,
        occurred_at=occurred_at,
        payload=to_payload(message),
    )


class Hears(Generic[M]):
    """The types of events that a consumer reads from one stream."""

    def __init__(self, stream: str, *message_types: type[M]) -> None:
        self.stream = stream
        self.message_types: Mapping[str, type[M]] = {kind_of(each).type: each for each in message_types}

    def message(self, event: Event) -> M | None:
        """The event's payload; None for an event of another type. Raises ValueError if it cannot be read."""
        message_type = self.message_types.get(event.type)
        return None if message_type is None else from_payload(event.payload, message_type)
