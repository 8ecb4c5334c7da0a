"""Sends the receipts through the gateway, several members at a time, each member's in order.

Every request's idempotency key comes from its receipt or its customer. What is decided on the way (who redeems what,
and when) follows from the receipts and from answers that a replay gives again. So a second run asks exactly what the
first one asked, and changes nothing.
"""

from __future__ import annotations

import dataclasses
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from wafa.demo import wire
from wafa.demo.plan import ReplayPlan, Task
from wafa.demo.programme import Reward
from wafa.demo.tally import Refused, Tally, together
from wafa.gateway_client import Answer, GatewayClient
from wafa.launcher.errors import StopAsked

# How often, and after how many seconds each, a redemption under way is looked at.
LOOKS_MAX = 60
LOOK_S = 0.5


@dataclasses.dataclass
class _Guest:
    """A customer as the till knows them: a member, or refused at the enrolment, with what the receipts gave so far."""

    customer: str
    member_id: str = ""
    refused: Answer | None = None
    points: int = 0
    has_redeemed: bool = False

    @property
    def lot(self) -> int:
        """A number for deciding what this customer does, the same in each run."""
        return zlib.crc32(self.customer.encode())


class Lane:
    """One till with its customers. For one thread."""

    def __init__(self, gateway: GatewayClient, plan: ReplayPlan, rewards: Sequence[Reward]) -> None:
        self._gateway = gateway
        self._shift = plan.shift
        self._rewards = rewards
        self._guests: dict[str, _Guest] = {}
        self.tally = Tally()

    def do(self, task: Task) -> None:
        """Sends one receipt and counts what became of it."""
        receipt = task.receipt
        self.tally.receipts += 1
        self.tally.lines += len(receipt.lines)
        guest = self._guest(receipt.customer) if receipt.customer else None
        if guest is not None and guest.refused is not None:
            self._refuse(task, guest.refused)
        elif receipt.is_return:
            self._return(task, guest)
        else:
            self._sale(task, guest)
        if guest is not None and guest.member_id:
            self._perhaps_redeem(guest)

    # ---- people

    def _guest(self, customer: str) -> _Guest:
        if customer not in self._guests:
            self._guests[customer] = self._enrol(customer)
        return self._guests[customer]

    def _enrol(self, customer: str) -> _Guest:
        answer = self._write("/v1/members", wire.enrolment(customer), f"demo-enrol-{customer}")
        if answer.reason == "IDENTIFIER_TAKEN":
            # Enrolled by an earlier run whose idempotency keys are forgotten by now.
            answer = self._gateway.post(
                "/v1/members/resolve", {"identifier": wire.enrolment(customer)["identifiers"][0]}
            )
        if not answer.ok:
            return _Guest(customer, refused=answer)
        self.tally.members += 1
        return _Guest(customer, answer.body["member_id"])

    # ---- receipts

    def _sale(self, task: Task, guest: _Guest | None) -> None:
        body = wire.purchase(task.receipt, self._shift, guest.member_id if guest else "")
        answer = self._write("/v1/purchases", body, f"demo-sale-{task.receipt.number}")
        if not answer.ok:
            self._refuse(task, answer)
        elif guest is None:
            self.tally.anonymous_sales += 1
        else:
            self.tally.sales += 1
            earned = answer.body["purchase"]["points_earned"]
            self.tally.points_earned += earned
            guest.points += earned

    def _return(self, task: Task, guest: _Guest | None) -> None:
        """Sends every part; the receipt counts as posted when all were taken."""
        answers = [self._return_part(task, place, guest) for place in range(len(task.parts))]
        refused = next((answer for answer in answers if not answer.ok), None)
        if refused is not None:
            self._refuse(task, refused)
            return
        matched = {answer.body["return"]["matched"] for answer in answers}
        self.tally.returns_matched += matched == {True}
        self.tally.returns_partly_matched += matched == {True, False}
        self.tally.returns_unmatched += matched == {False}

    def _return_part(self, task: Task, place: int, guest: _Guest | None) -> Answer:
        body = wire.return_part(task.receipt, task.parts[place], self._shift)
        answer = self._write("/v1/returns", body, f"demo-return-{task.receipt.number}-{place}")
        if answer.ok:
            taken, owed = answer.body["return"]["points_returned"], answer.body["return"]["shortfall"]
            self.tally.points_clawed_back += taken - owed
            self.tally.points_owed += owed
            if guest is not None:
                guest.points -= taken
        return answer

    def _refuse(self, task: Task, answer: Answer) -> None:
        self.tally.refused.append(Refused(task.receipt.number, answer.reason, answer.detail))

    # ---- rewards

    def _perhaps_redeem(self, guest: _Guest) -> None:
        """Each member saves for one reward and takes it, once, when the points are there."""
        goal = self._rewards[guest.lot % len(self._rewards)]
        if guest.has_redeemed or guest.points < goal.cost_points:
            return
        guest.has_redeemed = True
        path = f"/v1/members/{guest.member_id}/redemptions"
        answer = self._settled(path, self._write(path, {"reward_id": goal.reward_id}, f"demo-redeem-{guest.customer}"))
        if answer.reason == "CANCELLED_ON_REQUEST":
            # An earlier run has cancelled it below; the suite answers with its present state.
            self._count(guest, goal)
            self._cancel(guest, goal, answer.body["metadata"]["redemption_id"])
            return
        if not answer.ok or answer.body["state"] != "confirmed":
            self.tally.redemptions_refused[answer.body["state"] if answer.ok else answer.reason] += 1
            return
        self._count(guest, goal)
        match guest.lot // len(self._rewards) % 10:
            case 0:
                self._cancel(guest, goal, answer.body["redemption_id"])
            case chance if chance < 7:
                self._use(guest, answer.body["voucher"])

    def _count(self, guest: _Guest, reward: Reward) -> None:
        self.tally.redemptions += 1
        self.tally.points_spent += reward.cost_points
        guest.points -= reward.cost_points

    def _settled(self, path: str, answer: Answer) -> Answer:
        """The redemption once it has come to an end, where the suite answered that it is still on the way."""
        for _ in range(LOOKS_MAX):
            if not answer.ok or answer.body["state"] in {"confirmed", "cancelled"}:
                break
            self._gateway.pause(LOOK_S)
            answer = self._gateway.get(f"{path}/{answer.body['redemption_id']}")
        return answer

    def _use(self, guest: _Guest, voucher: dict[str, Any]) -> None:
        where = {"store_id": wire.STORE, "terminal_id": wire.TERMINAL}
        answer = self._write(f"/v1/vouchers/{voucher['code']}/use", where, f"demo-use-{guest.customer}")
        self.tally.vouchers_used += answer.ok

    def _cancel(self, guest: _Guest, reward: Reward, redemption_id: str) -> None:
        path = f"/v1/members/{guest.member_id}/redemptions/{redemption_id}/cancel"
        answer = self._write(path, {"reason": "the customer changed their mind"}, f"demo-cancel-{guest.customer}")
        if answer.ok:
            self.tally.redemptions_cancelled += 1
            self.tally.points_given_back += reward.cost_points
            guest.points += reward.cost_points

    def _write(self, path: str, body: object, key: str) -> Answer:
        answer = self._gateway.post(path, body, key)
        self.tally.writes += 1
        self.tally.replays += answer.replayed
        self.tally.repeats += answer.tries - 1
        self.tally.durations_s.append(answer.duration_s)
        return answer


def replay(
    plan: ReplayPlan,
    rewards: Sequence[Reward],
    connect: Callable[[], GatewayClient],
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    advance: Callable[[], object] = lambda: None,
) -> Tally:
    """Does the whole plan, a thread a lane. Raises GatewayError when the gateway is lost, and StopAsked."""
    failed = threading.Event()

    def run(tasks: Sequence[Task]) -> Tally:
        with connect() as gateway:
            lane = Lane(gateway, plan, rewards)
            for task in tasks:
                if failed.is_set() or is_stopped():
                    raise StopAsked
                try:
                    lane.do(task)
                except BaseException:
                    failed.set()
                    raise
                advance()
            return lane.tally

    with ThreadPoolExecutor(len(plan.lanes), thread_name_prefix="till") as pool:
        runs = [pool.submit(run, tasks) for tasks in plan.lanes]
    errors = [error for each in runs if (error := each.exception()) is not None]
    # One lane's error stops the others; that error is the one to report.
    for error in sorted(errors, key=lambda each: isinstance(each, StopAsked)):
        raise error
    return together(each.result() for each in runs)
