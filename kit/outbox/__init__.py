"""The events that a service publishes: written in the transaction of the change itself, carried to Redis later.

A handler appends `Event`s; a `Relay` beside the requests publishes them. Every event arrives at least once, and events
of one aggregate may arrive out of order: two relays at once, a crash between publishing and marking, or a second
sending of older events all bring that about. So a consumer that keeps a state compares `Event.version` with the
version it last applied, and lets older ones pass without effect.

    outbox.append(connection, tables.outbox, events)         in the transaction of the change
    Worker("jars-relay", relay.publish_once, interval_s=0.2)  in the composition root
"""

from kit.events import Event
from kit.outbox.relay import Relay
from kit.outbox.table import RETENTION_DAYS, append, outbox_table, prune, republish, row

__all__ = ["RETENTION_DAYS", "Event", "Relay", "append", "outbox_table", "prune", "republish", "row"]
