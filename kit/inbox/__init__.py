"""The events that a service consumes: each has its effect exactly once, or becomes a dead letter for the operator.

The stream delivers at least once; the inbox, written in the same transaction as the effect, knows what was handled.
An event that fails is delivered up to five times and then becomes a dead letter, which counts as an alarm and can be
replayed when its cause is mended. Transient failures (a database or another service is unavailable) never count.
"""

from kit.inbox.consumer import DELIVERIES_MAX, Consumer, Handle
from kit.inbox.tables import RETENTION_DAYS, dead_letters_table, inbox_table, prune

__all__ = ["DELIVERIES_MAX", "RETENTION_DAYS", "Consumer", "Handle", "dead_letters_table", "inbox_table", "prune"]
