"""What a till makes of the gateway's answers: every receipt is accounted for, and a second run asks the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from wafa.demo.plan import make_plan
from wafa.demo.programme import Reward
from wafa.demo.receipts import Receipt, parse_receipts, read_receipts
from wafa.demo.replay import replay
from wafa.demo.summary import show_tally
from wafa.demo.tally import Tally, percentiles_ms
from wafa.gateway_client import Answer, GatewayClient, GatewayError
from wafa.launcher.errors import StopAsked
from wafa.screen import Screen

TODAY = datetime(2026, 11, 22, tzinfo=UTC)
REWARDS = (Reward("r1", "£5 off", 250), Reward("r2", "a lantern", 400))
HEADER = "receipt,occurred_at,customer,sku,quantity,unit_price_minor\n"


class Suite:
    """A gateway of a few lines: a point a pound, remembers what it was asked, refuses what `refuse` says."""

    def __init__(self, refuse: Callable[[str, Any], str] = lambda path, body: "") -> None:
        self.answers: dict[str, tuple[object, Answer]] = {}
        self.asked: list[str] = []
        self.refuse = refuse

    def post(self, path: str, body: Any, key: str = "") -> Answer:
        self.asked.append(key)
        if key in self.answers:
            known, answer = self.answers[key]
            assert known == (path, body), "the same key came with another request"
            return Answer(answer.status, answer.body, True, 0.001, 1)
        reason = self.refuse(path, body)
        answer = problem(reason) if reason else Answer(201, self.made(path, body), False, 0.001, 1)
        self.answers[key] = ((path, body), answer)
        return answer

    def made(self, path: str, body: Any) -> dict[str, Any]:
        match path.split("/")[2:]:
            case ["members"]:
                return {"member_id": f"m-{body['identifiers'][0]['value']}"}
            case ["members", "resolve"]:
                return {"member_id": f"m-{body['identifier']['value']}"}
            case ["purchases"]:
                counted = sum(line["amount_minor"] for line in body["lines"] if line["category"] == "gifts")
                return {"purchase": {"points_earned": max(0, counted // 100) if "member" in body else 0}}
            case ["returns"]:
                matched = "original_receipt" in body
                return {
                    "return": {"matched": matched, "points_returned": 3 if matched else 0, "shortfall": 1 * matched}
                }
            case ["members", _, "redemptions"]:
                return {"state": "confirmed", "redemption_id": "x", "voucher": {"code": "C0DE"}}
            case _:
                return {}


class FakeGatewayClient(GatewayClient):
    """A gateway to the suite of a few lines."""

    def __init__(self, suite: Suite) -> None:
        super().__init__("http://127.0.0.1:1", "", pause=lambda s: None)
        self.suite = suite

    def post(self, path: str, body: object, idempotency_key: str = "") -> Answer:
        return self.suite.post(path, body, idempotency_key)


def problem(reason: str) -> Answer:
    return Answer(409, {"reason": reason, "detail": "no", "metadata": {"redemption_id": "x"}}, False, 0.001, 1)


def run(suite: Suite, receipts: list[Receipt], lanes: int = 3) -> Tally:
    return replay(make_plan(receipts, lanes, TODAY), REWARDS, lambda: FakeGatewayClient(suite))


def test_every_receipt_is_posted_or_refused() -> None:
    tally = run(Suite(), read_receipts())
    assert tally.adds_up
    assert (tally.receipts, tally.lines, tally.members) == (2_342, 50_062, 1_041)
    assert (tally.sales, tally.anonymous_sales, tally.returns) == (1_621, 337, 384)
    assert (tally.returns_matched, tally.returns_partly_matched, tally.returns_unmatched) == (163, 24, 197)
    assert tally.redemptions > tally.vouchers_used > tally.redemptions_cancelled > 0


def test_a_second_run_asks_the_same_and_changes_nothing() -> None:
    suite, receipts = Suite(), read_receipts(limit=400)
    first = run(suite, receipts)
    asked = sorted(suite.asked)
    suite.asked.clear()
    second = run(suite, receipts)
    assert (first.replays, first.changed_nothing) == (0, False)
    assert second.changed_nothing
    assert sorted(suite.asked) == asked
    assert (second.points_earned, second.redemptions) == (first.points_earned, first.redemptions)


def test_a_refused_receipt_is_named_with_its_reason() -> None:
    suite = Suite(lambda path, body: "RECEIPT_CONFLICT" if path.endswith("purchases") and "member" not in body else "")
    tally = run(suite, read_receipts())
    assert tally.adds_up
    assert (tally.anonymous_sales, len(tally.refused)) == (0, 337)
    ((reason, count, first),) = tally.refusals()
    assert (reason, count) == ("RECEIPT_CONFLICT", 337)
    assert first.receipt in {receipt.number for receipt in read_receipts()}


def test_a_customer_who_cannot_be_enrolled_takes_all_their_receipts_along() -> None:
    receipts = parse_receipts(
        HEADER + "1,2010-12-01T08:00:00,77,MUG,1,100\nC2,2010-12-02T08:00:00,77,MUG,-1,100\n"
        "3,2010-12-03T08:00:00,88,MUG,1,100\n"
    )

    def refuse(path: str, body: Any) -> str:
        return "INVALID_FIELD" if path == "/v1/members" and body["identifiers"][0]["value"] == "77" else ""

    tally = run(Suite(refuse), receipts)
    assert tally.adds_up
    assert sorted(each.receipt for each in tally.refused) == ["1", "C2"]


def test_a_return_of_which_one_part_is_refused_is_refused() -> None:
    receipts = parse_receipts(
        HEADER + "1,2010-12-01T08:00:00,77,MUG,1,100\nC2,2010-12-02T08:00:00,77,MUG,-1,100\n,,,LAMP,-1,900\n"
    )
    tally = run(
        Suite(lambda path, body: "NO" if path == "/v1/returns" and "original_receipt" in body else ""), receipts
    )
    assert tally.adds_up
    assert [each.receipt for each in tally.refused] == ["C2"]


def test_a_customer_whom_an_earlier_run_enrolled_is_found() -> None:
    tally = run(
        Suite(lambda path, body: "IDENTIFIER_TAKEN" if path == "/v1/members" else ""),
        parse_receipts(HEADER + "1,2010-12-01T08:00:00,77,MUG,1,100\n"),
    )
    assert (tally.members, tally.sales, tally.refused) == (1, 1, [])


def test_a_redemption_that_an_earlier_run_has_undone_counts_as_before() -> None:
    receipts = parse_receipts(HEADER + "1,2010-12-01T08:00:00,77,MUG,1,100000\n")
    tally = run(Suite(lambda path, body: "CANCELLED_ON_REQUEST" if path.endswith("redemptions") else ""), receipts)
    assert (tally.redemptions, tally.redemptions_cancelled) == (1, 1)
    assert tally.points_given_back == tally.points_spent


def test_points_that_were_spent_already_are_owed_and_not_taken() -> None:
    receipts = parse_receipts(HEADER + "1,2010-12-01T08:00:00,77,MUG,1,100\nC2,2010-12-02T08:00:00,77,MUG,-1,100\n")
    tally = run(Suite(), receipts)
    assert (tally.points_clawed_back, tally.points_owed) == (2, 1)


def test_a_lost_gateway_ends_the_whole_replay() -> None:
    class LostGatewayClient(FakeGatewayClient):
        def post(self, path: str, body: object, idempotency_key: str = "") -> Answer:
            raise GatewayError("it does not answer")

    with pytest.raises(GatewayError, match="it does not answer"):
        replay(make_plan(read_receipts(limit=50), 3, TODAY), REWARDS, lambda: LostGatewayClient(Suite()))


def test_a_request_to_stop_ends_the_whole_replay() -> None:
    count = itertools.count()
    with pytest.raises(StopAsked):
        replay(
            make_plan(read_receipts(limit=50), 3, TODAY),
            REWARDS,
            lambda: FakeGatewayClient(Suite()),
            is_stopped=lambda: next(count) > 20,
        )


def test_a_lost_receipt_would_be_noticed() -> None:
    assert not Tally(receipts=2, sales=1).adds_up


@pytest.mark.parametrize(
    ("durations_s", "expected"), [([], (0.0, 0.0)), ([0.25], (250.0, 250.0)), ([0.0, 0.1, 0.2], (100.0, 198.0))]
)
def test_percentiles_come_in_milliseconds(durations_s: list[float], expected: tuple[float, float]) -> None:
    assert percentiles_ms(durations_s, 50, 99) == pytest.approx(expected)


def test_the_summary_shows_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    tally = run(Suite(lambda path, body: "NO" if path == "/v1/returns" else ""), read_receipts(limit=400))
    show_tally(Screen(), tally, 2.0)
    shown = capsys.readouterr().out
    assert f"400 read = {tally.posted} posted + {len(tally.refused)} refused" in shown
    assert f"refused {len(tally.refused)} × NO" in shown
