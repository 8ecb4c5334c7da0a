"""The whole service over gRPC, with the real `members` beside it: what is answered, what is refused, and how."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf import message_factory
from google.protobuf.message import Message
from grpc import StatusCode
from loyalty.members.v1 import members_pb2
from loyalty.members.v1.members_pb2_grpc import MembersServiceServicer
from loyalty.points.v1 import accounts_pb2, ledger_pb2
from loyalty.points.v1 import program_pb2 as pb

from kit import status
from kit.call import Call
from kit.contract import services_of
from kit.errors import Conflict, Invalid, Refusal, Unauthenticated
from services.points import check, tables
from services.points.domain import errors
from tests.factories.members import refused
from tests.fixtures.servers import Lender
from tests.integration.points.rule_cases import RULES_REFUSED
from tests.integration.points.served import code_of, opened, serving, serving_members, serving_points
from tests.integration.points.tills import Suite, Till, reverse_too_much
from tests.integration.points.wire_cases import GOOD, MORE_REFUSED, good
from tests.unit.services.points import requests
from wafa.backends.process import free_port

METHODS = {method.name: method for service in services_of("points") for method in service.methods}
WRITES = [name for name, method in METHODS.items() if "request_id" in method.input_type.fields_by_name]


@pytest.fixture(scope="module")
def suite(lender: Lender) -> Iterator[Suite]:
    with contextlib.ExitStack() as exits:
        points_engine = exits.enter_context(opened(exits.enter_context(lender.database("points"))))
        members_engine = exits.enter_context(opened(exits.enter_context(lender.database("members"))))
        address, members = exits.enter_context(serving_members(members_engine))
        stub = exits.enter_context(serving_points(points_engine, address))
        cut_off = exits.enter_context(serving_points(points_engine, f"127.0.0.1:{free_port()}"))
        full = exits.enter_context(serving_points(points_engine, address, queue_max=0))
        frugal = exits.enter_context(serving_points(points_engine, address, steps_max=1))
        yield Suite(stub, points_engine, members, cut_off, full, frugal)
        assert list(check.check(points_engine)) == []


@pytest.fixture
def till(suite: Suite) -> Till:
    return Till(suite, suite.members.program())


@pytest.fixture
def neighbour(suite: Suite) -> Till:
    """A till of another program, with the same caller's id."""
    return Till(suite, suite.members.program())


# ---- every RPC on its good path


@good
def record_purchase(till: Till) -> None:
    rule_id, member_id = till.rule(), till.member()
    answer = till.get(requests.record_purchase(member_id, requests.sale(requests.line(1250))))
    assert (answer.purchase.member_id, answer.purchase.points_earned) == (member_id, 12)
    assert [earning.rule_id for earning in answer.purchase.earnings] == [rule_id]
    assert (answer.account.posted, answer.account.available, answer.account.version) == (12, 12, 1)


@good
def record_purchases(till: Till) -> None:
    till.rule()
    member_id, sale = till.member(), requests.sale()
    malformed = requests.record_purchase(member_id)
    malformed.sale.currency = ""
    wishes = [
        requests.record_purchase(member_id, sale),
        requests.record_purchase(till.member(members_pb2.MEMBER_STATUS_SUSPENDED)),
        malformed,
        requests.record_purchase(),
        requests.record_purchase(member_id, sale),
    ]
    request = requests.record_purchases(*wishes)
    good, refused, wrong, anonymous, again = till.get(request).results
    assert (good.response.purchase.points_earned, good.response.account.available) == (10, 10)
    assert [heard.reason for heard in map(status.refusal_in, (refused.error, wrong.error)) if heard] == [
        "MEMBER_MAY_NOT_EARN",
        "INVALID_FIELD",
    ]
    assert not anonymous.response.HasField("account")
    assert (again.response, again.replayed) == (good.response, True)
    assert [each.replayed for each in till.get(request).results] == [True, True, False, True, True]


@good
def preview_purchase(till: Till) -> None:
    till.rule()
    member_id, sale = till.member(), requests.sale()
    preview = till.get(requests.preview_purchase(member_id, sale))
    assert (preview.purchase.points_earned, preview.account.available) == (10, 10)
    assert till.account(member_id).version == 0
    posted = till.get(requests.record_purchase(member_id, sale))
    assert posted.purchase.purchase_id == preview.purchase.purchase_id
    preview = till.get(requests.preview_purchase(member_id, sale))
    assert (preview.purchase, preview.account) == (posted.purchase, posted.account)


