"""`points` dies ten times in the middle of a batch, under load; the ledger then agrees with the answers that tills got.

The process is killed as by kill -9 before a batch is written, before it is committed and after, at a batch that other
callers are part of. Tills that insist send the same request again until they know. Others give up at once: what they
asked for has happened once or not at all. The processes are forked off one that has imported everything, since a fresh
interpreter takes longer to start than all the rest.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

import pytest
import sqlalchemy as sa
from loyalty.points.v1 import sales_pb2 as pb

from kit import client, database, failpoints
from kit.call import Call
from kit.chassis import process
from kit.client import invoke
from kit.errors import Exhausted, Unavailable
from services.points import app, check
from services.points.tables import standings
from tests.factories.points_stubs import PointsStubs
from tests.fixtures.crew import Crew
from tests.fixtures.digests import digest_anew
from tests.fixtures.waiting import wait_until
from tests.unit.services.points import requests
from wafa.backends import free_port
from wafa.launcher.readiness import grpc_serves

# Where it dies, and at which batch of its life. The last comes from outside, at any moment.
DEATHS = [
    f"points.batch.{place}:{batch}"
    for batch, place in itertools.product((2, 5, 9), ("before_write", "before_commit", "after_commit"))
] + [""]
SINGLES, UPLOADERS, PER_CALL = 10, 4, 20
# Answers that a life lasts for, where it is ended from outside.
ANSWERS_A_LIFE = 30
DEADLINE_MS = 10_000
CALL = Call("till-1")

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["__main__", __name__])


# ---- The process -----------------------------------------------------------------------------------------------------


class Instance:
    """A process of `points` at one address, which can die and be started again."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.address = f"127.0.0.1:{environ['POINTS_PORT']}"
        self._environ = environ
        self._process = _processes.Process()

    def start(self, failpoint: str) -> None:
        """Starts it, to die there if it comes so far."""
        self._process = _processes.Process(target=_serve, args=(self._environ, failpoint), daemon=True)
        self._process.start()

    def wait_ready(self) -> None:
        """Waits until it serves; it may be dead again by then."""
        wait_until(lambda: grpc_serves(self.address) or not self._process.is_alive(), what="points serves")

    def wait_dead(self) -> None:
        """Waits until it has died by SIGKILL."""
        self._process.join(60)
        assert self._process.exitcode == -signal.SIGKILL

    def kill(self) -> None:
        self._process.kill()
        self.wait_dead()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(60)
        assert self._process.exitcode == 0


def _serve(environ: dict[str, str], failpoint: str) -> None:
    os.environ.update(environ)
    # Read from the environment when it was imported, which was before the fork.
    failpoints.arm(failpoint)
    raise SystemExit(process.main(app.SERVICE, ["serve"]))


# ---- The load --------------------------------------------------------------------------------------------------------


