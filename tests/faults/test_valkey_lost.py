"""Valkey carries events and keeps none: emptied, killed or late, it stops no service, and no event is lost.

What was published and not yet read is lost with it, and is published again from the outbox.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import redis

from tests.fixtures.books import behind, scalar, unpublished
from tests.fixtures.deployment import Deployment
from tests.fixtures.suite import Program, sale
from tests.fixtures.waiting import wait_until

MEMBERS = 20
LISTENERS = ("points", "rewards")


def flush(deployment: Deployment) -> None:
    with redis.Redis.from_url(deployment.suite.redis_url) as client:
        client.flushall()


def kill_and_start(deployment: Deployment) -> None:
    deployment.valkey.kill()
    deployment.valkey.start()


def enrol(program: Program, many: int = MEMBERS) -> list[str]:
    """Enrols people and suspends the first, so that one member has more than one event."""
    member_ids = [program.member()["member_id"] for _ in range(many)]
    suspend(program, member_ids[0])
    return member_ids


def suspend(program: Program, member_id: str) -> None:
    body = {"status": "suspended", "reason": "card reported stolen"}
    program.staff.put(f"/v1/members/{member_id}/status", body, version="*").expect(200)


def trade(program: Program, reward_id: str, member_id: str) -> None:
    """A sale and a redemption, from the first request to the voucher's use."""
    program.till.post("/v1/purchases", sale(member_id=member_id)).expect(201)
    redeemed = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id}).expect(201)
    program.till.post(f"/v1/vouchers/{redeemed['voucher']['code']}/use", {}).expect(200)


def wait_until_all_is_consumed(deployment: Deployment) -> None:
    suite = deployment.suite
    wait_until(lambda: unpublished(suite) == 0, what="every outbox is published")
    wait_until(lambda: not behind(suite), what="all consumers of members know what the register knows")


@pytest.mark.parametrize("lose", [flush, kill_and_start])
def test_events_that_no_consumer_had_read_are_published_again(
    deployment: Deployment, program: Program, lose: Callable[[Deployment], None]
) -> None:
    deployment.kill(*LISTENERS)
    member_ids = enrol(program)
    wait_until(lambda: unpublished(deployment.suite) == 0, what="every event is published")
    known = "SELECT count(*) FROM standings WHERE member_id = ANY(%s::uuid[])"
    assert scalar(deployment.suite, "points", known, member_ids) == 0

    lose(deployment)

    deployment.start(*LISTENERS)
    wait_until_all_is_consumed(deployment)
    assert scalar(deployment.suite, "points", known, member_ids) == MEMBERS
    deployment.expect_books_to_agree()


def test_emptied_while_all_are_at_work_it_loses_no_member(deployment: Deployment, program: Program) -> None:
    program.rule()
    reward_id = program.reward()["reward_id"]
    for _ in range(5):
        _, *members = enrol(program, 4)
        flush(deployment)
        for member_id in members:
            trade(program, reward_id, member_id)
        flush(deployment)
    wait_until_all_is_consumed(deployment)
    deployment.expect_books_to_agree()


def test_without_valkey_all_go_on_and_afterwards_all_is_consumed(deployment: Deployment, program: Program) -> None:
    program.rule()
    reward_id = program.reward()["reward_id"]
    old_member = program.member()["member_id"]
    deployment.valkey.kill()

    suspended, *members = enrol(program, 5)
    for member_id in (old_member, *members):
        trade(program, reward_id, member_id)
    assert unpublished(deployment.suite) > 0

    deployment.valkey.start()
    wait_until_all_is_consumed(deployment)
    refused = program.till.post("/v1/purchases", sale(member_id=suspended))
    assert (refused.status, refused.reason) == (409, "MEMBER_MAY_NOT_EARN")
    deployment.expect_books_to_agree()


def test_absent_at_the_start_it_may_come_late(deployment: Deployment, program: Program) -> None:
    program.rule()
    reward_id = program.reward()["reward_id"]
    enrol(program)
    deployment.valkey.kill()
    deployment.kill("members", "gateway", *LISTENERS)

    deployment.start("members", *LISTENERS, "gateway")
    member_id = program.member()["member_id"]
    trade(program, reward_id, member_id)
    body, key = sale(member_id=member_id), str(uuid.uuid4())
    first = program.till.post("/v1/purchases", body, key=key)
    assert program.till.post("/v1/purchases", body, key=key).body == first.expect(201)

    deployment.valkey.start()
    wait_until_all_is_consumed(deployment)
    deployment.expect_books_to_agree()