@good
def get_purchase(till: Till) -> None:
    till.rule()
    sale = till.buy(till.member())
    by_receipt = till.get(requests.get_purchase(key=sale.receipt)).purchase
    assert (by_receipt.sale, by_receipt.points_earned, by_receipt.points_returned) == (sale, 10, 0)
    assert till.get(requests.get_purchase(by_receipt.purchase_id)).purchase == by_receipt


@good
def claim_purchase(till: Till) -> None:
    till.rule()
    member_id, sale = till.member(), till.buy()
    answer = till.get(requests.claim_purchase(member_id, sale.receipt))
    assert (answer.purchase.member_id, answer.purchase.points_earned) == (member_id, 10)
    assert answer.purchase.HasField("claimed_at")
    assert answer.account.available == 10


@good
def record_return(till: Till) -> None:
    till.rule()
    member_id = till.member()
    sale = till.buy(member_id, requests.line(1000, pieces=4))
    answer = till.get(requests.record_return(sale.receipt, ("1", 1000)))
    back = getattr(answer, "return")
    assert (back.matched, back.member_id, back.points_returned, back.shortfall) == (True, member_id, 3, 0)
    assert answer.account.available == 7


@good
def get_account(till: Till) -> None:
    member_id = till.rich_member(100)
    till.hold(member_id, 30)
    assert till.get(requests.get_account(member_id)).account == accounts_pb2.Account(
        member_id=member_id, wallet="points", posted=100, held=30, available=70, version=1
    )


@good
def list_entries(till: Till) -> None:
    member_id = till.member()
    for amount in (1, 2, 3):
        till.get(requests.adjust_points(member_id, amount))
    first = till.get(requests.list_entries(member_id, page_size=2))
    rest = till.get(requests.list_entries(member_id, page_size=2, page_token=first.next_page_token))
    assert [entry.amount for entry in [*first.entries, *rest.entries]] == [3, 2, 1]
    assert rest.next_page_token == ""
    assert first.entries[0].sentence == "3 points given by hand: goodwill."


@good
def get_statement(till: Till) -> None:
    member_id = till.rich_member(100)
    till.capture(member_id, 60)
    first = till.get(requests.get_statement(member_id, page_size=1))
    rest = till.get(requests.get_statement(member_id, page_size=1, page_token=first.next_page_token))
    assert [entry.amount for entry in [*first.movements, *rest.movements]] == [100, -60]
    assert (rest.next_page_token, first.movements[0].sentence) == ("", "100 points given by hand: goodwill.")
    assert (first.statement.opening_balance, first.statement.closing_balance) == (0, 40)
    assert list(rest.statement.totals) == [
        ledger_pb2.KindTotal(kind=accounts_pb2.ENTRY_KIND_SPEND, entries=1, taken=60),
        ledger_pb2.KindTotal(kind=accounts_pb2.ENTRY_KIND_ADJUSTMENT, entries=1, given=100),
    ]


@good
def get_liability(till: Till) -> None:
    member_id = till.rich_member(100)
    till.capture(member_id, 60)
    liability = till.get(requests.get_liability()).liability
    assert (liability.flow.opening, liability.flow.given, liability.flow.spent, liability.flow.closing) == (
        0,
        100,
        60,
        40,
    )
    assert [bucket.points for bucket in liability.outstanding.buckets] == [40, 0, 0, 0, 0]
    assert (liability.outlook.never, len(liability.outlook.months)) == (40, 24)
    assert (liability.breakage.breakage_bp, liability.breakage.redemption_bp) == (0, 10_000)
    # Nothing was earned, so nothing is deferred.
    assert (liability.deferred_revenue.redemption_bp, liability.deferred_revenue.deferred_minor) == (9_000, 0)


@good
def place_hold(till: Till) -> None:
    answer = till.get(requests.place_hold(till.rich_member(100), 60))
    assert (answer.hold.state, answer.hold.amount, answer.hold.reference) == (ledger_pb2.HOLD_STATE_OPEN, 60, "mug")
    assert answer.hold.expires_at.seconds - answer.hold.placed_at.seconds == 600
    assert (answer.account.held, answer.account.available) == (60, 40)


