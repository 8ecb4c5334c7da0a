"""Events: what they are, how they stand in a stream, and the messages of the contract that are their payloads.

    event_of(pb.JarOpened(grams=250), aggregate_id=jar_id, version=3, …)      in the publisher
    HEARS = Hears("wafa:pantry", pb.JarOpened, pb.JarClosed)                  in the consumer
    HEARS.message(event)                                                      the message, or None for another event

A payload is JSON: in the outbox, in the stream, in dead letters. See `kit.events.payload` for how it is made.
"""

from kit.events.contract import Hears, event_of, kind_of
from kit.events.event import Event, from_entry, to_entry

__all__ = ["Event", "Hears", "event_of", "from_entry", "kind_of", "to_entry"]
