"""The checker is checked: each defect that no service can see alone is planted, and must be found."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kit.checking import Finding
from tests.fixtures.servers import as_owner
from wafa.backends import WORDS
from wafa.checker import facts, redemptions, standings
from wafa.checker.snapshot import DatabaseSnapshot

PROGRAM = uuid.UUID("cce71c38-bad3-82c2-918c-027edefa4ba0")
COST = 250


class Suite:
    """Three migrated databases, and the rows that a redemption leaves in them."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls = urls
        self.member_id, self.redemption_id, self.hold_id = (uuid.uuid4() for _ in range(3))

    def insert(self, word: str, table: str, **columns: Any) -> None:
        names = ", ".join(columns)
        marks = ", ".join(f"%({name})s" for name in columns)
        self.run(word, f"INSERT INTO {table} ({names}) VALUES ({marks})", columns)  # noqa: S608 - a test's own words

    def run(self, word: str, statement: str, values: dict[str, Any] | None = None) -> None:
        """By the hand of the owner: the role that serves could not do all of it."""
        url = as_owner(self.urls[word]).replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement, values)

    def redemption(self, state: str = "confirmed", *, under_way: bool = False, hold: bool = True) -> None:
        cancelled = state == "cancelled"
        self.insert(
            "rewards",
            "redemptions",
            member_id=self.member_id,
            redemption_id=self.redemption_id,
            program_id=PROGRAM,
            reward_id=uuid.uuid4(),
            reward_name="£5 off",
            benefit_kind="fixed_discount",
            benefit_amount_minor=500,
            benefit_currency="GBP",
            benefit_basis_points=0,
            benefit_sku="",
            cost_points=COST,
            wallet="points",
            voucher_validity_days=90,
            limit_per_member=0,
            ordinal=1,
            state=state,
            hold_id=self.hold_id if hold else None,
            is_stock_taken=False,
            cancel_reason="CANCELLED_ON_REQUEST" if cancelled else "",
            cancel_note="",
            cancel_requested_at="2026-11-22T00:00:00Z" if cancelled else None,
            version=1,
            requested_at="2026-11-22T00:00:00Z",
            updated_at="2026-11-22T00:00:00Z",
            lease_until="2026-11-22T00:00:00Z" if under_way else None,
        )

    def voucher(self, state: str = "issued") -> None:
        good = state in {"issued", "used", "cancelled"}
        self.insert(
            "rewards",
            "vouchers",
            member_id=self.member_id,
            redemption_id=self.redemption_id,
            code="0123456789AB",
            state=state,
            issued_at="2026-11-22T00:00:00Z" if good else None,
            expires_at="2027-11-22T00:00:00Z" if good else None,
            cancelled_at="2026-11-22T00:00:00Z" if state == "cancelled" else None,
        )

    def hold(
        self, state: str = "captured", *, captured: int = COST, reversed_at: str | None = None, given_back: int = 0
    ) -> None:
        self.insert("points", "accounts", member_id=self.member_id, wallet="points", program_id=PROGRAM)
        spent = state == "captured"
        self.insert(
            "points",
            "holds",
            member_id=self.member_id,
            hold_id=self.hold_id,
            program_id=PROGRAM,
            wallet="points",
            amount=COST,
            captured=captured if spent else 0,
            state=state,
            reference=f"redemption {self.redemption_id}",
            placed_at="2026-11-22T00:00:00Z",
            expires_at="2026-11-22T01:00:00Z",
            ended_at=None if state == "open" else "2026-11-22T00:00:01Z",
            captured_version=1 if spent else None,
            reversed_at=reversed_at,
            reversed=given_back,
        )

    def member(self, status: str = "active", version: int = 1, **traits: Any) -> None:
        self.insert(
            "members",
            "members",
            member_id=self.member_id,
            program_id=PROGRAM,
            status=status,
            version=version,
            master_key_id=bytes(length(self, "master_key_id")),
            data_key=bytes(length(self, "data_key")),
            enrolled_at="2026-11-22T00:00:00Z",
            updated_at="2026-11-22T00:00:00Z",
            **traits,
        )

    def known_to_points(self, status: str = "active", version: int = 1, **traits: Any) -> None:
        self.insert(
            "points",
            "standings",
            member_id=self.member_id,
            program_id=PROGRAM,
            status=status,
            member_version=version,
            **traits,
        )

    def known_to_rewards(self, status: str = "active", version: int = 1) -> None:
        self.insert(
            "rewards",
            "member_statuses",
            member_id=self.member_id,
            program_id=PROGRAM,
            status=status,
            version=version,
        )

    def redemption_findings(self) -> list[Finding]:
        with DatabaseSnapshot(self.urls) as snapshot:
            return list(redemptions.check(snapshot))

    def differences(self) -> list[standings.ProjectionDifference]:
        with DatabaseSnapshot(self.urls) as snapshot:
            return list(standings.differences(snapshot))