@good
def capture_hold(till: Till) -> None:
    member_id = till.rich_member(100)
    answer = till.get(requests.capture_hold(member_id, till.hold(member_id, 60), amount=25))
    assert (answer.hold.state, answer.hold.captured) == (ledger_pb2.HOLD_STATE_CAPTURED, 25)
    assert (answer.account.posted, answer.account.held, answer.account.available) == (75, 0, 75)


@good
def release_hold(till: Till) -> None:
    member_id = till.rich_member(100)
    answer = till.get(requests.release_hold(member_id, till.hold(member_id, 60)))
    assert (answer.hold.state, answer.account.available) == (ledger_pb2.HOLD_STATE_RELEASED, 100)


@good
def reverse_capture(till: Till) -> None:
    member_id = till.rich_member(100)
    answer = till.get(requests.reverse_capture(member_id, till.capture(member_id, 60)))
    assert (answer.hold.state, answer.hold.reversed) == (ledger_pb2.HOLD_STATE_CAPTURED, True)
    assert answer.account.available == 100
    (entry, *_) = till.get(requests.list_entries(member_id)).entries
    assert (entry.kind, entry.corrects_version, entry.reason) == (accounts_pb2.ENTRY_KIND_REVERSAL, 2, "out of stock")


@good
def get_hold(till: Till) -> None:
    member_id = till.rich_member(100)
    placed = till.get(requests.place_hold(member_id, 60)).hold
    assert till.get(requests.get_hold(member_id, placed.hold_id)).hold == placed


@good
def adjust_points(till: Till) -> None:
    answer = till.get(requests.adjust_points(till.member(), 10))
    assert (answer.entry.kind, answer.entry.amount) == (accounts_pb2.ENTRY_KIND_ADJUSTMENT, 10)
    assert not answer.entry.qualifying
    assert (answer.entry.reason, answer.entry.actor) == ("goodwill", "Amina")
    assert answer.account.available == 10


@good
def get_program_policy(till: Till) -> None:
    assert till.get(requests.get_program_policy()).policy.shortfall == pb.SHORTFALL_POLICY_CARRY


@good
def set_program_policy(till: Till) -> None:
    policy = till.get(requests.set_program_policy(pb.SHORTFALL_POLICY_NEGATIVE, adjustment_limit=0)).policy
    assert (policy.program_id, policy.shortfall) == (till.program_id, pb.SHORTFALL_POLICY_NEGATIVE)
    assert policy.HasField("adjustment_limit")
    assert till.get(requests.get_program_policy()).policy == policy
    without = till.get(requests.set_program_policy(pb.SHORTFALL_POLICY_NEGATIVE)).policy
    assert not without.HasField("adjustment_limit")


@pytest.mark.parametrize("rpc", METHODS)
def test_every_rpc_answers(till: Till, rpc: str) -> None:
    GOOD[rpc](till)


# ---- every reason to say no


def reverse_nothing(till: Till) -> None:
    member_id = till.rich_member()
    till.get(requests.reverse_capture(member_id, till.hold(member_id)))


def return_what_is_spent(till: Till) -> None:
    till.get(requests.set_program_policy(pb.SHORTFALL_POLICY_REFUSE))
    till.rule()
    member_id = till.member()
    sale = till.buy(member_id)
    till.capture(member_id, 8)
    till.get(requests.record_return(sale.receipt))


def record_the_receipt_otherwise(till: Till) -> None:
    sale = till.buy()
    sale.cashier_id = "somebody else"
    till.get(requests.record_purchase("", sale))


def release_twice(till: Till) -> None:
    member_id = till.rich_member()
    hold_id = till.hold(member_id)
    till.get(requests.release_hold(member_id, hold_id))
    till.get(requests.release_hold(member_id, hold_id))


def claim_twice(till: Till) -> None:
    sale = till.buy()
    for _ in range(2):
        till.get(requests.claim_purchase(till.member(), sale.receipt))


def create_the_key_twice(till: Till) -> None:
    for _ in range(2):
        till.get(requests.create_earning_rule(key="base"))


def earn_more_than_an_account_can_count(till: Till) -> None:
    till.rule(points=1_000_000, per_amount_minor=1)
    till.ask(requests.record_purchase(till.member(), requests.sale(requests.line(10_000_000))))


def buy_where_steps_are_few(till: Till) -> None:
    till.rule()
    till.ask(requests.record_purchase(till.member()), till.suite.frugal)


