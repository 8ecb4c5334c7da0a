"""Databases of different nights are restored, and `wafa reconcile` makes the books agree again."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from kit.peers import OPERATOR
from tests.fixtures.books import behind, wait_until_settled
from tests.fixtures.deployment import Deployment
from tests.fixtures.nights import dump, restore
from tests.fixtures.suite import Program
from wafa.backends import WORDS
from wafa.checker import redemptions
from wafa.checker.snapshot import DatabaseSnapshot
from wafa.launcher.home import CHECKOUT
from wafa.launcher.ports import GATEWAY
from wafa.reconciler.plans import RepairAction, RepairResult
from wafa.reconciler.reconcile import Reconciler
from wafa.reconciler.repairs import Repairs
from wafa.register import Register

GIFT = 1_000
COST = 100


@pytest.fixture
def member(program: Program) -> str:
    """A member with points to spend."""
    member_id: str = program.member()["member_id"]
    program.gift(member_id, GIFT)
    return member_id


def redeem(program: Program, member_id: str, reward: dict[str, Any]) -> dict[str, Any]:
    redemption: dict[str, Any] = program.app.post(
        f"/v1/members/{member_id}/redemptions", {"reward_id": reward["reward_id"]}
    ).expect(201)
    return redemption


def disagreements(deployment: Deployment) -> list[str]:
    """What two services say differently of one redemption or one member."""
    with DatabaseSnapshot(deployment.suite.database_urls) as snapshot:
        found = [*redemptions.check(snapshot), *behind(deployment.suite)]
    return [f"{each.check} {each.problem}" for each in found]


def reconcile(deployment: Deployment, *, is_final: bool = False) -> list[RepairResult]:
    """All repairs, with the services up."""
    reconciler = Reconciler(deployment.suite.database_urls)
    reconciler.wait_until_consumed()
    with Repairs(deployment.suite.addresses, deployment.suite.identity(OPERATOR), is_final=is_final) as repairs:
        return list(reconciler.carry_out(repairs))


def expect_reconciled(deployment: Deployment) -> None:
    """Nothing is left to repair, the whole check is green, and the gateway opens again."""
    deployment.start(GATEWAY)
    deployment.expect_books_to_agree()
    assert reconcile(deployment) == []


class TestRewardsOlder:
    """`rewards` is of the night before what `points` and `members` know."""

    def test_points_spent_for_redemptions_that_are_lost_come_back(
        self, deployment: Deployment, program: Program, member: str, tmp_path: Path
    ) -> None:
        reward = program.reward(stock=5)
        kept = redeem(program, member, reward)
        night = dump(deployment, tmp_path / "night")
        lost = [redeem(program, member, reward) for _ in range(2)]
        assert program.account(member)["available"] == GIFT - 3 * COST

        restore(deployment, {"rewards": night["rewards"]})
        assert any("hold_explained" in each for each in disagreements(deployment))
        results = reconcile(deployment)

        assert [each.problem for each in results] == ["", ""]
        assert {each.repair.member_id for each in results} == {member}
        assert all(any(one["redemption_id"] in each.repair.why for each in results) for one in lost)
        expect_reconciled(deployment)
        assert program.account(member)["available"] == GIFT - COST
        code = kept["voucher"]["code"]
        program.till.post(f"/v1/vouchers/{code}/use", {"store_id": "S1"}).expect(200)
        redeem(program, member, reward)

    def test_the_command_says_what_it_did_and_proves_the_books(
        self, deployment: Deployment, program: Program, member: str, tmp_path: Path
    ) -> None:
        night = dump(deployment, tmp_path / "night")
        redeem(program, member, program.reward())
        restore(deployment, {"rewards": night["rewards"]})

        planned, code = command(deployment, "--dry-run")
        assert ([each["action"] for each in planned[:-1]], code) == (["reverse_capture"], 1)
        assert disagreements(deployment) != []
        done, code = command(deployment)
        assert ([each["member_id"] for each in done[:-1]], code) == ([member], 0)
        assert done[0]["record"].startswith("hold ")
        assert done[-1]["holds"] is True
        again, code = command(deployment)
        assert (len(again), code) == (1, 0)


class TestRewardsOlderThanACancellation:
    """`rewards` has a voucher as good whose points went back since."""

    def test_the_voucher_is_cancelled_again_for_the_same_reason(
        self, deployment: Deployment, program: Program, member: str, tmp_path: Path
    ) -> None:
        redemption = redeem(program, member, program.reward())
        night = dump(deployment, tmp_path / "night")
        path = f"/v1/members/{member}/redemptions/{redemption['redemption_id']}"
        program.staff.post(f"{path}/cancel", {"reason": "ordered twice"}).expect(200)

        restore(deployment, {"rewards": night["rewards"]})
        (result,) = reconcile(deployment)
        assert (result.repair.action, result.problem) == (RepairAction.CANCEL_REDEMPTION, "")
        expect_reconciled(deployment)
        assert program.staff.get(path).expect(200)["state"] == "cancelled"
        assert program.account(member)["available"] == GIFT


class TestPointsOlder:
    """`points` is of the night before what `rewards` and `members` know."""

    def test_points_are_spent_again_for_vouchers_and_stay_where_a_redemption_was_cancelled(
        self, deployment: Deployment, program: Program, member: str, tmp_path: Path
    ) -> None:
        reward = program.reward()
        undone = redeem(program, member, reward)
        night = dump(deployment, tmp_path / "night")
        path = f"/v1/members/{member}/redemptions/{undone['redemption_id']}"
        program.staff.post(f"{path}/cancel", {"reason": "ordered twice"}).expect(200)
        used, unused = redeem(program, member, reward), redeem(program, member, reward)
        program.till.post(f"/v1/vouchers/{used['voucher']['code']}/use", {"store_id": "S1"}).expect(200)
        set_status(program, member, "suspended")

        restore(deployment, {"points": night["points"]})
        # Whether `points` has heard of the status again by now is a matter of luck.
        assert len([each for each in disagreements(deployment) if each.startswith("redemption_")]) == 3
        results = reconcile(deployment)
        assert [each.problem for each in results] == ["", "", ""]
        expect_reconciled(deployment)
        assert program.account(member)["available"] == GIFT - 2 * COST
        set_status(program, member, "active")
        program.till.post(f"/v1/vouchers/{unused['voucher']['code']}/use", {"store_id": "S1"}).expect(200)

    def test_what_lost_points_paid_for_waits_for_receipts_or_is_settled(
        self, deployment: Deployment, program: Program, tmp_path: Path
    ) -> None:
        reward, member = program.reward(), program.member()["member_id"]
        night = dump(deployment, tmp_path / "night")
        program.gift(member, 2 * COST)
        used, unused = redeem(program, member, reward), redeem(program, member, reward)
        program.till.post(f"/v1/vouchers/{used['voucher']['code']}/use", {"store_id": "S1"}).expect(200)

        restore(deployment, {"points": night["points"]})
        waiting = reconcile(deployment)
        assert all("INSUFFICIENT_BALANCE" in each.problem and "--settle" in each.problem for each in waiting)
        settled = reconcile(deployment, is_final=True)
        assert [each.problem for each in settled] == ["", ""]
        expect_reconciled(deployment)
        path = f"/v1/members/{member}/redemptions"
        assert program.staff.get(f"{path}/{used['redemption_id']}").expect(200)["voucher"]["state"] == "used"
        assert program.staff.get(f"{path}/{unused['redemption_id']}").expect(200)["state"] == "cancelled"
        assert program.account(member)["posted"] == 0


class TestThreeNights:
    """Each database is of another night."""

    @pytest.mark.deep  # minutes on a busy machine
    @pytest.mark.parametrize("order", list(permutations(WORDS)))
    def test_the_books_agree_again(
        self, deployment: Deployment, program: Program, tmp_path: Path, order: tuple[str, ...]
    ) -> None:
        reward, dumps = program.reward(stock=50), {}
        for night, word in enumerate(order):
            member = program.member()["member_id"]
            program.gift(member, 3 * COST)
            kept, undone = redeem(program, member, reward), redeem(program, member, reward)
            path = f"/v1/members/{member}/redemptions/{undone['redemption_id']}"
            dumps[word] = dump(deployment, tmp_path / f"night{night}")[word]
            program.staff.post(f"{path}/cancel", {"reason": "ordered twice"}).expect(200)
            program.till.post(f"/v1/vouchers/{kept['voucher']['code']}/use", {"store_id": "S1"}).expect(200)
            redeem(program, member, reward)
            set_status(program, member, "earn_only")
        restore(deployment, dumps)
        assert disagreements(deployment) != []
        results = reconcile(deployment, is_final=True)
        assert [each for each in results if each.problem] == []
        expect_reconciled(deployment)
        newcomer = program.member()["member_id"]
        program.gift(newcomer, COST)
        redeem(program, newcomer, reward)
        deployment.expect_books_to_agree()


class TestMembersOlder:
    """`members` is of the night before what `points` and `rewards` know."""

    def test_members_and_changes_that_are_lost_are_restored_as_others_know_them(
        self, deployment: Deployment, program: Program, member: str, tmp_path: Path
    ) -> None:
        night = dump(deployment, tmp_path / "night")
        new = program.member()["member_id"]
        program.gift(new, GIFT)
        set_status(program, member, "suspended")
        traits = {"tier": "gold", "segments": ["tea"], "attributes": {"club": "yes"}}
        program.staff.put(f"/v1/members/{new}/traits", {"traits": traits}, version="*").expect(200)
        wait_until_settled(deployment.suite)

        restore(deployment, {"members": night["members"]})
        assert any("standing_true" in each for each in disagreements(deployment))
        results = reconcile(deployment)

        assert {(each.repair.member_id, each.problem) for each in results} == {(member, ""), (new, "")}
        expect_reconciled(deployment)
        assert program.staff.get(f"/v1/members/{member}").expect(200)["status"] == "suspended"
        recreated = program.staff.get(f"/v1/members/{new}").expect(200)
        assert (recreated["identifiers"], recreated["traits"]) == ([], traits)
        # All consumers get the changes from here on.
        set_status(program, member, "active")
        card = {"kind": "card", "value": "C-found-again"}
        program.app.post(f"/v1/members/{new}/identifiers", {"identifier": card}).expect(201)
        redeem(program, new, program.reward())
        deployment.expect_books_to_agree()

    def test_members_of_a_program_that_is_lost_wait_for_it(self, deployment: Deployment, tmp_path: Path) -> None:
        night = dump(deployment, tmp_path / "night")
        program = deployment.suite.new_program()
        new = program.member()["member_id"]
        wait_until_settled(deployment.suite)

        restore(deployment, {"members": night["members"]})
        (left,) = reconcile(deployment)
        assert f"wafa programs create NAME --currency … --region … --id {program.program_id}" in left.problem
        with Register(deployment.suite.addresses["members"], deployment.suite.identity(OPERATOR)) as register:
            register.create_program("found again", "GBP", "GB", program.program_id)
        (done,) = reconcile(deployment)
        assert (done.repair.member_id, done.problem) == (new, "")
        expect_reconciled(deployment)


def set_status(program: Program, member_id: str, status: str) -> None:
    path = f"/v1/members/{member_id}/status"
    program.staff.put(path, {"status": status, "reason": "a test"}, version="*").expect(200)


def command(deployment: Deployment, *options: str) -> tuple[list[dict[str, Any]], int]:
    """`python -m wafa reconcile --json` against a deployment: the objects that it printed, and its exit code."""
    addresses = {f"{word.upper()}_ADDRESS": address for word, address in deployment.suite.addresses.items()}
    environ = {**deployment.environ(), **addresses, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "wafa", "reconcile", "--json", *options],
        env=environ,
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
        timeout=120,
    )
    objects = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert objects, done.stderr.decode()
    return objects, done.returncode
