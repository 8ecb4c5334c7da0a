"""One instance of `rewards` as a process of its own, which does one thing and ends.

Instances are forked off a process that has imported everything and done nothing: a fresh interpreter each would take a
second each, and there are many crashes to try.
"""

from __future__ import annotations

import multiprocessing
import uuid
from collections.abc import Mapping

from kit import client, failpoints
from kit.call import Call
from kit.chassis.databases import engine_of
from services.rewards import jobs
from services.rewards.app import SERVICE
from services.rewards.clients import GrpcPoints
from services.rewards.domain.commands import CancelRedemption, Redeem
from services.rewards.handlers import Redemptions, RewardPlaces, Saga
from services.rewards.storage import Storage

CALL = Call("till-1")
TIMEOUT_S = 120

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["__main__", __name__])


def run(environ: Mapping[str, str], *arguments: str, failpoint: str = "") -> int:
    """Runs an instance to its end, or to its death at `failpoint`; gives the exit code, minus the signal if killed.

    The arguments are `redeem PROGRAM MEMBER REWARD REQUEST`, `cancel PROGRAM MEMBER REDEMPTION REQUEST` or `sweep`.
    """
    process = _processes.Process(target=_main, args=(dict(environ), failpoint, arguments))
    process.start()
    process.join(TIMEOUT_S)
    assert process.exitcode is not None, "the instance hangs"
    return process.exitcode


def act(handlers: Redemptions, action: str, program: str, member: str, subject: str, request_id: str) -> str:
    """Redeems or cancels, and gives the state that it came to."""
    program_id, member_id, subject_id = uuid.UUID(program), uuid.UUID(member), uuid.UUID(subject)
    if action == "redeem":
        outcome = handlers.redeem(CALL, Redeem(program_id, request_id, member_id, subject_id))
    else:
        command = CancelRedemption(program_id, request_id, member_id, subject_id, "changed their mind")
        outcome = handlers.cancel_redemption(CALL, command)
    return outcome.unwrap().state.value


def _main(environ: Mapping[str, str], failpoint: str, arguments: tuple[str, ...]) -> None:
    # Failpoints are read from the environment when the module is imported, which was before the fork.
    failpoints.arm(failpoint)
    settings = SERVICE.load(environ)
    storage = Storage(engine_of(settings))
    points = GrpcPoints(client.channel(settings.points_address), deadline_ms=settings.points_deadline_ms)
    lease_s = settings.redemption_lease_s
    saga = Saga(storage, points, lease_s=lease_s)
    if arguments == ("sweep",):
        while jobs.sweep_redemptions(storage, saga, lease_s=lease_s, limit=10):
            pass
    else:
        act(Redemptions(storage, saga, RewardPlaces(1), lease_s=lease_s), *arguments)