def activate_where_steps_are_few(till: Till) -> None:
    rule_id = till.get(requests.create_earning_rule()).rule.rule_id
    till.ask(requests.activate_earning_rule(rule_id), till.suite.frugal)


REFUSED: dict[str, tuple[StatusCode, Callable[[Till], object]]] = MORE_REFUSED | {
    "PURCHASE_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_purchase(requests.new_id()))),
    "HOLD_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_hold())),
    "RULE_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_earning_rule())),
    "MEMBER_NOT_FOUND": (
        StatusCode.NOT_FOUND,
        lambda till: till.ask(requests.record_purchase(requests.new_id())),
    ),
    "RULE_KEY_TAKEN": (StatusCode.ALREADY_EXISTS, create_the_key_twice),
    "RECEIPT_CONFLICT": (StatusCode.ALREADY_EXISTS, record_the_receipt_otherwise),
    "MEMBER_MAY_NOT_EARN": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.record_purchase(till.member(members_pb2.MEMBER_STATUS_SUSPENDED))),
    ),
    "MEMBER_MAY_NOT_SPEND": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.place_hold(till.member(members_pb2.MEMBER_STATUS_EARN_ONLY))),
    ),
    "EARNS_TOO_MUCH": (StatusCode.FAILED_PRECONDITION, earn_more_than_an_account_can_count),
    "INSUFFICIENT_BALANCE": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.place_hold(till.rich_member(10), 11)),
    ),
    "HOLD_NOT_OPEN": (StatusCode.FAILED_PRECONDITION, release_twice),
    "HOLD_NOT_CAPTURED": (StatusCode.FAILED_PRECONDITION, reverse_nothing),
    "REVERSAL_EXCEEDS_CAPTURE": (StatusCode.FAILED_PRECONDITION, reverse_too_much),
    "PURCHASE_NOT_ANONYMOUS": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.claim_purchase(till.member(), till.buy(till.member()).receipt)),
    ),
    "PURCHASE_ALREADY_CLAIMED": (StatusCode.FAILED_PRECONDITION, claim_twice),
    "RETURN_LINE_UNKNOWN": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.record_return(till.buy().receipt, ("9", 1000))),
    ),
    "RETURN_EXCEEDS_PURCHASE": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.record_return(till.buy().receipt, ("1", 1001))),
    ),
    "INSUFFICIENT_BALANCE_FOR_RETURN": (StatusCode.FAILED_PRECONDITION, return_what_is_spent),
    "RULE_NOT_DRAFT": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.activate_earning_rule(till.rule())),
    ),
    "RULE_NOT_SCHEDULED": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.call_off_earning_rule(till.rule())),
    ),
    "RULE_NOT_ACTIVE": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(
            requests.end_earning_rule(till.get(requests.create_earning_rule()).rule.rule_id),
        ),
    ),
    "VERSION_MISMATCH": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.revise_earning_rule(till.rule(), expected_version=7)),
    ),
    "EVALUATION_TOO_COSTLY": (StatusCode.FAILED_PRECONDITION, buy_where_steps_are_few),
    "RULES_TOO_COSTLY": (StatusCode.FAILED_PRECONDITION, activate_where_steps_are_few),
    "LEDGER_BUSY": (
        StatusCode.RESOURCE_EXHAUSTED,
        lambda till: till.ask(requests.record_purchase(), till.suite.full),
    ),
    "MEMBER_UNKNOWN_FOR_NOW": (
        StatusCode.UNAVAILABLE,
        lambda till: till.ask(requests.record_purchase(till.member()), till.suite.cut_off),
    ),
}
REFUSED |= RULES_REFUSED

REASONS = sorted(
    each.reason
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, Refusal) and each.__module__ == errors.__name__
)


@pytest.mark.parametrize("reason", REASONS)
def test_every_refusal_arrives_with_its_reason_and_code(till: Till, reason: str) -> None:
    code, ask = REFUSED[reason]
    with pytest.raises(Refusal) as heard:
        ask(till)
    assert (heard.value.reason, code_of(heard.value)) == (reason, code)
    assert heard.value.message


