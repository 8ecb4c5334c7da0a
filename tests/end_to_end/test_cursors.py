"""A cursor is taken by the list that gave it: with the same filters, for the same program and the same caller."""

from __future__ import annotations

import urllib.parse

import orjson
import pytest

from gateway.app import create_app
from gateway.config import Config
from gateway.openapi import document_of
from tests.fixtures.suite import Caller, Program

FILTERS = {"/v1/adjustments": "state=requested", "/v1/members/{member_id}/entries": "wallet=stars"}


@pytest.fixture
def filled(program: Program) -> tuple[Program, str]:
    """A program with two of everything that is listed, and the member that it is about."""
    program.admin.put("/v1/program-policy", {"shortfall": "carry", "transfers": {}}).expect(200)
    member_id, other_id = program.member()["member_id"], program.member()["member_id"]
    for number in range(2):
        program.rule(name=f"rule {number}")
        program.reward(name=f"reward {number}")
        program.gift(member_id, 100)
        program.app.post("/v1/transfers", {"member_id": member_id, "recipient_id": other_id, "amount": 1}).expect(201)
        wish = {"member_id": member_id, "amount": 10, "reason": "delivery was late", "actor": "b.khan"}
        program.admin.post("/v1/adjustments", wish).expect(201)
    return program, member_id


def lists(member_id: str) -> dict[str, str]:
    """Path and query of every list, by the path's template."""
    document = orjson.loads(document_of(create_app(Config())))
    found = {}
    for path, item in document["paths"].items():
        names = {each["name"] for each in item.get("get", {}).get("parameters", [])}
        if "cursor" in names:
            period = "&from=2026-01-01T00:00:00Z&to=2036-01-01T00:00:00Z" if "from" in names else ""
            found[path] = f"{path.format(member_id=member_id)}?limit=1{period}"
    return found


def test_every_list_takes_its_own_cursor_and_no_other(filled: tuple[Program, str]) -> None:
    program, member_id = filled
    urls = lists(member_id)
    assert len(urls) >= 8
    cursors = {path: urllib.parse.quote(cursor(program.admin, url)) for path, url in urls.items()}
    for path, url in urls.items():
        for giver, given in cursors.items():
            answer = program.admin.get(f"{url}&cursor={given}")
            if giver == path:
                assert answer.status == 200, (path, answer.body)
            else:
                refuses(program.admin, f"{url}&cursor={given}")


def test_a_cursor_is_refused_with_other_filters_and_from_another_caller(filled: tuple[Program, str]) -> None:
    program, member_id = filled
    other_key = Caller(program.admin.url, program.suite.new_key(program.program_id, "admin"))
    other_program = program.suite.new_program().admin
    for path, url in lists(member_id).items():
        given = urllib.parse.quote(cursor(program.admin, url))
        for caller in (other_key, other_program):
            refuses(caller, f"{url}&cursor={given}")
        if path in FILTERS:
            refuses(program.admin, f"{url}&{FILTERS[path]}&cursor={given}")
        if "to=2036" in url:
            refuses(program.admin, f"{url.replace('to=2036', 'to=2035')}&cursor={given}")


def cursor(caller: Caller, url: str) -> str:
    """What leads to the second page."""
    found: str = caller.get(url).expect(200)["next_cursor"]
    assert found, url
    return found


def refuses(caller: Caller, url: str) -> None:
    body = caller.get(url).expect(422)
    assert [each["field"] for each in body["errors"]] == ["cursor"], url
