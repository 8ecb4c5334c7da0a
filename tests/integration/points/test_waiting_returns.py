"""Returns that come before their purchases: the account ends as if everything had come in its order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from kit.database import retrying
from kit.page import PageRequest
from services.points import tables
from services.points.batch import BatchContext
from services.points.domain.commands import EndEarningRule
from services.points.domain.earning.terms import Accrual, Rounding
from services.points.domain.errors import TooManyReturnsWait
from services.points.domain.ledger.accounts import AccountKey, AccountView, Entry, EntryKind
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.matching import WAITING_MAX
from services.points.domain.sales.purchases import GetPurchase, PreviewPurchase, PurchaseAnswer
from services.points.domain.sales.returns import MisfitReason, PurchaseReturns, ReturnAnswer
from services.points.domain.sales.sale import ReceiptKey, Sale
from tests.factories import points as make
from tests.integration.points.busy import spend, started
from tests.integration.points.conftest import TILL, Points


def buy(points: Points, member_id: UUID | None, sale: Sale) -> PurchaseAnswer:
    return points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()


def bring_back(points: Points, receipt: ReceiptKey | None, *lines: tuple[str, int]) -> ReturnAnswer:
    answer = points.returns.record_return(TILL, make.record_return(receipt, *lines)).unwrap()
    # The next one is recorded later.
    points.clock.advance(seconds=1)
    return answer


def figures(account: AccountView) -> tuple[int, int, int, int]:
    return account.posted, account.available, account.pending, account.owed


def told(returns: PurchaseReturns) -> tuple[dict[str, int], int, dict[UUID, int] | None]:
    """What came back, in any order."""
    return dict(sorted(returns.returned.items())), returns.points_returned, returns.taken


def test_a_return_before_its_purchase_takes_effect_when_the_purchase_comes(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale(make.a_line(1000, quantity=4))

    waiting = bring_back(points, sale.receipt, ("1", 1000))
    answer = buy(points, member_id, sale)

    assert (waiting.recorded.purchase_id, waiting.recorded.points_returned, waiting.account) == (None, 0, None)
    assert (answer.purchase.points_earned, answer.returns.points_returned) == (10, 3)
    assert answer.returns.returned == {"1": 1000}
    assert answer.account == points.account(member_id)
    assert points.account(member_id).posted == 7


@pytest.mark.parametrize("first", ["purchase", "return"])
def test_the_order_of_arrival_makes_no_difference(points: Points, first: str) -> None:
    """A rule that rounds up, one for each line, and a wallet of its own."""
    points.rule(rounding=Rounding.UP, expiry_days=30)
    points.rule(points=3, per_amount_minor=200, wallet="stars", accrual=Accrual.PROPORTIONAL)
    member_id = points.member()
    sale = make.a_sale(make.a_line(333, quantity=3), make.a_line(555, line_id="2"))

    def take_back() -> None:
        bring_back(points, sale.receipt, ("1", 1000), ("2", 1000))
        bring_back(points, sale.receipt, ("1", 500))

    if first == "return":
        take_back()
    buy(points, member_id, sale)
    if first == "purchase":
        take_back()

    # Of 3.33 + 5.55 half a piece and one more are kept: 1.665. Rounded up 2; in stars 3 for each 2.00 in proportion.
    assert points.account(member_id).posted == 2
    assert points.accounts.get_account(make.PROGRAM, member_id, "stars").posted == 2
    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt))
    assert found.returns.returned == {"1": 1500, "2": 1000}
    assert found.returns.points_returned == (9 - 2) + (13 - 2)


def test_what_had_waited_is_told_in_the_same_order_again(points: Points) -> None:
    points.rule()
    lines = [make.a_line(100, line_id=str(number)) for number in range(1, 4)]
    sale = make.a_sale(*lines)
    back = [bring_back(points, sale.receipt, (line_id, 1000)) for line_id in ("3", "1", "2", "7", "8")]
    first = buy(points, points.member(), sale)
    # The database may move rows about as it likes.
    with points.engine.begin() as connection:
        for each in reversed(back):
            for table in (tables.returns, tables.return_matches):
                same = sa.update(table).values(shortfall=table.c.shortfall)
                connection.execute(same.where(table.c.return_id == each.recorded.return_id))

    again = points.purchases.record_purchase(TILL, make.record_purchase(first.purchase.member_id, sale)).unwrap()
    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt))

    for returns in (again.returns, found.returns):
        assert list(returns.returned.items()) == [("3", 1000), ("1", 1000), ("2", 1000)]
        assert returns.misfits == first.returns.misfits
    assert [each.return_id for each in first.returns.misfits] == [each.recorded.return_id for each in back[3:]]


def test_two_returns_of_one_line_may_both_wait(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale(make.a_line(1000, quantity=4))

    bring_back(points, sale.receipt, ("1", 1000))
    bring_back(points, sale.receipt, ("1", 2000))
    answer = buy(points, member_id, sale)
    bring_back(points, sale.receipt, ("1", 1000))

    assert (answer.returns.returned, answer.returns.points_returned) == ({"1": 3000}, 8)
    assert points.account(member_id).posted == 0


def test_what_the_late_purchase_does_not_have_stays_unmatched_and_says_why(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale(make.a_line(1000, quantity=2))
    strange = bring_back(points, sale.receipt, ("9", 1000)).recorded
    fits = bring_back(points, sale.receipt, ("1", 1000)).recorded
    too_much = bring_back(points, sale.receipt, ("1", 1001)).recorded
    points.clock.advance(seconds=1)
    euro = points.returns.record_return(TILL, replace(make.record_return(sale.receipt, ("1", 1)), currency="EUR"))
    last = bring_back(points, sale.receipt, ("1", 1000)).recorded

    answer = buy(points, member_id, sale)

    reasons = {misfit.return_id: misfit.reason for misfit in answer.returns.misfits}
    assert reasons == {
        strange.return_id: MisfitReason.LINE_UNKNOWN,
        too_much.return_id: MisfitReason.EXCEEDS_PURCHASE,
        euro.unwrap().recorded.return_id: MisfitReason.OTHER_CURRENCY,
    }
    assert {misfit.receipt for misfit in answer.returns.misfits} >= {strange.receipt, too_much.receipt}
    assert {fits.return_id, last.return_id}.isdisjoint(reasons)
    assert (answer.returns.returned, points.account(member_id).posted) == ({"1": 2000}, 0)
    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt)).returns
    assert told(found) == told(answer.returns)
    assert set(found.misfits) == set(answer.returns.misfits)


def test_a_return_larger_than_its_late_purchase_takes_nothing(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    bring_back(points, sale.receipt, ("1", 2000))

    buy(points, member_id, sale)

    assert points.account(member_id).posted == 10
    assert [entry.kind for entry in entries(points, member_id)] == [EntryKind.EARN]


def test_a_return_without_any_receipt_waits_for_nothing(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    bring_back(points, None, ("1", 1000))
    bring_back(points, make.a_receipt(), ("1", 1000))

    assert buy(points, member_id, sale).returns.returned == {}
    assert points.account(member_id).posted == 10


def test_the_answer_is_the_same_when_it_is_asked_for_again(points: Points) -> None:
    points.rule()
    sale = make.a_sale(make.a_line(1000, quantity=4))
    command = make.record_purchase(points.member(), sale)
    bring_back(points, sale.receipt, ("1", 1000))
    first = points.purchases.record_purchase(TILL, command)
    bring_back(points, sale.receipt, ("1", 2000))

    again = points.purchases.record_purchase(TILL, command)
    other_key = points.purchases.record_purchase(TILL, replace(command, request_id="another"))

    for answer in (again, other_key):
        assert answer.replayed
        assert answer.unwrap() == first.unwrap()
    assert entries_of(points, EntryKind.RETURN) == 2


def test_a_preview_shows_what_has_come_back_and_writes_nothing(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale(make.a_line(1000, quantity=4))
    bring_back(points, sale.receipt, ("1", 1000))

    preview = points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale))

    assert points.account(member_id).posted == 0
    real = buy(points, member_id, sale)
    assert (preview.returns, preview.account) == (real.returns, real.account)


def test_a_claim_of_a_late_anonymous_purchase_earns_for_the_goods_kept(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale(make.a_line(1000, quantity=4))
    bring_back(points, sale.receipt, ("1", 1000))
    anonymous = buy(points, None, sale)

    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt)).unwrap()

    assert (anonymous.returns.returned, anonymous.account) == ({"1": 1000}, None)
    assert (claimed.purchase.points_earned, claimed.returns.returned) == (7, {"1": 1000})
    assert points.account(member_id).posted == 7


def test_a_policy_of_refusal_carries_what_is_missing_of_goods_that_are_back_already(points: Points) -> None:
    points.rule()
    member_id = points.member()
    spent, late = make.a_sale(), make.a_sale()
    buy(points, member_id, spent)
    spend(points, member_id, 10)
    bring_back(points, spent.receipt, ("1", 1000))
    assert points.account(member_id).owed == 10
    points.policy(Shortfall.REFUSE)
    bring_back(points, late.receipt, ("1", 1000))

    answer = buy(points, member_id, late)

    # The credit paid the old debt, and its return leaves as much of a new one.
    assert answer.returns.points_returned == 10
    assert figures(points.account(member_id)) == (0, 0, 0, 10)


def test_a_purchase_posted_late_earns_by_the_rules_of_then_and_expires_from_then(points: Points) -> None:
    """The rule of that day gave 1 for 1.00 for ten days; since then it gives 5 for good. The return came first."""
    rule = points.rule(expiry_days=10)
    then = points.clock.now()
    points.clock.advance(days=4)
    points.rules.end_earning_rule(TILL, EndEarningRule(make.PROGRAM, "end", rule.rule_id)).unwrap()
    points.rule(points=5, starts_at=points.clock.now())
    member_id, sale = points.member(), make.a_sale(make.a_line(1000, quantity=2), occurred_at=then)
    bring_back(points, sale.receipt, ("1", 1000))

    answer = buy(points, member_id, sale)

    assert [earning.expires_at for earning in answer.purchase.earnings] == [then + timedelta(days=10)]
    assert points.account(member_id).available == 5
    points.clock.advance(days=6)
    assert points.account(member_id).available == 0


def test_a_purchase_posted_after_its_points_expired_takes_nothing_twice(points: Points) -> None:
    points.rule(expiry_days=10)
    then, member_id = points.clock.now(), points.member()
    points.give(member_id, 5)
    points.clock.advance(days=20)
    sale = make.a_sale(occurred_at=then)
    bring_back(points, sale.receipt, ("1", 1000))

    answer = buy(points, member_id, sale)

    assert answer.returns.points_returned == 10
    assert figures(points.account(member_id)) == (5, 5, 0, 0)


def test_a_refused_purchase_leaves_its_returns_waiting(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    bring_back(points, sale.receipt, ("1", 1000))
    ahead = replace(sale, occurred_at=sale.occurred_at + timedelta(days=2))
    with pytest.raises(Exception, match="future"):
        buy(points, member_id, ahead)

    assert buy(points, member_id, sale).returns.returned == {"1": 1000}


# ---- At the same moment ----------------------------------------------------------------------------------------------


def test_so_many_returns_wait_for_a_purchase_and_the_rest_come_after_it(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale(make.a_line(WAITING_MAX * 100 + 500, quantity=WAITING_MAX + 5))
    one_more = make.record_return(sale.receipt, ("1", 1000))
    for _ in range(WAITING_MAX):
        bring_back(points, sale.receipt, ("1", 1000))

    for _ in range(2):
        with pytest.raises(TooManyReturnsWait) as no:
            points.returns.record_return(TILL, one_more)
        assert no.value.metadata == {"retry_after_ms": "60000", "waiting": str(WAITING_MAX)}
    bring_back(points, make.a_receipt(), ("1", 1000))
    bring_back(points, None, ("1", 1000))
    answer = buy(points, member_id, sale)
    assert answer.returns.returned == {"1": WAITING_MAX * 1000}
    assert points.returns.record_return(TILL, one_more).unwrap().recorded.points_returned == 1
    assert points.account(member_id).posted == 4


@pytest.fixture
def processes(databases: Callable[[str], str]) -> Iterator[list[Points]]:
    """Two processes over one database."""
    url = databases("points")
    with ExitStack() as stack:
        found = [stack.enter_context(started(url)) for _ in range(2)]
        found[1].people.standings = found[0].people.standings
        yield found
        assert found[0].findings() == []


@pytest.mark.parametrize("first", ["purchase", "return"])
def test_a_return_and_its_purchase_at_the_same_moment_do_not_miss_each_other(
    processes: list[Points], monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Both have looked, and seen nothing of the other, before the first writes; the second writes when that is over."""
    processes[0].rule()
    member_id, sale = processes[0].member(), make.a_sale(make.a_line(1000, quantity=4))
    buy(processes[0], member_id, make.a_sale())
    looked, written = threading.Barrier(2), threading.Event()
    hesitated = threading.local()
    save = BatchContext.save

    def hesitating(context: BatchContext, answers: Iterable[dict[str, object]]) -> None:
        if not getattr(hesitated, "once", False):
            hesitated.once = True
            looked.wait(30)
            if hesitated.word != first:
                assert written.wait(30)
        save(context, answers)

    def does(word: str, work: Callable[[], object]) -> None:
        hesitated.word = word
        work()
        written.set()

    monkeypatch.setattr(BatchContext, "save", hesitating)
    with ThreadPoolExecutor(2) as pool:
        returning = pool.submit(does, "return", lambda: bring_back(processes[0], sale.receipt, ("1", 1000)))
        buying = pool.submit(does, "purchase", lambda: buy(processes[1], member_id, sale))
        for done in (returning, buying):
            done.result(60)

    assert processes[0].account(member_id).posted == 10 + 7
    assert came_back(processes[0], sale) == ({"1": 1000}, 3)