def test_numbers_of_a_refusal_are_in_its_metadata(till: Till) -> None:
    with refused("INSUFFICIENT_BALANCE", required=11, available=10, missing=1):
        REFUSED["INSUFFICIENT_BALANCE"][1](till)
    with refused("RETURN_EXCEEDS_PURCHASE", line_id="1", returnable_milli=1000, asked_milli=1001):
        REFUSED["RETURN_EXCEEDS_PURCHASE"][1](till)
    with refused("INSUFFICIENT_BALANCE_FOR_RETURN", missing=8, wallet="points"):
        REFUSED["INSUFFICIENT_BALANCE_FOR_RETURN"][1](till)
    with refused("RECEIPT_CONFLICT", fields="cashier_id"):
        REFUSED["RECEIPT_CONFLICT"][1](till)


# ---- malformed requests


def expect_invalid(till: Till, request: Message, field: str) -> None:
    with pytest.raises(Invalid) as heard:
        till.ask(request)
    assert code_of(heard.value) is StatusCode.INVALID_ARGUMENT
    assert (heard.value.reason, heard.value.metadata["field"]) == ("INVALID_FIELD", field)


# Those that need no more than a program.
SAY_NOTHING = {"GetProgramPolicy", "ListEarningRules", "ExportEarningRules", "ListAdjustments"}


@pytest.mark.parametrize("rpc", [name for name in METHODS if name not in SAY_NOTHING])
def test_a_request_that_says_nothing_is_told_what_is_missing(till: Till, rpc: str) -> None:
    with pytest.raises(Invalid) as heard:
        till.ask(message_factory.GetMessageClass(METHODS[rpc].input_type)())
    assert code_of(heard.value) is StatusCode.INVALID_ARGUMENT
    assert heard.value.field.partition(".")[0] in METHODS[rpc].input_type.fields_by_name


def test_what_is_malformed_is_named_by_its_path(till: Till) -> None:
    request = requests.record_purchase()
    request.sale.lines[0].quantity_milli = 1_000_000_001
    expect_invalid(till, request, "sale.lines[0].quantity_milli")
    request = requests.record_purchase()
    request.sale.lines[0].amount_minor = 1
    expect_invalid(till, request, "sale.lines[0].amount_minor")
    request = requests.record_purchase()
    request.sale.occurred_at.GetCurrentTime()
    request.sale.occurred_at.seconds += 2 * 86_400
    expect_invalid(till, request, "sale.occurred_at")
    expect_invalid(till, requests.list_entries(page_token="Wy0xXQ"), "page_token")
    expect_invalid(till, requests.place_hold(amount=0), "amount")
    good, bad = requests.definition(), requests.definition("other", condition="purchase.total_minor")
    expect_invalid(till, requests.import_earning_rules(good, bad), "rules[1].terms.condition")
    expect_invalid(till, requests.diff_earning_rules(good, bad), "after.rules[1].terms.condition")

    member_id = till.rich_member()
    expect_invalid(till, requests.capture_hold(member_id, till.hold(member_id, 5), amount=6), "amount")
    back = requests.record_return(till.buy().receipt)
    back.currency = "EUR"
    expect_invalid(till, back, "currency")


def test_nobody_writes_without_a_name(till: Till) -> None:
    till.call = Call("")
    with pytest.raises(Unauthenticated) as heard:
        till.ask(requests.record_purchase())
    assert code_of(heard.value) is StatusCode.UNAUTHENTICATED


# ---- once


def other(request: Any) -> Any:
    """The request with the same key and something else in it."""
    fields = request.DESCRIPTOR.fields_by_name
    if "member_id" in fields:
        request.member_id = requests.new_id()
    elif "rule_id" in fields:
        request.rule_id = requests.new_id()
    elif "actor" in fields:
        request.actor += "!"
    elif "terms" in fields:
        request.terms.points += 1
    elif "rules" in fields:
        request.rules[0].terms.points += 1
    elif "policy" in fields:
        request.policy.shortfall = pb.SHORTFALL_POLICY_CARRY
    else:
        request.cashier_id += "!"
    return request


@pytest.mark.parametrize("rpc", WRITES)
def test_a_write_that_comes_again_gets_the_first_answer_marked(till: Till, rpc: str) -> None:
    GOOD[rpc](till)
    request, first = till.asked[rpc]

    again = till.ask(request)

    assert again.replayed
    assert again.response == first.response


