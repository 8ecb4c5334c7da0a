"""How operations on the ledger are judged and written: many in one transaction, each on its own merits.

    reads       what an operation must see before it can plan
    operation   a command with its reads, its plan, and how the plan is judged
    plan        what an operation has worked out before anything is locked, and what it touches
    context     everything a batch has loaded and decided so far, a file a noun: `purchases`, `returns`, `accounts`, …
    execution   one transaction: load, plan, open the accounts, judge in order, write everything at once
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
from services.points.batch.context import BatchContext
from services.points.batch.execution import Result
from services.points.batch.members import MemberNotYetKnown
from services.points.batch.operation import Operation, ReferencedAnswer, answer_of, ref_of
from services.points.batch.plan import Plan, Touch
from services.points.batch.reads import GoodsTakenBack, Reads
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
    "Plan",
    "Reads",
    "ReferencedAnswer",
    "Result",
    "Rulebook",
    "Touch",
    "answer_of",
    "ref_of",
    "submit_in_shares",
]
