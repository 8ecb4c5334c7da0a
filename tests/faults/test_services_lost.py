"""A service or its database dies as by kill -9: the others go on, tills get a Retry-After, and nothing is lost."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from loyalty.members.v1 import members_pb2 as pb

from kit import apikey, client
from kit.call import Call
from tests.fixtures.books import wait_until_settled
from tests.fixtures.deployment import Deployment
from tests.fixtures.suite import Answer, Caller, Program, sale
from tests.fixtures.tills import Trade, insist
from tests.fixtures.waiting import wait_until
from wafa.backends import WORDS

CUSTOMERS = 4
FULL_DISK = Path("/dev/full")


def says_when_to_retry(answer: Answer) -> bool:
    return answer.status == 503 and int(answer.headers["retry-after"]) >= 1


def phone(number: str) -> dict[str, Any]:
    return {"identifier": {"kind": "phone", "value": number}}


def test_without_rewards_tills_go_on_selling(deployment: Deployment, program: Program) -> None:
    program.rule()
    reward_id = program.reward(stock=1)["reward_id"]
    member_id = program.member()["member_id"]
    path, redemption, key = f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id}, str(uuid.uuid4())
    deployment.kill("rewards")

    program.till.post("/v1/purchases", sale(member_id=member_id)).expect(201)
    assert says_when_to_retry(program.till.post(path, redemption, key=key))
    assert program.account(member_id)["available"] == 100

    deployment.start("rewards")
    assert insist(lambda: program.till.post(path, redemption, key=key)).expect(201)["state"] == "confirmed"
    assert program.account(member_id)["available"] == 0
    deployment.expect_books_to_agree()


def test_without_members_tills_sell_to_those_they_know(deployment: Deployment, program: Program) -> None:
    program.rule()
    reward_id = program.reward()["reward_id"]
    known, unknown = program.member("+447911123456")["member_id"], program.member("+447911123457")["member_id"]
    program.till.post("/v1/purchases", sale(member=phone("+447911123456"))).expect(201)
    fresh_till = Caller(program.suite.url, program.suite.new_key(program.program_id, "till"))
    wait_until_settled(deployment.suite)
    deployment.kill("members")

    program.till.post("/v1/purchases", sale(member_id=known)).expect(201)
    program.till.post("/v1/purchases", sale(member_id=unknown)).expect(201)
    answer = program.till.post("/v1/purchases", sale(member=phone("+447911123456"))).expect(201)
    assert answer["purchase"]["member_id"] == known
    program.till.post(f"/v1/members/{known}/redemptions", {"reward_id": reward_id}).expect(201)

    by_new_phone, key = sale(member=phone("+447911123457")), str(uuid.uuid4())
    assert says_when_to_retry(program.till.post("/v1/purchases", by_new_phone, key=key))
    assert says_when_to_retry(fresh_till.get(f"/v1/members/{known}/account"))

    deployment.start("members")
    answer = insist(lambda: program.till.post("/v1/purchases", by_new_phone, key=key)).expect(201)
    assert answer["purchase"]["member_id"] == unknown
    insist(lambda: fresh_till.get(f"/v1/members/{known}/account")).expect(200)
    assert [program.account(each)["posted"] for each in (known, unknown)] == [200, 200]
    deployment.expect_books_to_agree()


def test_a_key_that_was_revoked_is_let_in_no_more_when_members_dies_at_once(
    deployment: Deployment, program: Program
) -> None:
    secret = program.suite.new_key(program.program_id, "till")
    till = Caller(program.suite.url, secret)
    for caller in (till, program.till):
        caller.get("/v1/rewards").expect(200)
    # Past the gateway, which gets it by the stream alone.
    authenticate = pb.AuthenticateApiKeyRequest(key_hash=apikey.hash_of(secret))
    key = invoke(program.suite.members.AuthenticateApiKey, authenticate).api_key
    request_id = str(uuid.uuid4())
    revoke = pb.RevokeApiKeyRequest(program_id=program.program_id, request_id=request_id, api_key_id=key.api_key_id)
    invoke(program.suite.members.RevokeApiKey, revoke)
    deployment.kill("members")

    wait_until(lambda: till.get("/v1/rewards").status in {401, 503}, what="the gateway has consumed it")
    assert {till.get("/v1/rewards").status for _ in range(10)} <= {401, 503}
    program.till.get("/v1/rewards").expect(200)
    deployment.start("members")
    assert insist(lambda: till.get("/v1/rewards")).reason == "API_KEY_REVOKED"
    deployment.expect_books_to_agree()


def invoke(method: Any, request: Any) -> Any:
    return client.invoke(method, request, call=Call("test"), deadline_ms=20_000).response


def test_without_points_a_till_gets_a_retry_after_and_then_sells_once(deployment: Deployment, program: Program) -> None:
    program.rule()
    reward_id = program.reward()["reward_id"]
    member_id = program.member()["member_id"]
    program.gift(member_id, 300)
    path = f"/v1/members/{member_id}/redemptions"
    unwanted = program.till.post(path, {"reward_id": reward_id}).expect(201)
    body, key = sale(member_id=member_id), str(uuid.uuid4())
    deployment.kill("points")

    assert says_when_to_retry(program.till.post("/v1/purchases", body, key=key))
    assert says_when_to_retry(program.till.post("/v1/purchases", body, key=key))
    # A redemption has begun, and so has the end of another: they are on their way, and arrive by themselves.
    redeemed = program.till.post(path, {"reward_id": reward_id})
    assert (redeemed.status, redeemed.body["state"]) == (202, "requested")
    cancelled = program.till.post(f"{path}/{unwanted['redemption_id']}/cancel", {"reason": "another time"})
    assert (cancelled.status, cancelled.body["voucher"]["state"]) == (202, "cancelled")

    deployment.start("points")
    first = insist(lambda: program.till.post("/v1/purchases", body, key=key))
    again = program.till.post("/v1/purchases", body, key=key)
    assert (first.status, first.replayed) == (201, False)
    assert (again.status, again.replayed, again.body) == (201, True, first.body)
    deployment.expect_books_to_agree()
    assert program.till.get(redeemed.headers["location"]).expect(200)["state"] == "confirmed"
    assert program.till.get(cancelled.headers["location"]).expect(200)["state"] == "cancelled"
    assert program.account(member_id)["posted"] == 300 + 100 - 100


def test_points_dies_again_and_again_under_load(deployment: Deployment, program: Program) -> None:
    trade = Trade(program, CUSTOMERS)
    with trade.going_on():
        for _ in range(3):
            trade.wait_for_more(20)
            deployment.kill("points")
            deployment.start("points")
        trade.wait_for_more(20)
    deployment.expect_books_to_agree()
    trade.expect_all_kept()


def test_each_service_dies_in_turn_under_load(deployment: Deployment, program: Program) -> None:
    trade = Trade(program, CUSTOMERS)
    with trade.going_on():
        for word in ("rewards", "members", "gateway"):
            trade.wait_for_more(20)
            deployment.kill(word)
            deployment.start(word)
        trade.wait_for_more(20)
    deployment.expect_books_to_agree()
    trade.expect_all_kept()


def test_what_was_acknowledged_survives_the_database(deployment: Deployment, program: Program) -> None:
    trade = Trade(program, CUSTOMERS)
    with trade.going_on():
        trade.wait_for_more(20)
        deployment.postgres.kill()
        trade.wait_for_a_try_in_vain()
        deployment.postgres.start()
        trade.wait_for_more(20)
        deployment.postgres.stop_immediately()
        deployment.postgres.start()
        trade.wait_for_more(20)
    deployment.expect_books_to_agree()
    trade.expect_all_kept()


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs a device that is always full, as Linux has")
def test_a_full_disk_of_the_logs_changes_no_outcome(deployment: Deployment, program: Program) -> None:
    trade = Trade(program, CUSTOMERS)
    with deployment.logging_to(FULL_DISK, *WORDS, "gateway"):
        with trade.going_on():
            trade.wait_for_more(20)
            deployment.valkey.kill()  # relays and consumers fail, and cannot say so
            trade.wait_for_more(20)
            deployment.valkey.start()
            deployment.kill("points")
            deployment.start("points")
            trade.wait_for_more(20)
        assert all(deployment.ready(word) for word in WORDS)
        deployment.expect_books_to_agree()
    trade.expect_all_kept()