@pytest.mark.parametrize("rpc", WRITES)
def test_a_key_is_not_used_for_something_else(till: Till, rpc: str) -> None:
    GOOD[rpc](till)
    request, _ = till.asked[rpc]
    with pytest.raises(Conflict) as heard:
        till.ask(other(request))
    assert (heard.value.reason, code_of(heard.value)) == ("IDEMPOTENCY_KEY_REUSED", StatusCode.ALREADY_EXISTS)
    assert heard.value.metadata["fields"]


def test_a_refusal_that_comes_again_is_the_first_one_marked(till: Till) -> None:
    member_id = till.rich_member(10)
    request = requests.place_hold(member_id, 11)
    heard = []
    for _ in range(2):
        with pytest.raises(Refusal) as no:
            till.ask(request)
        heard.append(no.value)
        till.get(requests.adjust_points(member_id, 100))
    assert [each.replayed for each in heard] == [False, True]
    assert heard[0].metadata == heard[1].metadata == {"required": "11", "available": "10", "missing": "1"}


def test_a_receipt_that_comes_again_under_another_key_is_marked_too(till: Till) -> None:
    till.rule()
    member_id, sale = till.member(), requests.sale()
    first, again = (till.ask(requests.record_purchase(member_id, sale)) for _ in range(2))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response
    back = requests.record_return(sale.receipt)
    first = till.ask(back)
    back.request_id = requests.new_id()
    again = till.ask(back)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response


def test_keys_belong_to_their_caller(till: Till) -> None:
    member_id = till.member()
    request = requests.adjust_points(member_id, 10)
    till.get(request)
    Till(till.suite, till.program_id, "till-2").get(request)
    assert till.account(member_id).posted == 20


# ---- programs


def test_another_program_sees_nothing(till: Till, neighbour: Till) -> None:
    rule_id, member_id, asked = till.rule(), till.rich_member(100), till.request_adjustment()
    hold_id, captured_id = till.hold(member_id, 30), till.capture(member_id, 20)
    sale = till.buy(member_id)
    purchase_id = till.get(requests.get_purchase(key=sale.receipt)).purchase.purchase_id
    activity_id = till.get(requests.record_activity(member_id)).activity.activity_id
    till.get(requests.set_program_policy(pb.SHORTFALL_POLICY_NEGATIVE))
    rehearsal_id = till.get(requests.rehearse_earning_rules()).rehearsal_id
    before = till.account(member_id)

    assert neighbour.account(member_id) == accounts_pb2.Account(member_id=member_id, wallet="points")
    assert not any(each.units for each in neighbour.get(requests.get_qualifying_sums(member_id)).sums)
    assert not neighbour.get(requests.list_entries(member_id)).entries
    assert not neighbour.get(requests.list_earning_rules()).rules
    assert not neighbour.get(requests.export_earning_rules()).rules
    assert not neighbour.get(requests.list_adjustments()).adjustments
    assert neighbour.get(requests.get_program_policy()).policy.shortfall == pb.SHORTFALL_POLICY_CARRY
    unseen: list[tuple[str, Message]] = [
        ("PURCHASE_NOT_FOUND", requests.get_purchase(purchase_id)),
        ("PURCHASE_NOT_FOUND", requests.get_purchase(key=sale.receipt)),
        ("PURCHASE_NOT_FOUND", requests.claim_purchase(neighbour.member(), sale.receipt)),
        ("PURCHASE_NOT_FOUND", requests.record_exchange(sale.receipt)),
        ("ACTIVITY_NOT_FOUND", requests.get_activity(activity_id)),
        ("MEMBER_NOT_FOUND", requests.record_activity(member_id)),
        ("HOLD_NOT_FOUND", requests.get_hold(member_id, hold_id)),
        ("HOLD_NOT_FOUND", requests.capture_hold(member_id, hold_id)),
        ("HOLD_NOT_FOUND", requests.release_hold(member_id, hold_id)),
        ("HOLD_NOT_FOUND", requests.reverse_capture(member_id, captured_id)),
        ("ADJUSTMENT_NOT_FOUND", requests.get_adjustment(asked.adjustment_id)),
        ("ADJUSTMENT_NOT_FOUND", requests.approve_adjustment(asked.adjustment_id)),
        ("ADJUSTMENT_NOT_FOUND", requests.reject_adjustment(asked.adjustment_id)),
        ("MEMBER_NOT_FOUND", requests.request_adjustment(member_id)),
        ("REHEARSAL_NOT_FOUND", requests.get_rehearsal(rehearsal_id)),
        ("RULE_NOT_FOUND", requests.get_earning_rule(rule_id)),
        ("RULE_NOT_FOUND", requests.revise_earning_rule(rule_id)),
        ("RULE_NOT_FOUND", requests.activate_earning_rule(rule_id)),
        ("RULE_NOT_FOUND", requests.call_off_earning_rule(rule_id)),
        ("RULE_NOT_FOUND", requests.end_earning_rule(rule_id)),
        ("MEMBER_NOT_FOUND", requests.record_purchase(member_id)),
        ("MEMBER_NOT_FOUND", requests.preview_purchase(member_id)),
        ("MEMBER_NOT_FOUND", requests.place_hold(member_id)),
        ("MEMBER_NOT_FOUND", requests.adjust_points(member_id)),
    ]
    for reason, request in unseen:
        with refused(reason):
            neighbour.ask(request)
    back = getattr(neighbour.get(requests.record_return(sale.receipt)), "return")
    assert (back.matched, back.points_returned) == (False, 0)
    # The same receipt key names another receipt there.
    own = neighbour.get(requests.record_purchase("", sale)).purchase
    assert own.purchase_id != purchase_id

    assert till.account(member_id) == before


