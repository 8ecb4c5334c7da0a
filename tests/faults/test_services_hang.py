"""A service is stopped as by SIGSTOP: its callers get a Retry-After, and the others lose nothing of their trade."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.fixtures.deployment import Deployment, deployed
from tests.fixtures.suite import Answer, Program, sale
from tests.fixtures.tills import insist, together

# As deployed, but for a machine that is busy with other tests.
SETTINGS = {
    "GATEWAY_KEY_FRESH_S": "45",
    "GATEWAY_IDENTIFIER_FRESH_S": "60",
    "GATEWAY_LOOKUP_DEADLINE_MS": "1500",
    "GATEWAY_READ_DEADLINE_MS": "3000",
    "GATEWAY_WRITE_DEADLINE_MS": "3500",
    "POINTS_MEMBERS_DEADLINE_MS": "1000",
    "REWARDS_POINTS_DEADLINE_MS": "2000",
    # All callers want the same reward here; how many of them may is not what is looked for.
    "REWARDS_REWARD_PLACES_MAX": "64",
}
# More callers of the service that hangs than the gateway has threads; each sends so many requests, one after another.
CALLERS_OF_HUNG = 20
CALLERS_OF_OTHERS = 3
REQUESTS = 8
KEPT_PERCENT_MIN = 90

Ask = Callable[[], Answer]


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    with deployed(SETTINGS) as found:
        yield found


class Trades:
    """One request of each kind, by what it needs besides the gateway."""

    def __init__(self, program: Program) -> None:
        self._program = program
        program.rule()
        self._reward_id: str = program.reward()["reward_id"]
        self._member_id: str = program.member("+447911123456")["member_id"]
        program.gift(self._member_id, 1_000_000)
        self.kinds: dict[str, tuple[Ask, frozenset[str]]] = {
            "sale": (self._sell, frozenset({"points"})),
            "sale by phone": (self._sell_by_phone, frozenset({"points"})),
            "account": (self._account, frozenset({"points"})),
            "catalogue": (self._catalogue, frozenset({"rewards"})),
            "redemption": (self._redeem, frozenset({"rewards", "points"})),
            "member": (self._member, frozenset({"members"})),
        }
        for ask, _ in self.kinds.values():
            assert insist(ask).status < 300

    def needing(self, word: str) -> list[Ask]:
        return [ask for ask, needs in self.kinds.values() if word in needs]

    def others(self, word: str) -> list[Ask]:
        return [ask for ask, needs in self.kinds.values() if word not in needs]

    def _sell(self) -> Answer:
        return self._program.till.post("/v1/purchases", sale(member_id=self._member_id))

    def _sell_by_phone(self) -> Answer:
        reference = {"identifier": {"kind": "phone", "value": "+447911123456"}}
        return self._program.till.post("/v1/purchases", sale(member=reference))

    def _account(self) -> Answer:
        return self._program.till.get(f"/v1/members/{self._member_id}/account")

    def _catalogue(self) -> Answer:
        return self._program.till.get(f"/v1/rewards/{self._reward_id}")

    def _redeem(self) -> Answer:
        path = f"/v1/members/{self._member_id}/redemptions"
        return self._program.till.post(path, {"reward_id": self._reward_id}, key=str(uuid.uuid4()))

    def _member(self) -> Answer:
        return self._program.till.get(f"/v1/members/{self._member_id}")


def under_load(hung: Sequence[Ask], others: Sequence[Ask]) -> tuple[list[Answer], int]:
    """What the callers of the one service were answered, and how many requests of the others succeeded."""

    def work(number: int) -> list[Answer]:
        asks, place = (others, number) if number < kept else (hung, number - kept)
        return [asks[place % len(asks)]() for _ in range(REQUESTS)]

    kept = CALLERS_OF_OTHERS * len(others)
    answers = together(kept + CALLERS_OF_HUNG, work)
    good = [answer for each in answers[:kept] for answer in each if answer.status < 300]
    return [answer for each in answers[kept:] for answer in each], len(good)


@pytest.mark.parametrize("word", ["rewards", "points", "members"])
def test_a_service_that_hangs_costs_the_others_nothing(word: str, deployment: Deployment, program: Program) -> None:
    trades = Trades(program)
    hung, others = trades.needing(word), trades.others(word)
    # A busy machine may ask a few to come again before anything hangs; what hangs is measured against what it did then.
    answered, before = under_load(hung, others)
    assert Counter(answer.status < 300 for answer in answered)[True] * 100 >= len(answered) * KEPT_PERCENT_MIN, Counter(
        (answer.status, answer.reason) for answer in answered
    )
    assert before * 100 >= CALLERS_OF_OTHERS * len(others) * REQUESTS * KEPT_PERCENT_MIN

    deployment.pause(word)
    answered, during = under_load(hung, others)
    deployment.resume(word)

    assert during * 100 >= before * KEPT_PERCENT_MIN, Counter(answer.status for answer in answered)
    # A redemption that has begun is answered as under way.
    unavailable = [answer for answer in answered if answer.status != 202]
    assert {answer.status for answer in unavailable} <= {503, 504}
    assert sum(answer.status == 503 for answer in unavailable) > len(unavailable) // 2
    for answer in unavailable:
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1
    for ask in (*hung, *others):
        assert insist(ask).status < 300
    deployment.expect_books_to_agree()
