"""A process dies at every point of a redemption, and of its cancellation; another one finishes it.

The ledger is a real gRPC server that survives; the database is the service's own. The process is killed as by kill -9
where a failpoint stands in the source, a fresh process sweeps, and then the till, which had no answer, asks again.
Leases last no time here, so no process waits for one.
"""

from __future__ import annotations

import dataclasses
import re
import signal
import uuid
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
import sqlalchemy as sa

import services.rewards
from kit import client, database
from services.rewards import check
from services.rewards.clients import GrpcPoints
from services.rewards.domain.redemptions import RedemptionState
from services.rewards.domain.rewards import Reward
from services.rewards.domain.vouchers import VoucherState
from services.rewards.handlers import Redemptions, RewardPlaces, Saga
from services.rewards.storage import Storage
from tests.factories.rewards import COST, NOON, Ledger, new_id, new_ledger, serving, terms
from tests.integration.rewards import instance
from tests.integration.rewards.instance import act

BALANCE = 1_000
STOCK = 3


def both(saga: str, *steps: str) -> list[str]:
    """The failpoints around the steps, in order."""
    return [f"rewards.{saga}.{side}_{step}" for step in steps for side in ("before", "after")]


# Every way that a redemption can go, and the failpoints on it.
PATHS: dict[str, list[str]] = {
    "bought": both("redeem", "request", "hold", "held", "issue", "capture", "confirm"),
    "too few points": [
        *both("redeem", "request"),
        "rewards.redeem.before_hold",
        *both("redeem", "refuse"),
    ],
    "the last unit went meanwhile": both("redeem", "request", "hold", "held", "issue", "release", "cancel"),
    "the hold ran out": [
        *both("redeem", "issue"),
        "rewards.redeem.before_capture",
        *both("redeem", "refuse", "release", "cancel"),
    ],
    "undone": both("cancel", "void", "reverse", "cancel"),
}
CRASHES = [(path, failpoint) for path, failpoints in PATHS.items() for failpoint in failpoints]
ENDS = {
    "bought": (RedemptionState.CONFIRMED, ""),
    "too few points": (RedemptionState.CANCELLED, "INSUFFICIENT_BALANCE"),
    "the last unit went meanwhile": (RedemptionState.CANCELLED, "OUT_OF_STOCK"),
    "the hold ran out": (RedemptionState.CANCELLED, "HOLD_EXPIRED"),
    "undone": (RedemptionState.CANCELLED, "CANCELLED_ON_REQUEST"),
}


@dataclasses.dataclass
class World:
    """A database, a ledger, a member and a reward; and the command of a till."""

    database_url: str
    ledger_address: str
    engine: sa.Engine
    storage: Storage
    ledger: Ledger
    handlers: Redemptions
    reward: Reward
    member: str
    command: list[str] = dataclasses.field(default_factory=list)

    def run(self, *arguments: str, failpoint: str = "") -> int:
        """Runs an instance to its end, or to its death at `failpoint`; gives the exit code."""
        environ = {
            "REWARDS_DATABASE_URL": self.database_url,
            "POINTS_ADDRESS": self.ledger_address,
            "REWARDS_POINTS_DEADLINE_MS": "30000",
            "REWARDS_REDEMPTION_LEASE_S": "0",
        }
        return instance.run(environ, *arguments, failpoint=failpoint)

    def take_path(self, path: str) -> None:
        """Prepares what makes the redemption go that way."""
        self.ledger.balances[self.member] = BALANCE if path != "too few points" else COST - 1
        if path == "the last unit went meanwhile":
            self.ledger.before = lambda name: self._empty() if name == "PlaceHold" else None
        if path == "the hold ran out":
            self.ledger.before = lambda name: self.ledger.expire_holds() if name == "CaptureHold" else None
        self.command = ["redeem", str(self.reward.program_id), self.member, str(self.reward.reward_id), new_id()]
        if path == "undone":
            assert act(self.handlers, *self.command) == "confirmed"
            (redemption_id,) = self.redemption_ids()
            self.command = ["cancel", str(self.reward.program_id), self.member, str(redemption_id), new_id()]

    def redemption_ids(self) -> list[uuid.UUID]:
        with self.engine.connect() as connection:
            return list(connection.scalars(sa.text("SELECT redemption_id FROM redemptions")))

    def assert_sound(self, path: str, *, is_settled: bool = True) -> None:
        """The books of both sides agree, and all or nothing of the redemption has happened."""
        assert list(check.check(self.engine)) == []
        assert self.ledger.open_holds() == []
        spent = [hold.hold_id for hold in self.ledger.spent_holds()]
        claims = list(check.ledger_claims(self.engine))
        assert all(claim.is_settled for claim in claims)
        assert spent == [str(claim.hold_id) for claim in claims if claim.is_spent]
        if is_settled:
            self._assert_end(path, len(spent))

    def _assert_end(self, path: str, spent: int) -> None:
        state, reason = ENDS[path]
        (redemption_id,) = self.redemption_ids()
        with self.storage.transaction() as tx:
            redemption = tx.redemptions.load(self.reward.program_id, uuid.UUID(self.member), redemption_id)
            reward = tx.rewards.load(self.reward.program_id, self.reward.reward_id)
        assert redemption is not None
        assert reward is not None
        assert (redemption.state, redemption.cancel_reason) == (state, reason)
        is_bought = state is RedemptionState.CONFIRMED
        is_good = redemption.voucher is not None and redemption.voucher.state is VoucherState.ISSUED
        assert is_good == is_bought
        assert spent == int(is_bought)
        had = self.ledger.balances[self.member] + COST * spent
        assert self.ledger.available(self.member) == had - COST * spent
        stock = 0 if path == "the last unit went meanwhile" else STOCK
        assert reward.stock == stock - int(is_bought)

    def _empty(self) -> None:
        """Another member takes the last units."""
        with self.storage.transaction() as tx:
            before = tx.rewards.lock(self.reward.program_id, self.reward.reward_id)
            assert before is not None
            tx.stocks.adjust(dataclasses.replace(before, stock=0), before.stock, uuid.uuid4(), tx.now)