@pytest.mark.parametrize("waiting_already", [0, 1])
def test_returns_race_their_purchase_in_two_processes(processes: list[Points], waiting_already: int) -> None:
    processes[0].rule()
    member_id = processes[0].member()
    buy(processes[0], member_id, make.a_sale())
    for left in range(10, 10 + 10):
        sale = make.a_sale(make.a_line(500, quantity=5))
        for _ in range(waiting_already):
            bring_back(processes[0], sale.receipt, ("1", 1000))
        ready = threading.Barrier(3)

        def take_back(process: Points, sale: Sale = sale, ready: threading.Barrier = ready) -> None:
            ready.wait()
            retrying(lambda: bring_back(process, sale.receipt, ("1", 1000)))

        def sell(sale: Sale = sale, ready: threading.Barrier = ready) -> None:
            ready.wait()
            retrying(lambda: buy(processes[1], member_id, sale))

        with ThreadPoolExecutor(3) as pool:
            for done in [pool.submit(sell), *(pool.submit(take_back, process) for process in processes)]:
                done.result(60)

        back = 2 + waiting_already
        assert came_back(processes[0], sale) == ({"1": 1000 * back}, back)
        kept = (left - 9) * (5 - back)
        assert processes[0].account(member_id).posted == 10 + kept


def test_no_more_returns_wait_than_may_whoever_brings_them(processes: list[Points]) -> None:
    receipt, clients = make.a_receipt(), 8
    for _ in range(WAITING_MAX - 3):
        bring_back(processes[0], receipt, ("1", 1000))
    ready = threading.Barrier(clients)

    def comes_back(number: int) -> bool:
        ready.wait()
        try:
            retrying(lambda: bring_back(processes[number % 2], receipt, ("1", 1000)))
        except TooManyReturnsWait:
            return False
        return True

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(comes_back, range(clients))) == 3


def test_two_copies_of_a_purchase_take_its_waiting_return_back_once(processes: list[Points]) -> None:
    processes[0].rule()
    member_id, sale, clients = processes[0].member(), make.a_sale(), 8
    bring_back(processes[0], sale.receipt, ("1", 1000))
    ready = threading.Barrier(clients)

    def sell(number: int) -> PurchaseAnswer:
        ready.wait()
        return retrying(lambda: buy(processes[number % 2], member_id, sale))

    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(sell, range(clients)))

    assert {answer.returns.points_returned for answer in answers} == {10}
    assert processes[0].account(member_id).posted == 0


# ---- Looking ---------------------------------------------------------------------------------------------------------


def came_back(points: Points, sale: Sale) -> tuple[dict[str, int], int]:
    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt)).returns
    return found.returned, found.points_returned


def entries(points: Points, member_id: UUID) -> list[Entry]:
    with points.storage.transaction() as tx:
        return tx.accounts.entries(AccountKey(make.PROGRAM, member_id, "points"), PageRequest(50, ()))


def entries_of(points: Points, kind: EntryKind) -> int:
    """How many entries of that kind there are."""
    query = sa.select(sa.func.count()).where(tables.entries.c.kind == kind.value)
    with points.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
