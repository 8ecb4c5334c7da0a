"""Many at once: the last unit, the last place within a limit, the one use of a voucher.

Users of other systems complain in public of what the first of these looks for; the ledger's share of those complaints
is in `tests/integration/points/test_complaints.py`.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.call import Call
from kit.errors import Refusal
from services.rewards.domain.commands import Redeem
from services.rewards.domain.errors import RewardBusy
from services.rewards.domain.redemptions import RedemptionState
from services.rewards.handlers import Redemptions, RewardPlaces, Saga
from services.rewards.storage import Storage
from tests.factories.rewards import COST, Caller, Ledger, new_id, reasons, together

MANY = 64

Books = Callable[[], None]


def test_the_last_unit_goes_to_one(caller: Caller, ledger: Ledger, books: Books) -> None:
    """Sixty-four asked at once for a stock of one, and nine got it."""
    reward = caller.reward(stock=1)
    members = [ledger.member() for _ in range(MANY)]

    results = together(MANY, lambda number: caller.redemption(members[number], reward.reward_id))

    ends = _ends(results)
    assert ends[pb.REDEMPTION_STATE_CONFIRMED] == 1
    assert ends[pb.REDEMPTION_STATE_CANCELLED] + ends["OUT_OF_STOCK"] == MANY - 1
    assert caller.get(reward.reward_id).stock == 0
    assert sum(ledger.available(member) for member in members) == MANY * 1_000 - COST


def test_ten_units_go_to_ten(caller: Caller, ledger: Ledger, books: Books) -> None:
    reward = caller.reward(stock=10)
    members = [ledger.member() for _ in range(MANY)]
    results = together(MANY, lambda number: caller.redemption(members[number], reward.reward_id))
    assert _ends(results)[pb.REDEMPTION_STATE_CONFIRMED] == 10
    assert len(ledger.spent_holds()) == 10


def test_the_limit_of_one_member_holds(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(MANY * COST), caller.reward(limit_per_member=1)
    results = together(MANY, lambda _: caller.redemption(member, reward.reward_id))
    assert _ends(results) == {pb.REDEMPTION_STATE_CONFIRMED: 1, "LIMIT_REACHED": MANY - 1}


def test_a_higher_limit_is_used_up_and_not_passed(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(MANY * COST), caller.reward(limit_per_member=5)
    results = together(MANY, lambda _: caller.redemption(member, reward.reward_id))
    assert _ends(results) == {pb.REDEMPTION_STATE_CONFIRMED: 5, "LIMIT_REACHED": MANY - 5}


def test_one_wish_said_many_times_is_one_redemption(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward, key = ledger.member(), caller.reward(stock=10), new_id()
    results = together(MANY, lambda _: caller.redeem(member, reward.reward_id, request_id=key))
    assert {result.response.redemption.redemption_id for result in results} == {
        results[0].response.redemption.redemption_id
    }
    assert Counter(result.replayed for result in results) == {False: 1, True: MANY - 1}
    assert caller.get(reward.reward_id).stock == 9
    assert ledger.available(member) == 1_000 - COST


def test_a_voucher_is_used_by_one(caller: Caller, ledger: Ledger, books: Books) -> None:
    code = caller.redemption(ledger.member(), caller.reward().reward_id).voucher.code
    results = together(MANY, lambda _: caller.use(code))
    assert Counter(reasons(results)) == {"VOUCHER_USED": MANY - 1}


def test_a_voucher_is_either_used_or_cancelled(caller: Caller, ledger: Ledger, books: Books) -> None:
    reward = caller.reward(stock=100)
    for _ in range(10):
        member = ledger.member()
        redemption = caller.redemption(member, reward.reward_id)
        code, redemption_id = redemption.voucher.code, redemption.redemption_id

        def act(number: int, member: str = member, code: str = code, redemption_id: str = redemption_id) -> object:
            return caller.use(code) if number % 2 else caller.cancel(member, redemption_id)

        results = together(4, act)
        refused = Counter(reasons(results))
        if caller.voucher(code).state == pb.VOUCHER_STATE_USED:
            assert refused == {"VOUCHER_USED": 3}
            assert ledger.available(member) == 1_000 - COST
        else:
            # Both cancellations succeed: the second finds what it wants.
            assert refused == {"VOUCHER_CANCELLED": 2}
            assert ledger.available(member) == 1_000


def test_a_redemption_is_cancelled_once(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(), caller.reward(stock=1, limit_per_member=1)
    redemption = caller.redemption(member, reward.reward_id)
    results = together(16, lambda _: caller.cancel(member, redemption.redemption_id))
    assert not [result for result in results if isinstance(result, Exception)]
    assert ledger.available(member) == 1_000
    assert caller.get(reward.reward_id).stock == 1


def test_stock_that_is_set_while_it_is_redeemed_adds_up(caller: Caller, ledger: Ledger, books: Books) -> None:
    reward = caller.reward(stock=50)
    members = [ledger.member() for _ in range(32)]

    def act(number: int) -> object:
        if number % 4 == 0:
            return caller.update(reward.reward_id, stock=50 + number)
        return caller.redemption(members[number], reward.reward_id)

    assert not [result for result in together(32, act) if isinstance(result, Exception)]


def _ends(results: list[object]) -> Counter[object]:
    """How often each end was met: a state of a redemption, or the reason of a refusal."""
    ends: Counter[object] = Counter()
    for result in results:
        if isinstance(result, Refusal):
            ends[result.reason] += 1
        elif isinstance(result, pb.Redemption):
            ends[result.state] += 1
        else:
            raise AssertionError(result)
    return ends


def test_a_unit_is_taken_last_so_that_its_row_is_held_for_a_moment(
    caller: Caller, ledger: Ledger, serving_engine: sa.Engine, books: Books
) -> None:
    """All redemptions of a reward wait for one row: what a transaction does after it, all of them wait for."""
    reward = caller.reward(stock=5)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(" ".join(statement.split()[:2]))

    def end(_connection: object) -> None:
        statements.append("COMMIT")

    sa.event.listen(serving_engine, "before_cursor_execute", note)
    sa.event.listen(serving_engine, "commit", end)
    confirmed = caller.redemption(ledger.member(), reward.reward_id)
    caller.cancel(confirmed.member_id, confirmed.redemption_id)

    taken = [number for number, each in enumerate(statements) if each == "UPDATE reward_stocks"]
    assert len(taken) == 2
    assert [statements[number + 1] for number in taken] == ["COMMIT"] * 2


def test_a_reward_that_is_busy_is_refused_before_anything_is_recorded(
    storage: Storage, saga: Saga, caller: Caller, ledger: Ledger, books: Books
) -> None:
    hot, other = (uuid.UUID(caller.reward(stock=5).reward_id) for _ in range(2))
    places = RewardPlaces(1)
    redemptions = Redemptions(storage, saga, places, lease_s=600)
    program_id, member_id = uuid.UUID(caller.program_id), uuid.UUID(ledger.member())
    with places.held(program_id, hot):
        with pytest.raises(RewardBusy):
            redemptions.redeem(Call("till"), Redeem(program_id, "key", member_id, hot))
        redeemed = redemptions.redeem(Call("till"), Redeem(program_id, "other", member_id, other)).unwrap()
        assert redeemed.state is RedemptionState.CONFIRMED
    # The same key again, since nothing was begun with it.
    assert redemptions.redeem(Call("till"), Redeem(program_id, "key", member_id, hot)).unwrap().voucher is not None
