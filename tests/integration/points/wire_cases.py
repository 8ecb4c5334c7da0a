"""Good paths and refusals of RPCs, for `test_rpc.py`, which has the others: of adjustments, transfers, activities."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from grpc import StatusCode
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import accounts_pb2, earning_pb2, ledger_pb2, program_pb2, terms_pb2

from kit.call import Call
from kit.convert import timestamp_of
from tests.fixtures.waiting import wait_until, waiting_for_locks
from tests.integration.points.served import owned
from tests.integration.points.tills import Till, refund_a_redemption
from tests.unit.services.points import requests

GOOD: dict[str, Callable[[Till], None]] = {}


def good(path: Callable[[Till], None]) -> Callable[[Till], None]:
    """Notes the good path of the RPC that it is named like."""
    GOOD["".join(word.capitalize() for word in path.__name__.split("_"))] = path
    return path


@good
def request_adjustment(till: Till) -> None:
    member_id = till.member()
    request = requests.request_adjustment(member_id, 10)
    request.qualifying = True
    asked = till.get(request).adjustment
    assert asked.qualifying
    assert (asked.state, asked.member_id, asked.amount) == (ledger_pb2.ADJUSTMENT_STATE_REQUESTED, member_id, 10)
    assert (asked.requested_by, asked.decided_by, asked.entry_version) == ("Amina", "", 0)
    assert asked.expires_at.seconds - asked.requested_at.seconds == 7 * 86_400
    assert till.account(member_id).posted == 0


@good
def approve_adjustment(till: Till) -> None:
    asked = till.request_adjustment()
    till.call = Call("till-2")
    answer = till.get(requests.approve_adjustment(asked.adjustment_id))
    assert (answer.adjustment.state, answer.adjustment.entry_version) == (ledger_pb2.ADJUSTMENT_STATE_APPROVED, 1)
    assert (answer.entry.adjustment_id, answer.entry.amount) == (asked.adjustment_id, 10)
    assert (answer.entry.actor, answer.entry.approved_by) == ("Amina", "Bashir")
    assert answer.account.available == 10


@good
def reject_adjustment(till: Till) -> None:
    asked = till.request_adjustment()
    ended = till.get(requests.reject_adjustment(asked.adjustment_id)).adjustment
    assert (ended.state, ended.decided_by) == (ledger_pb2.ADJUSTMENT_STATE_REJECTED, "Bashir")
    assert ended.decision_reason == "asked for twice"


@good
def get_adjustment(till: Till) -> None:
    asked = till.request_adjustment()
    assert till.get(requests.get_adjustment(asked.adjustment_id)).adjustment == asked


@good
def list_adjustments(till: Till) -> None:
    first, second, third = (till.request_adjustment() for _ in range(3))
    till.get(requests.reject_adjustment(second.adjustment_id))
    page = till.get(requests.list_adjustments(ledger_pb2.ADJUSTMENT_STATE_REQUESTED, page_size=1))
    rest = till.get(
        requests.list_adjustments(ledger_pb2.ADJUSTMENT_STATE_REQUESTED, page_size=1, page_token=page.next_page_token)
    )
    assert [*page.adjustments, *rest.adjustments] == [third, first]
    assert rest.next_page_token == ""
    assert len(till.get(requests.list_adjustments()).adjustments) == 3


@good
def record_exchange(till: Till) -> None:
    till.rule()
    member_id = till.member()
    sale = till.buy(member_id, requests.line(1000, pieces=4))
    answer = till.get(requests.record_exchange(sale.receipt, ("1", 2000), told=requests.sale(requests.line(800))))
    back = getattr(answer, "return")
    assert (getattr(back, "return").points_returned, getattr(back, "return").shortfall) == (5, 0)
    assert (answer.purchase.purchase.member_id, answer.purchase.purchase.points_earned) == (member_id, 8)
    assert back.account == answer.purchase.account == till.account(member_id)
    assert back.account.available == 13


def transfer(till: Till, amount: int = 10, **policy: int) -> ledger_pb2.Transfer:
    """Points that one new member gives to another."""
    till.get(requests.set_program_policy(transfers=program_pb2.TransferPolicy(**policy)))
    sent: ledger_pb2.Transfer = till.get(
        requests.transfer_points(till.rich_member(100), till.member(), amount)
    ).transfer
    return sent


@good
def transfer_points(till: Till) -> None:
    done = transfer(till)
    assert (done.state, done.amount, done.reason) == (ledger_pb2.TRANSFER_STATE_DONE, 10, "Eid")
    assert (till.account(done.member_id).available, till.account(done.recipient_id).available) == (90, 10)
    (entry,) = till.get(requests.list_entries(done.recipient_id)).entries
    assert (entry.kind, entry.transfer_id) == (accounts_pb2.ENTRY_KIND_TRANSFER_IN, done.transfer_id)


@good
def get_transfer(till: Till) -> None:
    done = transfer(till)
    assert till.get(requests.get_transfer(done.transfer_id)).transfer == done


@good
def list_transfers(till: Till) -> None:
    first = transfer(till)
    second = till.get(requests.transfer_points(first.recipient_id, first.member_id, 5)).transfer
    page = till.get(requests.list_transfers(first.member_id, page_size=1))
    rest = till.get(requests.list_transfers(first.member_id, page_size=1, page_token=page.next_page_token))
    assert [*page.transfers, *rest.transfers] == [second, first]
    assert rest.next_page_token == ""


@good
def get_qualifying_sums(till: Till) -> None:
    member_id, sale = till.member(), requests.sale(requests.line(1000, pieces=4))
    till.rule(qualifying=True)
    till.rule(qualifying=False)
    till.rule(qualifying=True, wallet="stars", points=7)
    earnings = till.get(requests.record_purchase(member_id, sale)).purchase.earnings
    assert [earning.qualifying for earning in earnings] == [True, False, True]
    till.get(requests.record_return(sale.receipt, ("1", 1000)))
    for wallet, units in (("", 7), ("stars", 49), ("miles", 0)):
        answer = till.get(requests.get_qualifying_sums(member_id, wallet))
        assert [each.units for each in answer.sums] == [units, 0]
        assert answer.sums[1].window.occurred_until == timestamp_of(requests.BEGINNING)


@good
def restore_capture(till: Till) -> None:
    member_id, hold_id = till.rich_member(100), requests.new_id()
    answer = till.get(requests.restore_capture(member_id, hold_id, 60))
    assert (answer.hold.hold_id, answer.hold.state, answer.hold.captured) == (
        hold_id,
        ledger_pb2.HOLD_STATE_CAPTURED,
        60,
    )
    assert answer.account.available == 40


def restore_what_is_there(till: Till) -> None:
    member_id = till.rich_member(100)
    till.ask(requests.restore_capture(member_id, till.hold(member_id)))


def refer_somebody_suspended(till: Till) -> None:
    told = {"role": "advocate", "counterpart_member_id": till.member(members_pb2.MEMBER_STATUS_SUSPENDED)}
    till.ask(
        requests.record_activity(till.member(), kind=earning_pb2.ACTIVITY_KIND_REFERRAL, name="", attributes=told),
    )


def spend_what_only_counts(till: Till) -> None:
    till.get(requests.set_program_policy(unspendable_wallets=["points"]))
    till.get(requests.place_hold(till.rich_member()))


@good
def record_activity(till: Till) -> None:
    rule_id = till.rule(**requests.activity_terms(terms_pb2.EARNING_TRIGGER_EVENT))
    member_id = till.member()
    answer = till.get(requests.record_activity(member_id))
    (earning,) = answer.activity.earnings
    assert (answer.activity.member_id, answer.activity.points_earned, earning.rule_id) == (member_id, 50, rule_id)
    assert (answer.account.available, answer.account.version) == (50, 1)
    (entry,) = till.get(requests.list_entries(member_id)).entries
    assert (entry.activity_id, entry.purchase_id) == (answer.activity.activity_id, "")
    assert entry.earning == earning


@good
def get_activity(till: Till) -> None:
    told = till.get(requests.record_activity(till.member())).activity
    assert till.get(requests.get_activity(told.activity_id)).activity == told


def tell_otherwise(till: Till) -> None:
    told = requests.record_activity(till.member())
    till.get(told)
    till.get(requests.record_activity(told.member_id, activity_key=told.activity_key, store_id="S2"))


def transfer_to_oneself(till: Till) -> None:
    member_id = transfer(till).member_id
    till.get(requests.transfer_points(member_id, member_id))


def adjust_too_much(till: Till) -> None:
    till.get(requests.set_program_policy(adjustment_limit=9))
    till.get(requests.adjust_points(till.member(), 9))
    till.get(requests.adjust_points(till.member(), -10))


def reject_twice(till: Till) -> None:
    asked = till.request_adjustment()
    for _ in range(2):
        till.get(requests.reject_adjustment(asked.adjustment_id))


def return_too_often(till: Till) -> None:
    original = requests.receipt()
    for _ in range(101):
        till.get(requests.record_return(original))


def report_beside_two_others(till: Till) -> None:
    """They stand still while somebody has the entries to themselves; a till's next report is told so at once."""
    engine = till.suite.points_engine
    url = engine.url.render_as_string(hide_password=False)
    with ThreadPoolExecutor(2) as pool, owned(url) as owning, owning.begin() as holder:
        holder.execute(sa.text("LOCK TABLE entries"))
        made = [pool.submit(till.ask, requests.get_liability()) for _ in range(2)]
        wait_until(lambda: waiting_for_locks(engine) >= len(made), what="two reports are being made")
        till.ask(requests.get_liability())


