"""Vouchers that come back with a return: asked for before it is recorded, made good again after it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from loyalty.points.v1 import sales_pb2
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.errors import Invalid, NotFound, Precondition, Unavailable
from tests.fixtures.suite import sale
from tests.fixtures.tills import return_of
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import MEMBER_ID, OTHER_ID, Gateway, Puppets, timestamp

CODES = ["AAAA-BBBB-CCCC", "DDDD-EEEE-FFFF"]


class VoucherNotUsed(Precondition):
    """What `rewards` says of a voucher that is good."""

    reason = "VOUCHER_NOT_USED"


class VoucherNotFound(NotFound):
    """What `rewards` says of a code that no voucher has."""

    reason = "VOUCHER_NOT_FOUND"


class DatabaseUnavailable(Unavailable):
    """What `rewards` says while its database is away."""

    reason = "DATABASE_UNAVAILABLE"


def voucher(code: str) -> pb.Voucher:
    return pb.Voucher(
        code=code,
        benefit=pb.Benefit(kind=pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT, basis_points=1_000),
        state=pb.VOUCHER_STATE_ISSUED,
        issued_at=timestamp(),
        expires_at=timestamp(),
    )


@pytest.fixture(autouse=True)
def returning(puppets: Puppets) -> None:
    back = sales_pb2.Return(return_id=OTHER_ID, occurred_at=timestamp(), recorded_at=timestamp())
    parts: dict[str, Any] = {"return": back}
    returned = sales_pb2.RecordReturnResponse(**parts)
    bought = sales_pb2.RecordPurchaseResponse(
        purchase=sales_pb2.Purchase(
            purchase_id=MEMBER_ID, sale=sales_pb2.Sale(occurred_at=timestamp()), recorded_at=timestamp()
        )
    )
    puppets.says["RecordReturn"] = returned
    puppets.says["RecordExchange"] = sales_pb2.RecordExchangeResponse(**{"return": returned}, purchase=bought)
    puppets.says["PreviewReinstatement"] = lambda request: pb.PreviewReinstatementResponse(
        voucher=voucher(request.code)
    )
    puppets.says["ReinstateVoucher"] = lambda request: pb.ReinstateVoucherResponse(voucher=voucher(request.code))


def methods(puppets: Puppets) -> list[str]:
    return [asked.method for asked in puppets.asked if asked.method != "AuthenticateApiKey"]


def test_each_is_asked_for_first_and_reinstated_last(gateway: Gateway, puppets: Puppets) -> None:
    body = return_of("R-1", vouchers=CODES, cashier_id="17")
    answer = gateway.caller("till").post("/v1/returns", body).expect(201)
    assert methods(puppets) == ["PreviewReinstatement"] * 2 + ["RecordReturn"] + ["ReinstateVoucher"] * 2
    assert [(each["code"], each["voucher"]["state"], each["problem"]) for each in answer["vouchers"]] == [
        (code, "issued", None) for code in CODES
    ]
    assert list(puppets.requests("RecordReturn")[0].voucher_codes) == CODES
    for request in (*puppets.requests("PreviewReinstatement"), *puppets.requests("ReinstateVoucher")):
        back = request.goods_return
        assert back.receipt.receipt_number == body["receipt"]["receipt_number"]
        assert (back.original_receipt.receipt_number, back.cashier_id) == ("R-1", "17")


def test_an_exchange_gives_them_back_with_its_return(gateway: Gateway, puppets: Puppets) -> None:
    body = {"return": return_of("R-1", vouchers=CODES[:1]), "sale": sale()}
    answer = gateway.caller("till").post("/v1/exchanges", body).expect(201)
    assert [each["code"] for each in answer["return"]["vouchers"]] == CODES[:1]
    assert methods(puppets) == ["PreviewReinstatement", "RecordExchange", "ReinstateVoucher"]


def test_without_vouchers_rewards_is_not_asked(gateway: Gateway, puppets: Puppets) -> None:
    assert gateway.caller("till").post("/v1/returns", return_of("R-1")).expect(201)["vouchers"] == []
    assert methods(puppets) == ["RecordReturn"]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(VoucherNotUsed("not used"), 409), (VoucherNotFound("no voucher"), 404), (DatabaseUnavailable("away"), 503)],
)
def test_one_that_cannot_come_back_leaves_everything_as_it_was(
    gateway: Gateway, puppets: Puppets, refusal: Any, status: int
) -> None:
    def says(request: pb.PreviewReinstatementRequest) -> pb.PreviewReinstatementResponse:
        if request.code == CODES[1]:
            raise refusal
        return pb.PreviewReinstatementResponse(voucher=voucher(request.code))

    puppets.says["PreviewReinstatement"] = says
    answer = gateway.caller("till").post("/v1/returns", return_of("R-1", vouchers=CODES))
    assert is_problem(answer, status, refusal.reason)
    assert answer.body["metadata"]["voucher"] == "vouchers[1]"
    assert puppets.requests("RecordReturn") == puppets.requests("ReinstateVoucher") == []


@pytest.mark.parametrize(
    ("path", "field", "here"),
    [
        ("/v1/returns", "code", "vouchers[0]"),
        ("/v1/returns", "goods_return.original_receipt", "original_receipt"),
        ("/v1/exchanges", "code", "return.vouchers[0]"),
        ("/v1/exchanges", "goods_return.original_receipt.store_id", "return.original_receipt.store_id"),
    ],
)
def test_a_field_that_rewards_refuses_is_named_as_the_till_sent_it(
    gateway: Gateway, puppets: Puppets, path: str, field: str, here: str
) -> None:
    puppets.says["PreviewReinstatement"] = Invalid(field, "is wrong")
    back = return_of("R-1", vouchers=CODES[:1])
    answer = gateway.caller("till").post(path, back if path == "/v1/returns" else {"return": back, "sale": sale()})
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert answer.body["errors"] == [{"field": here, "problem": "is wrong"}]


def test_what_is_away_after_the_return_is_finished_by_the_same_request(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ReinstateVoucher"] = DatabaseUnavailable("the service cannot reach its database, try again")
    till, body, key = gateway.caller("till"), return_of("R-1", vouchers=CODES), str(uuid.uuid4())
    answer = till.post("/v1/returns", body, key=key)
    assert is_problem(answer, 503, "DATABASE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"

    puppets.says["ReinstateVoucher"] = lambda request: pb.ReinstateVoucherResponse(voucher=voucher(request.code))
    assert len(till.post("/v1/returns", body, key=key).expect(201)["vouchers"]) == 2
    # Whoever tries again, the client within or the till, asks under one key for each voucher.
    assert len({(request.code, request.request_id) for request in puppets.requests("ReinstateVoucher")}) == 2


def test_one_that_others_changed_in_between_is_a_problem_beside_a_return_that_stands(
    gateway: Gateway, puppets: Puppets
) -> None:
    puppets.says["ReinstateVoucher"] = VoucherNotUsed("the voucher is not used")
    answer = gateway.caller("till").post("/v1/returns", return_of("R-1", vouchers=CODES[:1])).expect(201)
    (found,) = answer["vouchers"]
    assert (found["voucher"], found["problem"]["reason"], found["problem"]["status"]) == (None, "VOUCHER_NOT_USED", 409)


@pytest.mark.parametrize("codes", [["A"] * 11, [""], [7], "A", ["A" * 65], ["Ä"]])
def test_codes_are_bounded(gateway: Gateway, puppets: Puppets, codes: object) -> None:
    assert is_problem(
        gateway.caller("till").post("/v1/returns", return_of("R-1", vouchers=codes)), 422, "INVALID_FIELD"
    )
    assert methods(puppets) == []
