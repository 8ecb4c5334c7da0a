"""What the role that serves may do to its tables beyond reading and appending rows.

A service's migrations run with the role that owns its tables. The process that answers callers logs in as another,
which may SELECT and INSERT everywhere, and change or delete only what the service's `grants.py` names, column by
column. So what is written once stays as it was written, also when a statement of ours is wrong or an attacker
uses the serving role: PostgreSQL itself refuses.

A right is given in the release that needs it, and taken away in the release after the last code that used it: `migrate`
runs beside the processes of before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Rights:
    """The columns of a table that may change, and whether its rows may be deleted.

    A row that is locked (`FOR UPDATE` and its like) needs the right to change some column. `locked_by` is one for that
    alone: nothing changes it, and no harm is done by who does.
    """

    changes: tuple[str, ...] = ()
    deletes: bool = False
    locked_by: str = ""

    @property
    def updates(self) -> frozenset[str]:
        """The columns that PostgreSQL is to let the role update."""
        return frozenset(self.changes) | ({self.locked_by} if self.locked_by else frozenset())

    @property
    def is_append_only(self) -> bool:
        """Whether a row, once written, stays as it is for good."""
        return not self.updates and not self.deletes


Grants = Mapping[str, Rights]

APPEND_ONLY = Rights()

# The tables that each service makes from the kit.
STORED_ANSWERS = {"stored_answers": Rights(deletes=True, locked_by="stored_at")}
SEALS = {"seals": APPEND_ONLY}
OUTBOX = {"outbox": Rights(("published_at",), deletes=True)}
INBOX = {
    "inbox": Rights(deletes=True, locked_by="received_at"),
    "dead_letters": Rights(("type", "payload", "reason", "deliveries", "failed_at", "replayed_at")),
}
