"""Accounts, entries and holds on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from loyalty.points.v1 import accounts_pb2 as pb
from loyalty.points.v1 import ledger_pb2

from kit.convert import timestamp_of
from kit.page import Page
from services.points.convert.common import AMOUNT_MAX, EXPIRY_DAYS_MAX
from services.points.convert.ledger import accounts as convert
from services.points.convert.ledger import holds
from services.points.convert.ledger.holds import HOLD_TIMEOUT_S_DEFAULT, HOLD_TIMEOUT_S_MAX
from services.points.domain.commands import AdjustmentAnswer
from services.points.domain.earning.sentences import entry_sentence
from services.points.domain.ledger.accounts import AccountView, Cause, Entry, EntryKind, HoldState
from services.points.domain.ledger.holds import HoldAnswer
from tests.fixtures.pages import with_token
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import (
    NOT_A_KEY,
    NOT_A_LINE,
    NOT_A_UUID,
    cases,
    changed,
    expect_refused,
    length,
    outside,
)
from tests.unit.services.points.domain.opened import KEY, NOW, a_hold, a_lot, an_earning

WHOSE: dict[str, list[Any]] = {"program_id": NOT_A_UUID, "member_id": NOT_A_UUID}
WALLET: dict[str, list[Any]] = {"wallet": ["   ", *length(50, least=0)]}
KEYED: dict[str, list[Any]] = {**WHOSE, "request_id": NOT_A_KEY}
OF_A_HOLD: dict[str, list[Any]] = {**KEYED, "hold_id": NOT_A_UUID}

REQUESTS: dict[str, tuple[Callable[[Any], object], Callable[[], Message], dict[str, list[Any]]]] = {
    "GetAccount": (convert.get_account, requests.get_account, {**WHOSE, **WALLET}),
    "ListEntries": (
        convert.list_entries,
        requests.list_entries,
        {**WHOSE, **WALLET, "page_size": outside(0, 200), "page_token": ["x", "ü"]},
    ),
    "PlaceHold": (
        holds.place_hold,
        requests.place_hold,
        {
            **KEYED,
            **WALLET,
            "amount": outside(1, AMOUNT_MAX),
            "timeout_s": outside(0, HOLD_TIMEOUT_S_MAX),
            "reference": length(100, least=0),
        },
    ),
    "CaptureHold": (holds.capture_hold, requests.capture_hold, {**OF_A_HOLD, "amount": outside(0, AMOUNT_MAX)}),
    "ReleaseHold": (holds.release_hold, requests.release_hold, OF_A_HOLD),
    "ReverseCapture": (
        holds.reverse_capture,
        requests.reverse_capture,
        {**OF_A_HOLD, "reason": [*NOT_A_LINE, *length(500)], "amount": outside(0, AMOUNT_MAX)},
    ),
    "GetHold": (holds.get_hold, requests.get_hold, {**WHOSE, "hold_id": NOT_A_UUID}),
    "AdjustPoints": (
        convert.adjust_points,
        requests.adjust_points,
        {
            **KEYED,
            **WALLET,
            "amount": [0, *outside(-AMOUNT_MAX, AMOUNT_MAX)],
            "reason": [*NOT_A_LINE, *length(500)],
            "actor": [*NOT_A_LINE, *length(100)],
            "expiry_days": outside(0, EXPIRY_DAYS_MAX),
            "qualifying": [],
        },
    ),
}


@pytest.mark.parametrize(
    ("rpc", "path", "value"),
    [
        pytest.param(rpc, *case.values, id=f"{rpc}-{case.id}")
        for rpc, (_, _, bounds) in REQUESTS.items()
        for case in cases(bounds)
    ],
)
def test_a_request_names_what_is_wrong(rpc: str, path: str, value: Any) -> None:
    read, request, _ = REQUESTS[rpc]
    expect_refused(read, changed(request(), path, value), path)


@pytest.mark.parametrize("rpc", REQUESTS)
def test_every_field_of_a_request_has_bounds(rpc: str) -> None:
    _, request, bounds = REQUESTS[rpc]
    assert {field.name for field in request().DESCRIPTOR.fields} == bounds.keys()


@pytest.mark.parametrize(
    "token", [["2²"], ["²"], ["9" * 19], ["-1"], [""], ["1", "1"], [1], [{"1": 1}], [None], []], ids=str
)
def test_a_page_token_that_the_list_did_not_give_is_refused(token: list[object]) -> None:
    expect_refused(convert.list_entries, with_token(requests.list_entries(), *token), "page_token")


def test_points_that_are_taken_do_not_expire() -> None:
    request = requests.adjust_points(amount=-1)
    request.expiry_days = 1
    expect_refused(convert.adjust_points, request, "expiry_days")


def test_the_bounds_themselves_are_within() -> None:
    for amount in (-AMOUNT_MAX, -1, 1, AMOUNT_MAX):
        assert convert.adjust_points(requests.adjust_points(amount=amount)).amount == amount
    for amount in (1, AMOUNT_MAX):
        assert holds.place_hold(requests.place_hold(amount=amount)).amount == amount
    for amount in (0, AMOUNT_MAX):
        assert holds.capture_hold(requests.capture_hold(amount=amount)).amount == amount


def test_what_is_not_said_has_a_default() -> None:
    request = requests.place_hold()
    request.timeout_s = 0
    command = holds.place_hold(request)
    assert (command.timeout_s, command.wallet) == (HOLD_TIMEOUT_S_DEFAULT, "points")
    assert convert.get_account(requests.get_account())[2] == "points"


def test_commands_say_what_the_requests_said() -> None:
    placed = requests.place_hold(amount=7)
    placed.wallet = "stars"
    command = holds.place_hold(placed)
    assert (str(command.program_id), command.request_id) == (placed.program_id, placed.request_id)
    assert (str(command.member_id), command.wallet) == (placed.member_id, "stars")
    assert (command.amount, command.timeout_s, command.reference) == (7, 600, "mug")

    reversal = requests.reverse_capture()
    reverse = holds.reverse_capture(reversal)
    assert (str(reverse.hold_id), reverse.reason) == (reversal.hold_id, "out of stock")

    adjustment = requests.adjust_points(amount=3)
    adjustment.expiry_days, adjustment.qualifying = 30, True
    adjust = convert.adjust_points(adjustment)
    assert (adjust.amount, adjust.reason, adjust.actor, adjust.expiry_days) == (3, "goodwill", "Amina", 30)
    assert adjust.qualifying


# ---- to the wire

VIEW = AccountView(KEY.member_id, "stars", posted=9, held=1, pending=2, available=-6, owed=3, version=4)


def test_an_account_has_all_its_numbers() -> None:
    assert convert.to_account(VIEW) == pb.Account(
        member_id=str(KEY.member_id), wallet="stars", posted=9, held=1, pending=2, available=-6, owed=3, version=4
    )


def test_an_entry_has_its_cause_and_its_sentence() -> None:
    causes = {
        "purchase_id": EntryKind.EARN,
        "return_id": EntryKind.RETURN,
        "hold_id": EntryKind.SPEND,
    }
    for name, kind in causes.items():
        cause = uuid.uuid4()
        named: dict[str, Any] = {name: cause}
        entry = Entry(KEY, 3, kind, -5, 10, Cause(**named), None, NOW, NOW + timedelta(seconds=1))
        told = convert.to_entry(entry)
        assert {field: getattr(told, field) for field in causes} == dict.fromkeys(causes, "") | {name: str(cause)}
        assert (told.version, told.amount, told.balance_after, told.corrects_version) == (3, -5, 10, 0)
        assert (told.occurred_at, told.recorded_at) == (
            timestamp_of(NOW),
            timestamp_of(NOW + timedelta(seconds=1)),
        )
        assert told.sentence == entry_sentence(entry)
        assert pb.EntryKind.Name(told.kind) == f"ENTRY_KIND_{kind.name}"
        assert not told.HasField("earning")


def test_a_correction_names_what_it_corrects_and_an_earn_what_it_was_given_for() -> None:
    cause = Cause(hold_id=uuid.uuid4(), corrects_version=2, reason="out of stock", actor="Amina")
    told = convert.to_entry(Entry(KEY, 3, EntryKind.REVERSAL, 5, 10, cause, None, NOW, NOW))
    assert (told.corrects_version, told.reason, told.actor) == (2, "out of stock", "Amina")
    earned = Entry(KEY, 3, EntryKind.EARN, 5, 10, Cause(purchase_id=uuid.uuid4()), an_earning(5), NOW, NOW)
    assert convert.to_entry(earned).earning.points == 5


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_of_entry_has_its_number(kind: EntryKind) -> None:
    entry = Entry(KEY, 1, kind, 5, 5, Cause(), None, NOW, NOW)
    page = convert.list_entries_response(Page((entry,), "next"))
    assert pb.EntryKind.Name(page.entries[0].kind) == f"ENTRY_KIND_{kind.name}"
    assert page.next_page_token == "next"
    assert convert.adjust_points_response(AdjustmentAnswer(entry, VIEW)).entry == page.entries[0]


@pytest.mark.parametrize(
    "respond",
    [
        holds.place_hold_response,
        holds.capture_hold_response,
        holds.release_hold_response,
        holds.reverse_capture_response,
    ],
)
@pytest.mark.parametrize("state", HoldState)
def test_a_hold_has_its_life(state: HoldState, respond: Any) -> None:
    hold = replace(a_hold((a_lot(9), 7)), reference="mug", captured=4, state=state)

    told = respond(HoldAnswer(hold, VIEW))

    assert told.account == convert.to_account(VIEW)
    assert (told.hold.hold_id, told.hold.member_id) == (str(hold.hold_id), str(KEY.member_id))
    assert (told.hold.amount, told.hold.captured, told.hold.reference) == (7, 4, "mug")
    assert ledger_pb2.HoldState.Name(told.hold.state) == f"HOLD_STATE_{state.name}"
    assert (told.hold.placed_at, told.hold.expires_at) == (timestamp_of(hold.placed_at), timestamp_of(hold.expires_at))
    assert not told.hold.HasField("ended_at")
    assert not told.hold.reversed


def test_a_hold_that_ended_and_was_reversed_says_so() -> None:
    told = holds.to_hold(replace(a_hold((a_lot(9), 7)), state=HoldState.CAPTURED, ended_at=NOW, reversed_at=NOW))
    assert (told.ended_at, told.reversed) == (timestamp_of(NOW), True)
