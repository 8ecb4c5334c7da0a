"""What callers may rely on at every route: keys, versions, pages, names, sizes and types."""

from __future__ import annotations

import pytest
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import ledger_pb2
from loyalty.rewards.v1 import rewards_pb2

from gateway.app import create_app
from gateway.config import Config
from gateway.policy import POLICY, Needs
from tests.integration.gateway.conventions import ENROLMENT, is_problem
from tests.integration.gateway.stage import MEMBER_ID, PROGRAM_ID, Gateway, Puppets, member

CHANGE = {"profile": {"given_name": "Amna"}}


def writes() -> list[tuple[str, str, str]]:
    """Method, path and needed role of every write in the policy table."""
    found = []
    for rule in create_app(Config()).url_map.iter_rules():
        access = POLICY[rule.endpoint]
        if Needs.KEY in access.needs:
            path = rule.rule
            for argument in rule.arguments:
                path = path.replace(f"<{argument}>", MEMBER_ID)
            method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            found.append((method, path, sorted(role.value for role in access.roles)[0]))
    return sorted(found)


@pytest.mark.parametrize(("method", "path", "role"), writes())
def test_every_write_needs_an_idempotency_key(gateway: Gateway, method: str, path: str, role: str) -> None:
    answer = gateway.caller(role).ask(method, path, {}, key="")
    assert is_problem(answer, 400, "IDEMPOTENCY_KEY_MISSING")


@pytest.mark.parametrize("key", ["x" * 256, "with blank", "émile"])
def test_an_idempotency_key_is_255_visible_ascii_characters_at_the_most(gateway: Gateway, key: str) -> None:
    assert is_problem(gateway.caller("app").post("/v1/members", ENROLMENT, key=key), 400, "IDEMPOTENCY_KEY_INVALID")


def test_the_idempotency_key_and_the_program_of_the_api_key_reach_the_service(
    gateway: Gateway, puppets: Puppets
) -> None:
    puppets.says["Enrol"] = members_pb2.EnrolResponse(member=member())
    answer = gateway.caller("app").post("/v1/members", ENROLMENT, key="k" * 255)
    request = puppets.requests("Enrol")[0]
    assert (answer.status, request.request_id, request.program_id) == (201, "k" * 255, PROGRAM_ID)