@pytest.fixture
def world(databases: Callable[[str], str]) -> Iterator[World]:
    url, ledger = databases("rewards"), new_ledger()
    engine = database.engine(url, database.PoolBounds(size_max=4))
    storage = Storage(engine)
    reward = Reward(uuid.uuid4(), uuid.uuid4(), terms(limit_per_member=1), STOCK, 1, NOON, NOON)
    with storage.transaction() as tx:
        tx.rewards.insert(reward)
        tx.stocks.adjust(reward, None, uuid.uuid4(), tx.now)
    with serving(ledger, threads=4) as address, client.channel(address) as channel:
        saga = Saga(storage, GrpcPoints(channel, deadline_ms=30_000), lease_s=0)
        handlers = Redemptions(storage, saga, RewardPlaces(1), lease_s=0)
        yield World(url, address, engine, storage, ledger, handlers, reward, ledger.member())
    engine.dispose()


def test_every_failpoint_of_the_source_is_on_a_path() -> None:
    folder = Path(services.rewards.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    names = re.findall(r'\breach\(\s*"([^"]+)"', source)
    assert len(names) == source.count("reach(")
    assert set(names) == {failpoint for _, failpoint in CRASHES}
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", PATHS)
def test_without_a_crash_each_path_ends_where_it_should(world: World, path: str) -> None:
    world.take_path(path)
    assert act(world.handlers, *world.command) == ENDS[path][0].value
    world.assert_sound(path)


@pytest.mark.parametrize(("path", "failpoint"), CRASHES)
def test_a_crash_is_made_good(world: World, path: str, failpoint: str) -> None:
    world.take_path(path)
    assert world.run(*world.command, failpoint=failpoint) == -signal.SIGKILL

    assert world.run("sweep") == 0

    # After a crash before the command was recorded there is nothing to finish; after every other one it is finished by
    # now.
    is_recorded = failpoint not in {"rewards.redeem.before_request", "rewards.cancel.before_void"}
    world.assert_sound(path, is_settled=is_recorded)
    # The till had no answer, so it asks again.
    assert act(world.handlers, *world.command) == ENDS[path][0].value
    world.assert_sound(path)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("path", "first", "second"),
    [(path, *pair) for path, failpoints in PATHS.items() for pair in combinations(failpoints, 2)],
)
def test_a_crash_of_the_sweeper_is_made_good_too(world: World, path: str, first: str, second: str) -> None:
    world.take_path(path)
    assert world.run(*world.command, failpoint=first) == -signal.SIGKILL
    world.run("sweep", failpoint=second)

    assert world.run("sweep") == 0

    assert act(world.handlers, *world.command) == ENDS[path][0].value
    world.assert_sound(path)
