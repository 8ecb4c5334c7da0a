"""What a member may do who is suspended, who may only earn, or who has left: at every step, and what stays as it was.

what               suspended   earn only   terminated
earn, claim        no          yes         no
spend              no          no          no
use a voucher      yes         yes         yes           it is paid for
bring goods back   yes         yes         yes           and so is the money
be corrected       yes         yes         yes           by hand, by staff
change profile     yes         yes         no
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures.books import behind, expect_books_to_agree
from tests.fixtures.suite import Answer, Program, sale
from tests.fixtures.tills import return_of
from tests.fixtures.waiting import wait_until

YES = ""
MAY_NOT_EARN, MAY_NOT_SPEND, TERMINATED = "MEMBER_MAY_NOT_EARN", "MEMBER_MAY_NOT_SPEND", "MEMBER_TERMINATED"

EARNING = {"suspended": MAY_NOT_EARN, "earn_only": YES, "terminated": MAY_NOT_EARN}
CHANGING = {"suspended": YES, "earn_only": YES, "terminated": TERMINATED}
STATUSES = tuple(EARNING)


@dataclass(frozen=True)
class Scene:
    """A member who has bought and redeemed, and is now in another status."""

    program: Program
    member_id: str
    status: str
    receipt_number: str
    unclaimed: dict[str, Any]
    reward_id: str
    redemption: dict[str, Any]
    hold_id: str

    @property
    def path(self) -> str:
        return f"/v1/members/{self.member_id}"


def change_status(program: Program, member_id: str, status: str) -> dict[str, Any]:
    body = {"status": status, "reason": "a test says so"}
    changed: dict[str, Any] = program.staff.put(f"/v1/members/{member_id}/status", body, version="*").expect(200)
    wait_until(lambda: not behind(program.suite), what="all have heard of it")
    return changed


@pytest.fixture(params=STATUSES)
def scene(program: Program, request: pytest.FixtureRequest) -> Scene:
    status = str(request.param)
    program.rule()
    member_id = program.member("+447911123456")["member_id"]
    bought, unclaimed = sale(50_000, member_id=member_id), sale()
    for body in (bought, unclaimed):
        program.till.post("/v1/purchases", body).expect(201)
    reward_id = program.reward()["reward_id"]
    redemption = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id}).expect(201)
    hold = program.till.post(f"/v1/members/{member_id}/holds", {"amount": 10}).expect(201)["hold"]
    assert change_status(program, member_id, status)["status"] == status
    number = bought["receipt"]["receipt_number"]
    return Scene(program, member_id, status, number, unclaimed, reward_id, redemption, hold["hold_id"])


def expect(answer: Answer, refusal: str, success: int) -> None:
    assert (answer.status, answer.reason) == ((409, refusal) if refusal else (success, "")), answer.body


def test_earning(scene: Scene) -> None:
    till, before = scene.program.till, scene.program.account(scene.member_id)
    verdict = EARNING[scene.status]
    expect(till.post("/v1/purchases/preview", sale(member_id=scene.member_id), key=""), verdict, 200)
    expect(till.post("/v1/purchases", sale(member_id=scene.member_id)), verdict, 201)
    claim = {"receipt": scene.unclaimed["receipt"], "member": {"member_id": scene.member_id}}
    expect(till.post("/v1/purchases/claim", claim), verdict, 200)
    after = scene.program.account(scene.member_id)
    assert after["posted"] - before["posted"] == (200 if verdict == YES else 0)

    # A till finds them all the same, and the sale can be recorded without them.
    phone = {"identifier": {"kind": "phone", "value": "+447911123456"}}
    expect(till.post("/v1/purchases", sale(member=phone)), verdict, 201)
    assert till.post("/v1/purchases", sale()).expect(201)["purchase"]["member_id"] is None
    expect_books_to_agree(scene.program.suite)


def test_spending(scene: Scene) -> None:
    program, before = scene.program, scene.program.account(scene.member_id)
    expect(program.till.post(f"{scene.path}/holds", {"amount": 1}), MAY_NOT_SPEND, 201)
    expect(program.till.post(f"{scene.path}/redemptions", {"reward_id": scene.reward_id}), MAY_NOT_SPEND, 201)
    (ware,) = program.till.get(f"{scene.path}/rewards").expect(200)["items"]
    assert [why["reason"] for why in ware["unavailabilities"]] == ["member_may_not_spend"]
    assert program.account(scene.member_id) == before

    # What had been set aside before is not touched by it: it is spent or given back as was agreed.
    program.till.post(f"{scene.path}/holds/{scene.hold_id}/capture", {"amount": 4}).expect(200)
    after = program.account(scene.member_id)
    assert (after["posted"], after["held"]) == (before["posted"] - 4, 0)
    expect_books_to_agree(program.suite)


def test_what_is_theirs_stays_theirs(scene: Scene) -> None:
    program, before = scene.program, scene.program.account(scene.member_id)
    code = scene.redemption["voucher"]["code"]
    assert program.till.post(f"/v1/vouchers/{code}/use", {}).expect(200)["state"] == "used"
    back = program.till.post("/v1/returns", return_of(scene.receipt_number, ("1", 100))).expect(201)
    assert back["return"]["points_returned"] == 50
    program.gift(scene.member_id, 20)
    after = program.account(scene.member_id)
    assert after["posted"] - before["posted"] == 20 - 50
    assert len(program.app.get(f"{scene.path}/entries").expect(200)["items"]) == after["version"] == 4
    expect_books_to_agree(program.suite)


def test_a_redemption_may_still_be_cancelled(scene: Scene) -> None:
    path = f"{scene.path}/redemptions/{scene.redemption['redemption_id']}/cancel"
    assert scene.program.till.post(path, {"reason": "she left"}).expect(200)["state"] == "cancelled"
    assert scene.program.account(scene.member_id)["posted"] == 500
    expect_books_to_agree(scene.program.suite)


def test_being_changed(scene: Scene) -> None:
    app, verdict = scene.program.app, CHANGING[scene.status]
    expect(app.patch(scene.path, {"profile": {"given_name": "Amina"}}, version="*"), verdict, 200)
    card = {"identifier": {"kind": "card", "value": "C-1"}}
    expect(app.post(f"{scene.path}/identifiers", card), verdict, 201)
    expect_books_to_agree(scene.program.suite)


def test_being_active_again(scene: Scene) -> None:
    body = {"status": "active", "reason": "the card was found"}
    answer = scene.program.staff.put(f"{scene.path}/status", body, version="*")
    if scene.status == "terminated":
        assert (answer.status, answer.reason) == (409, TERMINATED)
        return
    answer.expect(200)
    wait_until(lambda: not behind(scene.program.suite), what="all have heard of it")
    scene.program.till.post("/v1/purchases", sale(member_id=scene.member_id)).expect(201)
    scene.program.till.post(f"{scene.path}/redemptions", {"reward_id": scene.reward_id}).expect(201)
    expect_books_to_agree(scene.program.suite)