def length(suite: Suite, column: str) -> int:
    """How long the register wants a column of bytes to be."""
    from services.members import sealing

    return {"master_key_id": sealing.KEY_ID_BYTES, "data_key": sealing.WRAPPED_KEY_BYTES}[column]


@pytest.fixture
def suite(databases: Callable[[str], str]) -> Iterator[Suite]:
    yield Suite({word: databases(word) for word in WORDS})


def test_a_confirmed_and_an_undone_redemption_are_as_they_must_be(suite: Suite) -> None:
    suite.redemption()
    suite.voucher()
    suite.hold()
    suite.member_id, suite.redemption_id, suite.hold_id = (uuid.uuid4() for _ in range(3))
    suite.redemption("cancelled")
    suite.voucher("cancelled")
    suite.hold(reversed_at="2026-11-22T00:01:00Z")
    assert suite.redemption_findings() == []


@pytest.mark.parametrize(
    ("plant", "check", "problem"),
    [
        (lambda suite: (suite.redemption(), suite.voucher()), "redemption_paid", "points knows nothing of its hold"),
        (
            lambda suite: (suite.redemption(), suite.voucher(), suite.hold("released")),
            "redemption_paid",
            "its hold is released",
        ),
        (
            lambda suite: (suite.redemption(), suite.voucher(), suite.hold(captured=COST - 1)),
            "redemption_paid",
            "249 were captured",
        ),
        (
            lambda suite: (suite.redemption(), suite.voucher(), suite.hold(reversed_at="2026-11-22T00:01:00Z")),
            "redemption_paid",
            "its hold is reversed",
        ),
        (
            lambda suite: (suite.redemption(), suite.voucher(), suite.hold(given_back=1)),
            "redemption_paid",
            "1 of its points were given back",
        ),
        (lambda suite: (suite.redemption(), suite.hold()), "redemption_paid", "its voucher is none"),
        (
            lambda suite: (suite.redemption(), suite.voucher("set_aside"), suite.hold()),
            "redemption_paid",
            "its voucher is set_aside",
        ),
        (
            lambda suite: (suite.redemption("cancelled"), suite.voucher("cancelled"), suite.hold()),
            "redemption_undone",
            "its points are spent",
        ),
        (lambda suite: (suite.redemption("cancelled"), suite.hold("open")), "redemption_undone", "its hold is open"),
        (
            lambda suite: (suite.redemption("cancelled"), suite.voucher(), suite.hold("released")),
            "redemption_undone",
            "its voucher is issued",
        ),
        (lambda suite: suite.hold(), "hold_explained", "250 points were spent for a redemption"),
    ],
)
def test_what_does_not_agree_is_found(suite: Suite, plant: Callable[[Suite], object], check: str, problem: str) -> None:
    plant(suite)
    (finding,) = suite.redemption_findings()
    assert finding.check == check
    assert problem in finding.problem
    assert str(suite.member_id) in finding.subject


def test_another_members_hold_is_found(suite: Suite) -> None:
    suite.redemption()
    suite.voucher()
    suite.member_id = uuid.uuid4()
    suite.hold()
    (finding,) = suite.redemption_findings()
    assert "its hold is another member's" in finding.problem


