"""What the handlers need of the world: a storage that gives transactions, and `points`."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from kit.call import Call
from kit.idempotency import Command, Outcome
from kit.outbox import Event
from kit.page import PageRequest
from services.rewards.domain.availability import MemberStatus
from services.rewards.domain.redemptions import Redemption
from services.rewards.domain.reinstatements import Reinstatement
from services.rewards.domain.rewards import Reward, Unit
from services.rewards.domain.vouchers import Voucher

Answer = TypeVar("Answer")


class HoldState(enum.Enum):
    """The life of a hold in `points`."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclasses.dataclass(frozen=True)
class Hold:
    """A hold as `points` answers it."""

    hold_id: uuid.UUID
    state: HoldState
    is_reversed: bool


class PointsClient(Protocol):
    """The ledger, as a redemption needs it.

    Each write carries a request id derived from the redemption and the step, so that asking again, by whomever, is
    answered as the first time. A refusal of kind NOT_FOUND or PRECONDITION is an answer. Anything else that is raised
    leaves open whether the step took effect.
    """

    def place_hold(self, call: Call, redemption: Redemption) -> uuid.UUID:
        """Sets the redemption's price aside and gives the hold's id."""
        ...

    def capture_hold(self, call: Call, redemption: Redemption) -> None:
        """Spends the redemption's hold."""
        ...

    def release_hold(self, call: Call, redemption: Redemption) -> None:
        """Gives the redemption's hold back."""
        ...

    def reverse_capture(self, call: Call, redemption: Redemption) -> None:
        """Returns what the redemption's hold spent."""
        ...

    def hold(self, call: Call, redemption: Redemption) -> Hold | None:
        """The redemption's hold as it is now; nothing when there is none."""
        ...

    def available_points(self, call: Call, program_id: uuid.UUID, member_id: uuid.UUID, wallet: str) -> int:
        """What the member can spend now."""
        ...


class Rewards(Protocol):
    """The catalogue, as one transaction sees it."""

    def load(self, program_id: uuid.UUID, reward_id: uuid.UUID) -> Reward | None:
        """The reward with its stock at a glance, or nothing."""
        ...

    def lock(self, program_id: uuid.UUID, reward_id: uuid.UUID) -> Reward | None:
        """The reward, its terms and its stock locked, or nothing."""
        ...

    def page(self, program_id: uuid.UUID, request: PageRequest) -> Sequence[Reward]:
        """A program's rewards, newest first, one more than the page is long."""
        ...

    def insert(self, reward: Reward) -> None:
        """Writes a new reward's terms."""
        ...

    def update(self, reward: Reward) -> None:
        """Writes a reward's next version."""
        ...


class Stocks(Protocol):
    """Units of rewards."""

    def adjust(self, reward: Reward, before: int | None, movement_id: uuid.UUID, now: datetime) -> None:
        """Moves the stock from `before`, which the caller has locked, to what `reward` says."""
        ...

    def unit_for(self, redemption: Redemption) -> Unit:
        """Whether the reward counts units and one is left; nothing is locked."""
        ...

    def take(self, redemption: Redemption, movement_id: uuid.UUID, now: datetime) -> None:
        """Takes a unit for the redemption, as the last thing in its transaction; LostRaceError when none is left."""
        ...

    def give_back(self, redemption: Redemption, movement_id: uuid.UUID, now: datetime) -> None:
        """Gives the redemption's unit back."""
        ...


