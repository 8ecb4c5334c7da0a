"""Writing down what time alone has done to an account."""

from __future__ import annotations

from services.points.batch import BatchContext, Plan, Reads
from services.points.domain.ledger.accounts import AccountKey
from services.points.storage import BookRequest


class SettleAccountOperation:
    """Ends the holds and lapses the lots of an account whose time is over; nobody's wish, so nothing is stored."""

    command = None
    answer_type = bool

    def __init__(self, key: AccountKey) -> None:
        self._key = key
        self.reads = Reads(key.program_id, key.member_id)

    def plan(self, context: BatchContext) -> Plan:
        """The account."""
        return Plan([BookRequest(self._key)])

    def judge(self, context: BatchContext, plan: Plan) -> bool:
        """Settles it."""
        context.accounts.book(self._key).settle(context.now)
        return True
