"""How operations on the ledger are judged and written: many in one transaction, each on its own merits.

    operation   what one command must read, which accounts it touches, and what it makes of them
    context     everything a batch has loaded, and what its operations have decided so far
    execution   one transaction: load, open the books, judge in order, write everything at once
    committer   operations that arrive while a batch is being written form the next one

There is one path for one operation and for a hundred. A batch of one is what `DirectCommitter` runs; `GroupCommitter`
puts a queue in front of the same.
"""

from services.points.batch.committer import (
    HANDED_OVER_MAX,
    Committer,
    DirectCommitter,
    GroupCommitter,
    submit_in_shares,
)
from services.points.batch.context import BatchContext, MemberNotYetKnown
from services.points.batch.execution import Result
from services.points.batch.operation import GoodsTakenBack, Operation, Reads
from services.points.batch.rulebook import Rulebook

__all__ = [
    "HANDED_OVER_MAX",
    "BatchContext",
    "Committer",
    "DirectCommitter",
    "GoodsTakenBack",
    "GroupCommitter",
    "MemberNotYetKnown",
    "Operation",
    "Reads",
    "Result",
    "Rulebook",
    "submit_in_shares",
]