def test_a_replayed_answer_says_so(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["Enrol"] = members_pb2.EnrolResponse(member=member())
    caller = gateway.caller("app")
    assert not caller.post("/v1/members", ENROLMENT).replayed
    puppets.replays.add("Enrol")
    assert caller.post("/v1/members", ENROLMENT).replayed


def test_a_member_carries_its_version_as_etag_and_a_new_one_its_place(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["Enrol"] = members_pb2.EnrolResponse(member=member(version=7))
    answer = gateway.caller("app").post("/v1/members", ENROLMENT)
    assert (answer.headers["etag"], answer.headers["location"]) == ('"7"', f"/v1/members/{MEMBER_ID}")


@pytest.mark.parametrize(("if_match", "expected"), [('"3"', 3), ("*", 0), (f'"{2**63 - 1}"', 2**63 - 1)])
def test_if_match_becomes_the_expected_version(
    gateway: Gateway, puppets: Puppets, if_match: str, expected: int
) -> None:
    puppets.says["UpdateMember"] = members_pb2.UpdateMemberResponse(member=member())
    answer = gateway.caller("app").ask("PATCH", f"/v1/members/{MEMBER_ID}", CHANGE, headers={"If-Match": if_match})
    assert (answer.status, puppets.requests("UpdateMember")[0].expected_version) == (200, expected)


@pytest.mark.parametrize(
    ("if_match", "status", "reason"),
    [
        ("", 428, "PRECONDITION_REQUIRED"),
        ("3", 400, "IF_MATCH_INVALID"),
        ('"3", "4"', 400, "IF_MATCH_INVALID"),
        ('W/"3"', 412, "VERSION_MISMATCH"),
        ('"0"', 412, "VERSION_MISMATCH"),
        ('"abc"', 412, "VERSION_MISMATCH"),
        (f'"{2**63}"', 412, "VERSION_MISMATCH"),
    ],
)
def test_an_edit_without_a_good_if_match_is_refused(gateway: Gateway, if_match: str, status: int, reason: str) -> None:
    headers = {"If-Match": if_match} if if_match else {}
    answer = gateway.caller("app").ask("PATCH", f"/v1/members/{MEMBER_ID}", CHANGE, headers=headers)
    assert is_problem(answer, status, reason)


def test_pages_link_to_the_next_and_keep_the_rest_of_the_query(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ListEntries"] = ledger_pb2.ListEntriesResponse(next_page_token="abc-_")
    path = f"/v1/members/{MEMBER_ID}/entries"
    answer = gateway.caller("app").get(f"{path}?limit=7&cursor=older&wallet=miles")
    asked = puppets.requests("ListEntries")[0]
    assert (asked.page_size, asked.page_token, asked.wallet) == (7, "older", "miles")
    assert answer.body == {"items": [], "next_cursor": "abc-_"}
    assert answer.headers["link"] == f'<{path}?limit=7&cursor=abc-_&wallet=miles>; rel="next"'


def test_the_last_page_links_nowhere(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    answer = gateway.caller("till").get("/v1/rewards")
    assert (answer.body["next_cursor"], "link" in answer.headers) == (None, False)
    assert puppets.requests("ListRewards")[0].page_size == 50


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=ten", "cursor=%00", "colour=red"])
def test_a_page_that_cannot_be_is_refused(gateway: Gateway, query: str) -> None:
    answer = gateway.caller("till").get(f"/v1/rewards?{query}")
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert answer.body["errors"][0]["field"] == query.partition("=")[0]


def test_the_callers_request_id_comes_back_and_travels_on_with_the_trace(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = gateway.caller("till").get("/v1/rewards", X_Request_Id="till-4/17", traceparent=trace)
    metadata = puppets.asked[-1].metadata
    assert answer.headers["x-request-id"] == "till-4/17"
    assert (metadata["x-request-id"], metadata["traceparent"]) == ("till-4/17", trace)
    assert len(metadata["wafa-caller-id"]) == 36


@pytest.mark.parametrize("name", ["", "with blank", "x" * 129])
def test_a_request_id_that_cannot_stand_in_a_log_is_replaced(gateway: Gateway, name: str) -> None:
    answer = gateway.caller("till").get("/v1/nowhere", X_Request_Id=name, traceparent="nonsense")
    assert answer.headers["x-request-id"] not in {"", name}


def test_paths_and_methods_that_do_not_exist_are_problems(gateway: Gateway) -> None:
    caller = gateway.caller("till")
    assert is_problem(caller.get("/v1/nowhere"), 404, "ROUTE_NOT_FOUND")
    assert is_problem(caller.get("/v1/members/"), 404, "ROUTE_NOT_FOUND")
    answer = caller.delete("/v1/rewards")
    assert is_problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert is_problem(caller.ask("OPTIONS", "/v1/rewards"), 405, "METHOD_NOT_ALLOWED")


def test_a_body_that_is_too_long_is_a_problem(gateway: Gateway) -> None:
    answer = gateway.caller("app").post("/v1/members", b'"' + b"x" * 1_048_576 + b'"')
    assert is_problem(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/purchases/preview", "/v1/returns", "/v1/exchanges"])
def test_the_body_of_a_receipt_may_be_longer_than_others_and_not_without_end(gateway: Gateway, path: str) -> None:
    caller = gateway.caller("till")
    assert is_problem(caller.post(path, b'["' + b"x" * 2_000_000 + b'"]'), 422, "INVALID_FIELD")
    assert is_problem(caller.post(path, b'"' + b"x" * 4_194_304 + b'"'), 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}, {"Content-Encoding": "gzip"}],
)
def test_a_body_of_another_kind_is_a_problem(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = gateway.caller("app").ask("POST", "/v1/members", b"{}", headers=headers)
    assert is_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'"\\ud800"'])
def test_a_body_that_is_not_json_is_a_problem(gateway: Gateway, body: bytes) -> None:
    assert is_problem(gateway.caller("app").post("/v1/members", body), 400, "MALFORMED_JSON")


@pytest.mark.parametrize("unit", [b"? ", b"[", b"{a: ", b"- "])
def test_a_document_that_only_goes_down_is_a_problem(gateway: Gateway, unit: bytes) -> None:
    headers = {"Content-Type": "application/yaml"}
    body = unit * (1_000_000 // len(unit))
    answer = gateway.caller("admin").ask("POST", "/v1/earning-rules:import", body, headers=headers)
    assert is_problem(answer, 400, "MALFORMED_YAML")


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'{"a": {"b": [{"c": 1, "\\u0063": 2}]}}'])
def test_a_field_that_stands_twice_is_a_problem_that_names_it(gateway: Gateway, body: bytes) -> None:
    answer = gateway.caller("app").post("/v1/members", body)
    assert is_problem(answer, 400, "MALFORMED_JSON")
    assert "stands twice" in answer.body["detail"]


@pytest.mark.parametrize("body", [b"[]", b"null", b'"{}"', b"1"])
def test_a_body_that_is_no_object_is_a_problem(gateway: Gateway, body: bytes) -> None:
    assert is_problem(gateway.caller("app").post("/v1/members", body), 422, "INVALID_FIELD")


def test_an_id_that_is_no_uuid_is_named(gateway: Gateway) -> None:
    answer = gateway.caller("till").get("/v1/members/42")
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == ["member_id"]


def test_a_body_may_be_left_out_where_nothing_in_it_is_required(gateway: Gateway, puppets: Puppets) -> None:
    hold = ledger_pb2.Hold(state=ledger_pb2.HOLD_STATE_RELEASED)
    puppets.says["ReleaseHold"] = ledger_pb2.ReleaseHoldResponse(hold=hold)
    answer = gateway.caller("till").post(f"/v1/members/{MEMBER_ID}/holds/{MEMBER_ID}/release")
    assert (answer.status, answer.body["hold"]["state"]) == (200, "released")


def test_no_answer_may_be_cached(gateway: Gateway) -> None:
    assert gateway.caller("till").get("/v1/nowhere").headers["cache-control"] == "no-store"