class Redemptions(Protocol):
    """Redemptions with their vouchers."""

    def load(self, program_id: uuid.UUID, member_id: uuid.UUID, redemption_id: uuid.UUID) -> Redemption | None:
        """The member's redemption, or nothing."""
        ...

    def lock(self, program_id: uuid.UUID, member_id: uuid.UUID, redemption_id: uuid.UUID) -> Redemption | None:
        """The same, locked."""
        ...

    def insert(self, redemption: Redemption, lease_s: int) -> None:
        """Writes a new redemption, which the caller is at work on for `lease_s` seconds."""
        ...

    def update(self, redemption: Redemption, lease_s: int) -> None:
        """Writes what a step changed; the lease begins anew, or ends with the way."""
        ...

    def claim(self, lease_s: int) -> Redemption | None:
        """Takes over the redemption whose lease ran out first, for `lease_s` seconds; nothing when there is none."""
        ...

    def count_under_way_since(self, instant: datetime) -> int:
        """How many redemptions are under way since before `instant`."""
        ...


class Counts(Protocol):
    """How many redemptions of a reward count against a member's limit."""

    def lock(self, member_id: uuid.UUID, program_id: uuid.UUID, reward_id: uuid.UUID) -> int:
        """How many count for the member; locked, if there ever was one."""
        ...

    def by_reward(
        self, member_id: uuid.UUID, program_id: uuid.UUID, reward_ids: Sequence[uuid.UUID]
    ) -> dict[uuid.UUID, int]:
        """How many count for the member, by reward; those without any are left out."""
        ...

    def add(self, member_id: uuid.UUID, program_id: uuid.UUID, reward_id: uuid.UUID, limit: int) -> int:
        """Counts one redemption more, up to `limit`, and says the how many-th it is; LostRaceError past it."""
        ...

    def subtract(self, redemption: Redemption) -> None:
        """Lets the redemption count no longer."""
        ...


class Vouchers(Protocol):
    """Vouchers and their codes."""

    def owner_of(self, program_id: uuid.UUID, code: str) -> tuple[uuid.UUID, uuid.UUID] | None:
        """The member and the redemption that a code belongs to, or nothing."""
        ...

    def insert(self, voucher: Voucher) -> None:
        """Writes a new voucher; raises LostRaceError if the code is taken, so that another one is drawn."""
        ...

    def update(self, voucher: Voucher) -> None:
        """Writes what a step changed."""
        ...

    def insert_use(self, voucher: Voucher, caller_id: str) -> None:
        """Writes that the voucher was used, and who said so."""
        ...

    def insert_reinstatement(self, reinstatement: Reinstatement, caller_id: str) -> None:
        """Writes that the voucher's last use was taken back, and who said so."""
        ...

    def was_reinstated_with(self, voucher: Voucher, return_id: uuid.UUID) -> bool:
        """Whether this return of goods has made the voucher good again."""
        ...


class Statuses(Protocol):
    """The projection of the members' statuses."""

    def load(self, program_id: uuid.UUID, member_id: uuid.UUID) -> MemberStatus | None:
        """What was last announced of the member, or nothing."""
        ...


class Transaction(Protocol):
    """Loads, locks and appends; all or nothing of what is written stays."""

    @property
    def now(self) -> datetime:
        """The time of everything that happens in it."""
        ...

    @property
    def rewards(self) -> Rewards:
        """The catalogue."""
        ...

    @property
    def stocks(self) -> Stocks:
        """Units of rewards."""
        ...

    @property
    def redemptions(self) -> Redemptions:
        """Redemptions."""
        ...

    @property
    def counts(self) -> Counts:
        """Counts against limits."""
        ...

    @property
    def vouchers(self) -> Vouchers:
        """Vouchers."""
        ...

    @property
    def statuses(self) -> Statuses:
        """The members' statuses."""
        ...

    def once(
        self, call: Call, command: Command, answer_type: type[Answer], work: Callable[[], Answer]
    ) -> Outcome[Answer]:
        """Replays the stored outcome of the command, or does the work and stores what it came to."""
        ...

    def announce(self, events: Sequence[Event]) -> None:
        """Publishes the events once the transaction has committed."""
        ...


class Storage(Protocol):
    """Gives transactions."""

    def transaction(self) -> contextlib.AbstractContextManager[Transaction]:
        """One transaction: leaving commits, raising rolls back."""
        ...
