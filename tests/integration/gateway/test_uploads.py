"""Many purchases in one call, as the gateway takes them apart and puts the results together."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from google.rpc.status_pb2 import Status as StatusMessage
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import sales_pb2
from loyalty.rewards.v1 import rewards_pb2

from gateway.context import Caller as ApiCaller
from gateway.limits import Limits
from kit import status
from kit.errors import NotFound, Precondition, Unavailable
from tests.fixtures.suite import Caller, sale
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import (
    MEMBER_ID,
    OTHER_ID,
    PROGRAM_ID,
    Gateway,
    Puppets,
    member,
    open_gateway,
    timestamp,
)

PATH = "/v1/purchases:batch"


class MemberNotFound(NotFound):
    """No such member."""

    reason = "MEMBER_NOT_FOUND"


class MemberMayNotEarn(Precondition):
    """Suspended."""

    reason = "MEMBER_MAY_NOT_EARN"


class DatabaseUnavailable(Unavailable):
    """What `members` says while its database is away."""

    reason = "DATABASE_UNAVAILABLE"


def card(value: str) -> dict[str, Any]:
    return {"identifier": {"kind": "card", "value": value}}


def recorded(request: sales_pb2.RecordPurchasesRequest) -> sales_pb2.RecordPurchasesResponse:
    """Everybody earns but the member whose id is OTHER_ID; keys that begin with `again` are known."""
    results = []
    for item in request.items:
        replayed = item.request_id.startswith("again")
        if item.member_id == OTHER_ID:
            no = status.message_of_refusal(MemberMayNotEarn("the member is suspended", status="suspended"))
            results.append(sales_pb2.RecordPurchaseResult(error=no, replayed=replayed))
            continue
        purchase = sales_pb2.Purchase(
            purchase_id=MEMBER_ID, member_id=item.member_id, sale=item.sale, recorded_at=timestamp()
        )
        response = sales_pb2.RecordPurchaseResponse(purchase=purchase)
        results.append(sales_pb2.RecordPurchaseResult(response=response, replayed=replayed))
    return sales_pb2.RecordPurchasesResponse(results=results)


def resolved(request: members_pb2.ResolveMemberRequest) -> members_pb2.ResolveMemberResponse:
    if request.identifier.value.startswith("C-404"):
        raise MemberNotFound("no member has this identifier")
    return members_pb2.ResolveMemberResponse(member=member())


@pytest.fixture(autouse=True)
def selling(puppets: Puppets) -> None:
    puppets.says["RecordPurchases"] = recorded
    puppets.says["ResolveMember"] = resolved


def upload(caller: Caller, *purchases: object, key: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.post(PATH, {"purchases": purchases}, key=key).expect(200)["results"]
    return found


def items(puppets: Puppets) -> list[sales_pb2.PurchaseToRecord]:
    (request,) = puppets.requests("RecordPurchases")
    assert request.program_id == PROGRAM_ID
    return list(request.items)


def test_each_purchase_has_its_own_result_in_its_place(gateway: Gateway, puppets: Puppets) -> None:
    crooked = sale()
    crooked["lines"][0]["quantity_milli"] = None
    results = upload(
        gateway.caller("till"),
        sale(member_id=MEMBER_ID),
        crooked,
        sale(member=card("C-404")),
        sale(member_id=OTHER_ID),
        "a purchase",
        sale(),
        sale(idempotency_key="again-1"),
    )
    assert [each["status"] for each in results] == [201, 422, 404, 409, 422, 201, 201]
    assert [each["replayed"] for each in results] == [False] * 6 + [True]
    assert len(items(puppets)) == 4
    good, malformed, unknown, refused, nonsense, anonymous, _ = results
    assert (good["purchase"]["member_id"], good["problem"]) == (MEMBER_ID, None)
    assert malformed["problem"]["reason"] == "INVALID_FIELD"
    assert [each["field"] for each in malformed["problem"]["errors"]] == ["lines[0].quantity_milli"]
    assert unknown["problem"]["reason"] == "MEMBER_NOT_FOUND"
    assert refused["problem"]["metadata"] == {"status": "suspended"}
    assert (nonsense["purchase"], nonsense["problem"]["reason"]) == (None, "INVALID_FIELD")
    assert (anonymous["purchase"]["member_id"], anonymous["account"]) == (None, None)


def test_a_call_in_which_nothing_is_well_formed_asks_nobody(gateway: Gateway, puppets: Puppets) -> None:
    assert [each["status"] for each in upload(gateway.caller("till"), {}, None, 7)] == [422, 422, 422]
    assert puppets.requests("RecordPurchases") == []


def test_keys_are_the_purchases_own_or_follow_from_the_call_and_the_receipt(gateway: Gateway, puppets: Puppets) -> None:
    caller, purchases = gateway.caller("till"), [sale(), sale(idempotency_key="mine"), sale()]
    for key in ("monday", "monday", "tuesday"):
        upload(caller, *purchases, key=key)
    first, again, other = (
        [item.request_id for item in request.items] for request in puppets.requests("RecordPurchases")
    )
    assert first == again
    assert (first[1], other[1]) == ("mine", "mine")
    assert len({first[0], first[2], other[0], other[2]}) == 4


def test_an_upload_in_another_order_has_the_same_keys(gateway: Gateway, puppets: Puppets) -> None:
    caller, purchases = gateway.caller("till"), [sale(), sale(), sale()]
    purchases[1]["receipt"] |= {"receipt_number": "another"}
    for order in (purchases, purchases[::-1]):
        upload(caller, *order, key="monday")
    first, again = (
        {(item.sale.receipt.receipt_number, item.request_id) for item in request.items}
        for request in puppets.requests("RecordPurchases")
    )
    assert first == again
    assert len(first) == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank", 7])
def test_a_key_that_cannot_be_is_a_problem_of_its_purchase(gateway: Gateway, key: object) -> None:
    wrong, right = upload(gateway.caller("till"), sale(idempotency_key=key), sale())
    assert [each["field"] for each in wrong["problem"]["errors"]] == ["idempotency_key"]
    assert right["status"] == 201


def test_the_answer_is_marked_when_all_of_it_was_said_before(gateway: Gateway) -> None:
    caller = gateway.caller("till")
    known, new = sale(idempotency_key="again"), sale()
    assert caller.post(PATH, {"purchases": [known, known]}).replayed
    assert not caller.post(PATH, {"purchases": [known, new]}).replayed


def test_an_identifier_is_looked_up_once_however_often_it_buys(gateway: Gateway, puppets: Puppets) -> None:
    caller = gateway.caller("till")
    names = ["C-many-1", "C-many-2", "C-404-many", "C-many-1"]
    upload(caller, *(sale(member=card(name)) for name in names * 20))
    asked = [request.identifier.value for request in puppets.requests("ResolveMember")]
    assert asked == ["C-many-1", "C-many-2", "C-404-many"]
    upload(caller, sale(member=card("C-many-1")))
    assert len(puppets.requests("ResolveMember")) == 3


def test_while_members_is_away_what_is_remembered_serves_and_nobody_is_asked_twice(puppets: Puppets) -> None:
    with open_gateway(puppets, identifier_fresh_s=0) as gateway:
        caller = gateway.caller("till")
        upload(caller, sale(member=card("C-known")))
        puppets.says["ResolveMember"] = DatabaseUnavailable("the service cannot reach its database, try again")
        puppets.asked.clear()
        names = ("C-new-1", "C-new-2", "C-known", "C-new-3")
        results = upload(caller, *(sale(member=card(name)) for name in names))
        assert [each["status"] for each in results] == [503, 503, 201, 503]
        assert {each["problem"]["reason"] for each in results if each["problem"]} == {"DATABASE_UNAVAILABLE"}
        # More than once, since the channel tries again; but the others were not asked for in vain.
        assert {request.identifier.value for request in puppets.requests("ResolveMember")} == {"C-new-1"}


def test_looking_members_up_has_an_end(puppets: Puppets) -> None:
    with open_gateway(puppets, upload_lookup_ms=0) as gateway:
        late, anonymous = upload(gateway.caller("till"), sale(member=card("C-late")), sale())
        assert (late["status"], late["problem"]["reason"]) == (503, "SERVICE_UNAVAILABLE")
        assert "nothing was recorded" in late["problem"]["detail"]
        assert anonymous["status"] == 201
    assert puppets.requests("ResolveMember") == []


def test_a_look_up_without_an_answer_leaves_nothing_open(puppets: Puppets) -> None:
    answered = threading.Event()

    def slowly(request: members_pb2.ResolveMemberRequest) -> members_pb2.ResolveMemberResponse:
        answered.wait(60)
        return resolved(request)

    puppets.says["ResolveMember"] = slowly
    with open_gateway(puppets, lookup_deadline_ms=1_000) as gateway:
        slow, next_, anonymous = upload(gateway.caller("till"), *(sale(member=card(n)) for n in ("C-1", "C-2")), sale())
        answered.set()
    for each in (slow, next_):
        assert (each["status"], each["problem"]["reason"]) == (503, "SERVICE_UNAVAILABLE")
        assert "nothing was recorded" in each["problem"]["detail"]
    assert anonymous["status"] == 201


@pytest.mark.parametrize(("many", "status"), [(50, 201), (51, 422)])
def test_a_receipt_was_paid_in_fifty_parts_at_most(gateway: Gateway, many: int, status: int) -> None:
    tenders = [{"kind": "cash", "amount_minor": 1}] * many
    (result,) = upload(gateway.caller("till"), sale(tenders=tenders))
    assert result["status"] == status
    if result["problem"]:
        assert [each["field"] for each in result["problem"]["errors"]] == ["tenders"]


def test_an_accident_of_one_is_told_in_fixed_words(gateway: Gateway, puppets: Puppets) -> None:
    accident = StatusMessage(code=13, message="something went wrong on our side (request r)")
    puppets.says["RecordPurchases"] = sales_pb2.RecordPurchasesResponse(
        results=[sales_pb2.RecordPurchaseResult(error=accident)]
    )
    (result,) = upload(gateway.caller("till"), sale())
    assert (result["status"], result["problem"]["reason"]) == (500, "INTERNAL")


@pytest.mark.parametrize("purchases", [[], [None] * 501, None, {}, "x"])
def test_a_call_has_one_to_five_hundred_purchases(gateway: Gateway, purchases: object) -> None:
    answer = gateway.caller("till").post(PATH, {"purchases": purchases})
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert answer.body["errors"][0]["field"] == "purchases"


def test_its_body_may_be_longer_than_others_and_not_without_end(gateway: Gateway) -> None:
    caller = gateway.caller("till")
    long = sale(cashier_id="x" * 2_000_000)
    assert [each["status"] for each in upload(caller, long, sale())] == [422, 201]
    answer = caller.post(PATH, b'"' + b"x" * 4_194_304 + b'"')
    assert is_problem(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("role", ["app", "staff"])
def test_only_tills_and_admins_upload(gateway: Gateway, role: str) -> None:
    assert is_problem(gateway.caller(role).post(PATH, {"purchases": [sale()]}), 403, "ROLE_NOT_ALLOWED")
    assert [each["status"] for each in upload(gateway.caller("admin"), sale())] == [201]


def test_purchases_of_one_call_count_one_by_one_and_apart_from_requests(puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    with open_gateway(puppets, till_requests_per_s=100) as gateway:
        caller, other = gateway.caller("till"), gateway.caller("till")
        full = {"purchases": [None] * 500}
        first = caller.post(PATH, full)
        assert first.status == 200
        assert first.headers["ratelimit-policy"] == '"till";q=100;w=1, "till-purchases";q=1000;w=10'
        assert '"till-purchases";r=500;' in first.headers["ratelimit"]
        assert caller.post(PATH, full).status == 200
        refused = caller.post(PATH, full)
        assert is_problem(refused, 429, "RATE_LIMITED")
        assert "1000 purchases in 10 s" in refused.body["detail"]
        assert (caller.get("/v1/rewards").status, other.post(PATH, full).status) == (200, 200)


@pytest.mark.parametrize("rate", [1, 3, 600, 100_000])
def test_a_full_call_fits_twice_however_low_the_rate(rate: int) -> None:
    limits = Limits({"till": rate}, {}, None)
    caller = ApiCaller("key", "caller", "program", "till")
    found = [limits.count_purchases(caller, 500) for _ in range(2)]
    assert all(each.allowed for each in found)
    assert found[0].limit == rate * found[0].window_s
