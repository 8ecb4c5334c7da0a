"""How operations on the ledger are judged and written: many in one transaction, each on its own merits.

    operation   what one wish needs to see, which accounts it touches, and what it makes of them
    desk        everything a batch has loaded, and what its operations have decided so far
    batch       one transaction: look, open the books, judge in order, write everything at once
    queue       operations that arrive while a batch is being written form the next one

There is one path for one operation and for a hundred. A batch of one is what `Singly` runs; `Grouped` puts a queue in
front of the same.
"""

from services.points.commit.batch import Result
from services.points.commit.desk import Desk, StandingMissing
from services.points.commit.operation import GoodsTakenBack, Looks, Operation
from services.points.commit.queue import HANDED_OVER_MAX, Committer, Grouped, Singly, submit_in_shares
from services.points.commit.rulebook import Rulebook

__all__ = [
    "HANDED_OVER_MAX",
    "Committer",
    "Desk",
    "GoodsTakenBack",
    "Grouped",
    "Looks",
    "Operation",
    "Result",
    "Rulebook",
    "Singly",
    "StandingMissing",
    "submit_in_shares",
]
