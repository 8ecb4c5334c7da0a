"""Redemptions against the real ledger: `points` as it runs, with its own database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import grpc
import pytest
import sqlalchemy as sa
from loyalty.points.v1 import accounts_pb2, ledger_pb2
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceStub
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit import client, database
from kit.call import Call
from kit.client import invoke
from services.points import app as points_app
from services.points import check as points_check
from services.points import storage as points_storage
from services.points.batch import DirectCommitter, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.errors import MemberNotFound
from services.points.domain.program.policy import KnownMember, MemberStatus
from services.rewards import app, check
from services.rewards.clients import GrpcPoints
from services.rewards.handlers import Saga
from services.rewards.storage import Storage
from tests.factories.rewards import COST, DEADLINE_MS, Caller, new_id, reasons, serving, together
from tests.integration.rewards.conftest import LEASE_S, MovableClock

BALANCE = 1_000


class People:
    """`members` as a list of who there is."""

    def __init__(self) -> None:
        self.standings: dict[uuid.UUID, KnownMember] = {}

    def member(self, call: Call, program_id: uuid.UUID, member_id: uuid.UUID) -> KnownMember:
        if member_id not in self.standings:
            raise MemberNotFound("the program has no such member")
        return self.standings[member_id]


class Bank:
    """The real `points`, and what a test does with it."""

    def __init__(self, stub: LedgerServiceStub, people: People, clock: MovableClock, program_id: str) -> None:
        self._stub = stub
        self._people = people
        self.clock = clock
        self._program_id = program_id

    def member(self, balance: int = BALANCE, status: MemberStatus = MemberStatus.ACTIVE) -> str:
        """A member with so many points, who is then in that status."""
        member_id = uuid.uuid4()
        program_id = uuid.UUID(self._program_id)
        self._people.standings[member_id] = KnownMember(member_id, program_id, status, 1)
        if balance:
            request = ledger_pb2.AdjustPointsRequest(
                program_id=self._program_id,
                request_id=new_id(),
                member_id=str(member_id),
                amount=balance,
                reason="welcome",
                actor="test",
            )
            invoke(self._stub.AdjustPoints, request, call=Call("till-1"), deadline_ms=DEADLINE_MS)
        return str(member_id)

    def account(self, member_id: str) -> accounts_pb2.Account:
        request = ledger_pb2.GetAccountRequest(program_id=self._program_id, member_id=member_id)
        return invoke(self._stub.GetAccount, request, call=Call("till-1"), deadline_ms=DEADLINE_MS).response.account

    def hold(self, member_id: str, hold_id: str) -> ledger_pb2.Hold:
        request = ledger_pb2.GetHoldRequest(program_id=self._program_id, member_id=member_id, hold_id=hold_id)
        return invoke(self._stub.GetHold, request, call=Call("till-1"), deadline_ms=DEADLINE_MS).response.hold


@pytest.fixture
def program_id() -> str:
    return new_id()


@pytest.fixture
def points_engine(databases: Callable[[str], str]) -> Iterator[sa.Engine]:
    found = database.engine(databases("points"), database.PoolBounds(size_max=20, wait_ms=30_000))
    yield found
    found.dispose()


@pytest.fixture
def points_channel(points_engine: sa.Engine, people: People, ledger_clock: MovableClock) -> Iterator[grpc.Channel]:
    storage = points_storage.Storage(points_engine, clock=ledger_clock)
    servicers = points_app.servicers(
        storage, DirectCommitter(storage, Rulebook(10, CelConditions())), people, CelConditions()
    )
    with serving(*servicers) as address, client.channel(address) as channel:
        yield channel


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def ledger_clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def bank(points_channel: grpc.Channel, people: People, ledger_clock: MovableClock, program_id: str) -> Bank:
    return Bank(LedgerServiceStub(points_channel), people, ledger_clock, program_id)


@pytest.fixture
def points(points_channel: grpc.Channel) -> GrpcPoints:
    return GrpcPoints(points_channel, deadline_ms=30_000)


@pytest.fixture
def caller(storage: Storage, points: GrpcPoints, saga: Saga, program_id: str) -> Iterator[Caller]:
    servicer = app.servicer(storage, points, saga, places_max=64, lease_s=LEASE_S)
    with serving(servicer, threads=64) as address, client.channel(address) as channel:
        yield Caller(channel, program_id=program_id)


@pytest.fixture(autouse=True)
def books(engine: sa.Engine, points_engine: sa.Engine, bank: Bank) -> Iterator[None]:
    """The books of both services agree at the end of every test."""
    yield
    assert list(check.check(engine)) == []
    assert list(points_check.check(points_engine)) == []
    for claim in check.ledger_claims(engine):
        hold = bank.hold(str(claim.member_id), str(claim.hold_id))
        assert claim.is_settled
        assert (hold.captured if not hold.reversed else 0) == (claim.cost_points if claim.is_spent else 0)
        assert hold.state != ledger_pb2.HOLD_STATE_OPEN


def test_points_are_spent_and_come_back(caller: Caller, bank: Bank) -> None:
    member, reward = bank.member(), caller.reward(stock=1)
    redemption = caller.redemption(member, reward.reward_id)
    assert redemption.state == pb.REDEMPTION_STATE_CONFIRMED
    assert (bank.account(member).available, bank.account(member).held) == (BALANCE - COST, 0)

    cancelled = caller.cancel(member, redemption.redemption_id).response.redemption

    assert cancelled.state == pb.REDEMPTION_STATE_CANCELLED
    assert bank.account(member).available == BALANCE


@pytest.mark.parametrize(
    ("balance", "status", "reason"),
    [
        (COST - 1, MemberStatus.ACTIVE, "INSUFFICIENT_BALANCE"),
        (0, MemberStatus.SUSPENDED, "MEMBER_MAY_NOT_SPEND"),
        (BALANCE, MemberStatus.EARN_ONLY, "MEMBER_MAY_NOT_SPEND"),
    ],
)
def test_the_ledgers_no_ends_the_redemption(
    caller: Caller, bank: Bank, balance: int, status: MemberStatus, reason: str
) -> None:
    member = bank.member(balance, status)
    redemption = caller.redemption(member, caller.reward(stock=1).reward_id)
    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, reason)
    assert bank.account(member).available == balance


def test_somebody_who_is_not_a_member_gets_nothing(caller: Caller) -> None:
    redemption = caller.redemption(new_id(), caller.reward().reward_id)
    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "MEMBER_NOT_FOUND")


def test_the_list_counts_what_the_ledger_has(caller: Caller, bank: Bank) -> None:
    caller.reward(cost_points=BALANCE + 1)
    caller.reward(cost_points=BALANCE)
    affordable, dear = caller.list_for_member(bank.member()).rewards
    assert affordable.available
    (missing,) = dear.unavailabilities
    assert (missing.available_points, missing.missing_points) == (BALANCE, 1)


def test_a_balance_is_not_spent_twice(caller: Caller, bank: Bank) -> None:
    member, reward = bank.member(5 * COST), caller.reward()
    results = together(16, lambda _: caller.redemption(member, reward.reward_id))
    assert reasons(results) == []
    states = [redemption.state for redemption in results]
    assert states.count(pb.REDEMPTION_STATE_CONFIRMED) == 5
    assert states.count(pb.REDEMPTION_STATE_CANCELLED) == 11
    assert bank.account(member).available == 0


def test_a_hold_that_ran_out_meanwhile_ends_the_redemption(
    caller: Caller,
    bank: Bank,
    saga: Saga,
    points: GrpcPoints,
    sweep: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    member, reward = bank.member(), caller.reward(stock=1)
    with monkeypatch.context() as patched:
        patched.setattr(points, "capture_hold", _is_away)
        redemption = caller.redemption(member, reward.reward_id)
    assert redemption.state == pb.REDEMPTION_STATE_ISSUED
    bank.clock.ahead = timedelta(hours=1)

    sweep()

    over = caller.get_redemption(member, redemption.redemption_id)
    assert (over.state, over.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "HOLD_EXPIRED")
    assert bank.account(member).available == BALANCE
    assert caller.get(reward.reward_id).stock == 1


def _is_away(*_: object) -> None:
    raise client.ServiceUnavailable("away")