MORE_REFUSED: dict[str, tuple[StatusCode, Callable[[Till], object]]] = {
    "TOO_MANY_REPORTS": (StatusCode.RESOURCE_EXHAUSTED, report_beside_two_others),
    "TOO_MANY_RETURNS_WAIT": (StatusCode.RESOURCE_EXHAUSTED, return_too_often),
    "HOLD_EXISTS": (StatusCode.ALREADY_EXISTS, restore_what_is_there),
    "COUNTERPART_MAY_NOT_EARN": (StatusCode.FAILED_PRECONDITION, refer_somebody_suspended),
    "HOLD_OF_REDEMPTION": (StatusCode.FAILED_PRECONDITION, refund_a_redemption),
    "ACTIVITY_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_activity())),
    "ACTIVITY_CONFLICT": (StatusCode.ALREADY_EXISTS, tell_otherwise),
    "TRANSFER_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_transfer())),
    "TRANSFERS_NOT_ALLOWED": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.transfer_points(till.rich_member(), till.member())),
    ),
    "TRANSFER_TO_SELF": (StatusCode.FAILED_PRECONDITION, transfer_to_oneself),
    "TRANSFER_LIMIT_EXCEEDED": (StatusCode.FAILED_PRECONDITION, lambda till: transfer(till, 10, points_max=9)),
    "WALLET_NOT_SPENDABLE": (StatusCode.FAILED_PRECONDITION, spend_what_only_counts),
    "ADJUSTMENT_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_adjustment())),
    "ADJUSTMENT_NEEDS_APPROVAL": (StatusCode.FAILED_PRECONDITION, adjust_too_much),
    "ADJUSTMENT_NOT_OPEN": (StatusCode.FAILED_PRECONDITION, reject_twice),
    "ADJUSTMENT_OWN_APPROVAL": (
        StatusCode.FAILED_PRECONDITION,
        lambda till: till.ask(requests.approve_adjustment(till.request_adjustment().adjustment_id)),
    ),
}