# ---- members


def test_a_member_enrolled_a_moment_ago_is_found_and_then_known(till: Till) -> None:
    till.rule()
    member_id = till.member()
    assert till.get(requests.record_purchase(member_id)).account.available == 10
    # From now on `points` needs nobody to ask.
    answer = till.ask(requests.place_hold(member_id, 5), till.suite.cut_off).response
    assert answer.account.available == 5


@pytest.mark.parametrize(
    "request_for",
    [
        requests.record_purchase,
        requests.preview_purchase,
        requests.claim_purchase,
        requests.record_activity,
        requests.place_hold,
        requests.adjust_points,
    ],
)
def test_nothing_is_recorded_while_a_new_member_cannot_be_asked_for(
    till: Till, request_for: Callable[[str], Message]
) -> None:
    request = request_for(till.member())
    with refused("MEMBER_UNKNOWN_FOR_NOW"):
        till.ask(request, till.suite.cut_off)
    assert rows(till) == {}


def test_the_same_request_goes_through_when_members_is_back(till: Till) -> None:
    till.rule()
    request = requests.record_purchase(till.member())
    for _ in range(2):
        with refused("MEMBER_UNKNOWN_FOR_NOW"):
            till.ask(request, till.suite.cut_off)
    assert till.get(request).purchase.points_earned == 10


def test_an_anonymous_sale_needs_no_members(till: Till) -> None:
    answer = till.ask(requests.record_purchase(), till.suite.cut_off).response
    assert answer.purchase.member_id == ""
    assert not answer.HasField("account")


def test_nothing_is_recorded_when_too_much_is_waiting(till: Till) -> None:
    till.rule()
    request = requests.record_purchase(till.member())
    with refused("LEDGER_BUSY", retry_after_ms=1_000):
        till.ask(request, till.suite.full)
    assert till.get(request).purchase.points_earned == 10


def test_a_member_nobody_knows_leaves_no_row(till: Till) -> None:
    with refused("MEMBER_NOT_FOUND"):
        till.ask(requests.record_purchase(requests.new_id()))
    assert rows(till) == {}


@pytest.fixture(params=["silent", "broken"])
def strange_members(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of something that takes calls and never answers them, or only ever has accidents."""
    if request.param == "silent":
        with socket.create_server(("127.0.0.1", 0)) as listening:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
    else:
        unfinished: Any = MembersServiceServicer
        with serving(unfinished()) as address:
            yield address


def test_members_that_answers_nothing_or_nonsense_is_away_too(till: Till, strange_members: str) -> None:
    with (
        serving_points(till.suite.points_engine, strange_members, members_deadline_ms=500) as stub,
        refused("MEMBER_UNKNOWN_FOR_NOW"),
    ):
        till.ask(requests.record_purchase(till.member()), stub)
    assert rows(till) == {}


def rows(till: Till) -> dict[str, int]:
    """How many rows there are of the till's program, by table."""
    found = {}
    with till.suite.points_engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            if "program_id" in table.c:
                query = sa.select(sa.func.count()).where(table.c.program_id == till.program_id)
                found[table.name] = connection.execute(query).scalar_one()
    return {name: count for name, count in found.items() if count}
