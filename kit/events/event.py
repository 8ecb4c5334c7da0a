"""An event, and how it looks in a stream: an entry whose fields are the attributes of CloudEvents 1.0."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened to an aggregate, in the past tense: `jar.opened`.

    `id` is a UUIDv7 and names the event for good, however often it is sent. `version` is the aggregate's after the
    event and grows by the aggregate's own count. The payload holds plain JSON values; it is read by other services and
    kept for days, so no personal data.
    """

    id: uuid.UUID
    aggregate_type: str
    aggregate_id: uuid.UUID
    type: str
    version: int
    program_id: uuid.UUID
    occurred_at: datetime
    payload: dict[str, Any]


def to_entry(event: Event, source: str) -> dict[str, str]:
    """The event as fields of a stream's entry. `programid` and `aggregateversion` are our extension attributes."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": source,
        "type": event.type,
        "subject": f"{event.aggregate_type}/{event.aggregate_id}",
        "time": event.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "programid": str(event.program_id),
        "aggregateversion": str(event.version),
        "data": orjson.dumps(event.payload).decode(),
    }


def from_entry(fields: Mapping[str, str]) -> Event:
    """Reads what `to_entry` wrote; unknown attributes are left aside. Raises ValueError if it cannot be read."""
    try:
        aggregate_type, _, aggregate_id = fields["subject"].partition("/")
        return Event(
            id=uuid.UUID(fields["id"]),
            aggregate_type=aggregate_type,
            aggregate_id=uuid.UUID(aggregate_id),
            type=fields["type"],
            version=int(fields["aggregateversion"]),
            program_id=uuid.UUID(fields["programid"]),
            occurred_at=datetime.fromisoformat(fields["time"]),
            payload=_object(fields["data"]),
        )
    except KeyError as error:
        raise ValueError(f"the entry has no {error}") from error


def _object(text: str) -> dict[str, Any]:
    value = orjson.loads(text)
    if not isinstance(value, dict):
        raise ValueError("the entry's data is not an object")
    return value
