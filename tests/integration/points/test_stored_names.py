"""The checker lists names that no caller finds, wherever they stand, and approvals by a namesake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.checking import Finding
from services.points import check
from tests.fixtures.servers import Lender
from tests.integration.points.busy import live, started
from tests.integration.points.name_defects import COLLISIONS, NAME_DEFECTS, NAMESAKES
from tests.integration.points.planted import planted
from tests.integration.points.planting import BusyDay, named, plant
from tests.integration.points.served import opened


@pytest.fixture(scope="module")
def day(lender: Lender) -> Iterator[BusyDay]:
    """A database in which nothing is wrong."""
    with lender.database("points") as url:
        with started(url) as points:
            names = named(points, live(points))
        yield BusyDay(url, names)


def test_stored_names_in_another_form_are_found_wherever_they_stand(lender: Lender, day: BusyDay) -> None:
    assert {place.what for place in check.names.NAMES} == NAME_DEFECTS.keys()
    wanted = set()
    with lender.copy(day.url) as url, opened(url) as source:
        for what, defects in NAME_DEFECTS.items():
            for defect in defects:
                plant(source, defect, day.names)
                problem = f"{what} is not in the form that names have"
                wanted.add(Finding("name_canonical", defect.subject.format(**day.names), problem))
        found = set(check.check(source))
    assert wanted <= found
    problem = "the account's wallet would be that of another in the form that names have"
    assert Finding("name_collides", f"{day.names['amina']}/points ", problem) in found


def test_a_stored_receipt_that_is_another_one_in_its_form_is_found(lender: Lender, day: BusyDay) -> None:
    with lender.copy(day.url) as url, opened(url) as source:
        plant(source, COLLISIONS, day.names)
        found = [each for each in check.check(source) if each.check == "name_collides"]
    problem = "the receipt of the purchase would be that of another in the form that names have"
    assert found == [Finding("name_collides", str(day.names["bought"]), problem)]


def test_an_approval_in_a_name_that_passes_for_the_requesters_is_found(lender: Lender, day: BusyDay) -> None:
    with lender.copy(day.url) as url, opened(url) as source:
        for statement in NAMESAKES:
            plant(source, planted("{approved}", statement), day.names)
            assert "adjustment_by_two" in {each.check for each in check.check(source)}
