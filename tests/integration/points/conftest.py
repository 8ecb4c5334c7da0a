"""`points` with its real database and a clock that the test holds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kit.call import Call
from kit.checking import Finding
from kit.database import PoolBounds, engine
from kit.idempotency import Outcome
from services.points import check, handlers, tables
from services.points.batch import Committer, GroupCommitter, ReferencedAnswer, Result, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.commands import ActivateEarningRule, CreateEarningRule, SetProgramPolicy
from services.points.domain.earning.rules import EarningRule
from services.points.domain.errors import MemberNotFound
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.ledger.transfers import Transfer, TransferPoints
from services.points.domain.program.policy import KnownMember, MemberStatus, Shortfall
from services.points.handlers.ledger.transfers import TransferPointsOperation
from services.points.handlers.member_lookup import MemberLookup
from services.points.storage import Storage
from tests.factories import points as make
from tests.fixtures.servers import as_owner

TILL = Call("till-1")
OFFICE = Call("office-1")


class HeldClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **step: float) -> None:
        self._now += timedelta(**step)


class KnownPeople:
    """`members` as a list of who there is."""

    def __init__(self) -> None:
        self.standings: dict[uuid.UUID, KnownMember] = {}
        self.questions = 0

    def member(self, call: Call, program_id: uuid.UUID, member_id: uuid.UUID) -> KnownMember:
        self.questions += 1
        member = self.standings.get(member_id)
        if member is None or member.program_id != program_id:
            raise MemberNotFound("the program has no such member")
        return member


def points_recorded(results: Iterable[Result]) -> list[int]:
    """What the purchases of a batch have earned, those that were refused left out."""
    outcomes = (result for result in results if isinstance(result, Outcome) and result.refusal is None)
    return [outcome.unwrap().answer.purchase.points_earned for outcome in outcomes]


@dataclass
class Points:
    """The service's handlers over its real database, as the role that serves.

    `engine` is the way of the role that owns the tables: what a test does by it, the service itself never could.
    """

    engine: sa.Engine
    storage: Storage
    clock: HeldClock
    people: KnownPeople
    committer: Committer
    purchases: handlers.PurchaseHandlers
    returns: handlers.ReturnHandlers
    accounts: handlers.AccountHandlers
    adjustments: handlers.AdjustmentHandlers
    activities: handlers.ActivityHandlers
    transfers: handlers.TransferHandlers
    holds: handlers.HoldHandlers
    rules: handlers.RuleHandlers
    exchanges: handlers.ExchangeHandlers
    qualifying: handlers.QualifyingHandlers
    policies: handlers.PolicyHandlers

    def member(self, status: MemberStatus = MemberStatus.ACTIVE, tier: str = "") -> uuid.UUID:
        """Somebody whom `members` knows."""
        member_id = uuid.uuid4()
        self.people.standings[member_id] = KnownMember(member_id, make.PROGRAM, status, 1, tier)
        return member_id

    def rule(self, **terms: object) -> EarningRule:
        """An active rule."""
        key = f"key-{make.a_number()}"
        created = self.rules.create_earning_rule(
            TILL, CreateEarningRule(make.PROGRAM, key, make.terms(**terms))
        ).unwrap()
        activate = ActivateEarningRule(make.PROGRAM, key, created.rule_id, 0)
        return self.rules.activate_earning_rule(TILL, activate).unwrap()

    def policy(self, shortfall: Shortfall = Shortfall.CARRY, **choices: Any) -> None:
        """Sets the program's policy."""
        command = SetProgramPolicy(make.PROGRAM, f"key-{make.a_number()}", shortfall, **choices)
        self.policies.set_program_policy(TILL, command).unwrap()

    def account(self, member_id: uuid.UUID) -> AccountView:
        """The member's account now."""
        return self.accounts.get_account(make.PROGRAM, member_id, "points")

    def give(self, member_id: uuid.UUID, points: int, *, expiry_days: int = 0) -> None:
        """Gives points by hand."""
        command = make.adjust_points(member_id, points, expiry_days=expiry_days)
        self.accounts.adjust_points(TILL, command).unwrap()

    def leaves(self, member_id: uuid.UUID) -> None:
        """The member leaves the program, and `points` hears of it."""
        known = self.people.standings[member_id]
        gone = replace(known, status=MemberStatus.TERMINATED, member_version=known.member_version + 1)
        self.people.standings[member_id] = gone
        with self.storage.transaction() as tx:
            tx.known_members.put(gone)

    def on_its_way(self, command: TransferPoints) -> Transfer:
        """A transfer whose process died after the sender was debited."""
        with self.storage.transaction() as tx:
            tx.known_members.put(*(self.people.standings[each] for each in (command.member_id, command.recipient_id)))
        sent = self.committer.submit(TILL, TransferPointsOperation(command, lease_s=30)).unwrap()
        assert isinstance(sent, ReferencedAnswer)
        return sent.answer

    def start_over(self) -> None:
        """Empties the books and leaves the program with its policy and rules, as if nothing had happened yet."""
        kept = (tables.program_settings, tables.earning_rules)
        emptied = ", ".join(table.name for table in tables.metadata.sorted_tables if table not in kept)
        with self.engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {emptied}"))

    def findings(self) -> list[Finding]:
        """What the checker says."""
        return list(check.check(self.engine))


@pytest.fixture
def points(databases: Callable[[str], str]) -> Iterator[Points]:
    url = databases("points")
    source = engine(url, PoolBounds(size_max=64, wait_ms=60_000))
    owning = engine(as_owner(url), PoolBounds(size_max=64, wait_ms=60_000))
    clock = HeldClock(make.NOON)
    storage, people = Storage(source, clock=clock), KnownPeople()
    known = MemberLookup(storage, people)
    committer = GroupCommitter(storage, Rulebook(10, CelConditions()), batch_max=64, queue_max=1_000, queue_wait_s=60)
    writer = committer.writer()
    writer.start()
    built = Points(
        owning,
        storage,
        clock,
        people,
        committer,
        handlers.PurchaseHandlers(storage, committer, known),
        handlers.ReturnHandlers(storage, committer),
        handlers.AccountHandlers(storage, committer, known),
        handlers.AdjustmentHandlers(storage, committer, known),
        handlers.ActivityHandlers(storage, committer, known),
        handlers.TransferHandlers(storage, committer, known),
        handlers.HoldHandlers(storage, committer, known),
        handlers.RuleHandlers(storage, CelConditions()),
        handlers.ExchangeHandlers(storage, committer, known),
        handlers.QualifyingHandlers(storage),
        handlers.PolicyHandlers(storage),
    )
    yield built
    writer.stop()
    findings = built.findings()
    # First, or a test with findings would leave connections behind, and their warning to another.
    source.dispose()
    owning.dispose()
    assert findings == []