@dataclass
class History:
    """The answers that one till got: points by receipt number, and receipts whose outcome it does not know."""

    member_id: str
    earned: dict[str, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    tries_in_vain: int = 0


class Load:
    """Tills that sell one by one and insist, tills that give up, and uploaders of many sales in one call."""

    def __init__(self, stub: PointsStubs, program_id: str, member_ids: list[str]) -> None:
        self._stub = stub
        self._program_id = program_id
        self.histories = [History(member_id) for member_id in member_ids]
        self._crew = Crew()

    @property
    def answers(self) -> int:
        """How many sales are known to be recorded."""
        return sum(len(history.earned) for history in self.histories)

    def going_on(self) -> AbstractContextManager[None]:
        """All at work while the block runs."""
        return self._crew.going_on(
            [
                partial(self._work, self._upload if number < UPLOADERS else self._sell, history, insists=number % 3 > 0)
                for number, history in enumerate(self.histories)
            ]
        )

    def wait_for_more(self, answers: int) -> None:
        """Waits until so many more sales are known to be recorded."""
        wanted = self.answers + answers
        self._crew.wait_until(lambda: self.answers >= wanted, what=f"{answers} more answers")

    def _work(self, act: Callable[[History, bool], None], history: History, *, insists: bool) -> None:
        while not self._crew.over.is_set():
            act(history, insists)

    def _sell(self, history: History, insists: bool) -> None:
        request = requests.record_purchase(history.member_id)
        request.program_id, request.request_id = self._program_id, str(uuid.uuid4())
        numbers = [request.sale.receipt.receipt_number]

        def ask() -> list[pb.Purchase]:
            return [
                invoke(self._stub.sales.RecordPurchase, request, call=CALL, deadline_ms=DEADLINE_MS).response.purchase
            ]

        self._note(history, numbers, ask, insists)

    def _upload(self, history: History, insists: bool) -> None:
        request = pb.RecordPurchasesRequest(program_id=self._program_id)
        for _ in range(PER_CALL):
            one = requests.record_purchase(history.member_id)
            request.items.add(request_id=str(uuid.uuid4()), member_id=history.member_id, sale=one.sale)
        numbers = [item.sale.receipt.receipt_number for item in request.items]

        def ask() -> list[pb.Purchase]:
            answer = invoke(self._stub.sales.RecordPurchases, request, call=CALL, deadline_ms=DEADLINE_MS).response
            if any(result.HasField("error") for result in answer.results):
                raise Exhausted("not all of them were taken")
            return [result.response.purchase for result in answer.results]

        self._note(history, numbers, ask, insists)

    def _note(self, history: History, numbers: list[str], ask: Callable[[], list[pb.Purchase]], insists: bool) -> None:
        pause = threading.Event()
        while True:
            try:
                purchases = ask()
            except (Unavailable, Exhausted):
                history.tries_in_vain += 1
                if not insists:
                    history.unknown.update(numbers)
                    return
                pause.wait(0.05)
            else:
                history.earned.update(zip(numbers, (each.points_earned for each in purchases), strict=True))
                return


# ---- The proof -------------------------------------------------------------------------------------------------------


@pytest.fixture
def environ(databases: Callable[[str], str], redis_url: str) -> dict[str, str]:
    return {
        "POINTS_DATABASE_URL": databases("points"),
        "REDIS_URL": redis_url,
        "POINTS_PORT": str(free_port()),
        "POINTS_INTERNAL_PORT": str(free_port()),
        "POINTS_LOG_LEVEL": "error",
    }


def test_points_dies_ten_times_in_the_middle_of_batches(environ: dict[str, str]) -> None:
    program_id, instance = str(uuid.uuid4()), Instance(environ)
    engine = database.engine(environ["POINTS_DATABASE_URL"], database.PoolBounds(size_max=4, wait_ms=30_000))
    member_ids = [_member(engine, program_id) for _ in range(SINGLES + UPLOADERS)]
    instance.start("")
    instance.wait_ready()
    with client.channel(instance.address) as channel:
        stub = PointsStubs(channel)
        _make_rule(stub, program_id)
        instance.kill()
        load = Load(stub, program_id, member_ids)
        with load.going_on():
            for death in DEATHS:
                instance.start(death)
                if death:
                    instance.wait_dead()
                else:
                    instance.wait_ready()
                    load.wait_for_more(ANSWERS_A_LIFE)
                    instance.kill()
            instance.start("")
            load.wait_for_more(ANSWERS_A_LIFE)
        instance.stop()
    _expect_kept(engine, load)
    assert list(check.check(engine)) == []
    engine.dispose()


def _member(engine: sa.Engine, program_id: str) -> str:
    """A member as `points` knows it from an event of `members`."""
    member_id = str(uuid.uuid4())
    statement = "INSERT INTO standings (member_id, program_id, status, member_version) VALUES (:m, :p, 'active', 1)"
    with engine.begin() as connection:
        connection.execute(sa.text(statement), {"m": member_id, "p": program_id})
        digest_anew(connection, standings)
    return member_id


def _make_rule(stub: PointsStubs, program_id: str) -> None:
    create = requests.create_earning_rule()
    create.program_id = program_id
    rule = invoke(stub.earning.CreateEarningRule, create, call=CALL, deadline_ms=DEADLINE_MS).response.rule
    activate = requests.activate_earning_rule(rule.rule_id)
    activate.program_id = program_id
    invoke(stub.earning.ActivateEarningRule, activate, call=CALL, deadline_ms=DEADLINE_MS)


def _expect_kept(engine: sa.Engine, load: Load) -> None:
    """Asserts that each answered purchase is there once, with its points, and each unknown one at most once."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT member_id::text, receipt_number, points_earned FROM purchases")).all()
        entries = connection.execute(sa.text("SELECT purchase_id FROM entries WHERE kind = 'earn'")).scalars().all()
    recorded = {(row.member_id, row.receipt_number): row.points_earned for row in rows}
    assert len(recorded) == len(rows)
    assert set(Counter(entries).values()) == {1}
    assert len(entries) == len(rows)
    for history in load.histories:
        own = {number: points for (member_id, number), points in recorded.items() if member_id == history.member_id}
        assert all(own[number] == points for number, points in history.earned.items())
        assert own.keys() - history.earned.keys() <= history.unknown
    assert sum(history.tries_in_vain for history in load.histories) > 0
