"""Writing down what time alone has done to an account."""

from __future__ import annotations

from collections.abc import Sequence

from services.points.commit import Desk, Looks
from services.points.domain.ledger import AccountKey
from services.points.storage import BookRequest


class Settling:
    """Ends the holds and lapses the lots of an account whose time is over; nobody's wish, so nothing is stored."""

    command = None
    answer_type = bool

    def __init__(self, key: AccountKey) -> None:
        self._key = key
        self.looks = Looks(key.program_id, key.member_id)

    def books(self, desk: Desk) -> Sequence[BookRequest]:
        """The account."""
        return [BookRequest(self._key)]

    def judge(self, desk: Desk) -> bool:
        """Settles it."""
        desk.book(self._key).settle(desk.now)
        return True