def test_what_is_under_way_is_left_alone(suite: Suite) -> None:
    suite.redemption("issued", under_way=True)
    suite.voucher("set_aside")
    suite.hold()
    suite.redemption_id, suite.hold_id = uuid.uuid4(), uuid.uuid4()
    assert suite.redemption_findings() == []


def test_members_that_all_know_alike_are_as_they_must_be(suite: Suite) -> None:
    suite.member("suspended", 3)
    suite.known_to_points("suspended", 3)
    suite.known_to_rewards("suspended", 2)  # the last change did not touch the status
    assert suite.differences() == []


@pytest.mark.parametrize(
    ("status", "version", "check", "is_behind"),
    [
        ("active", 2, "standing_known", True),
        ("active", 3, "standing_true", False),
        ("suspended", 4, "standing_true", False),
    ],
)
def test_a_standing_that_differs_is_found(suite: Suite, status: str, version: int, check: str, is_behind: bool) -> None:
    suite.member("suspended", 3)
    suite.known_to_points(status, version)
    suite.known_to_rewards("suspended", 3)
    (difference,) = suite.differences()
    assert (difference.finding.check, difference.is_behind) == (check, is_behind)
    assert difference.finding.subject == str(suite.member_id)


TRAITS: dict[str, Any] = {
    "tier": "gold",
    "segments": ["old", "vip"],
    "attributes": Jsonb({"city": "Lahore", "store": "S1"}),
}


def test_traits_that_agree_are_no_finding_however_they_are_written(suite: Suite) -> None:
    suite.member(version=3, **TRAITS)
    suite.known_to_points(version=3, **TRAITS | {"attributes": Jsonb({"store": "S1", "city": "Lahore"})})
    suite.known_to_rewards(version=3)
    assert suite.differences() == []


@pytest.mark.parametrize(
    "other", [{"tier": "silver"}, {"segments": ["old"]}, {"attributes": Jsonb({"city": "Quetta", "store": "S1"})}]
)
def test_traits_that_differ_at_the_same_version_are_found(suite: Suite, other: dict[str, Any]) -> None:
    suite.member(version=3, **TRAITS)
    suite.known_to_points(version=3, **TRAITS | other)
    suite.known_to_rewards(version=3)
    (difference,) = suite.differences()
    assert (difference.finding.check, difference.is_behind) == ("standing_true", False)


def test_traits_of_an_older_version_are_only_behind(suite: Suite) -> None:
    suite.member(version=3, **TRAITS)
    suite.known_to_points(version=2)
    suite.known_to_rewards(version=3)
    (difference,) = suite.differences()
    assert (difference.finding.check, difference.is_behind) == ("standing_known", True)


def test_a_member_that_nobody_has_heard_of_is_found_at_both(suite: Suite) -> None:
    suite.member()
    found = [(each.finding.check, each.finding.problem) for each in suite.differences()]
    assert found == [
        ("standing_known", "points does not know the member"),
        ("standing_known", "rewards does not know the member"),
    ]


def test_a_standing_without_a_member_is_found(suite: Suite) -> None:
    suite.known_to_points()
    (difference,) = suite.differences()
    assert (difference.finding.check, difference.is_behind) == ("standing_true", False)


def test_an_event_that_was_given_up_is_found_until_it_is_replayed(suite: Suite) -> None:
    suite.insert(
        "points",
        "dead_letters",
        consumer="points",
        event_id=suite.redemption_id,
        type="member.enrolled",
        payload=Jsonb({}),
        reason="unreadable",
        deliveries=5,
    )
    (difference,) = suite.differences()
    assert difference.finding == Finding("letter_read", str(suite.redemption_id), "points gave up this member.enrolled")
    suite.run("points", "UPDATE dead_letters SET replayed_at = now()")
    assert suite.differences() == []


def test_facts_are_counted(suite: Suite) -> None:
    suite.member()
    suite.redemption(hold=True)
    with DatabaseSnapshot(suite.urls) as snapshot:
        counted = facts.count(snapshot)
    assert (counted["members"], counted["redemptions"], counted["purchases"]) == (1, 1, 0)
