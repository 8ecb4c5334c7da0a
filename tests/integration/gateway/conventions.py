"""What every request carries and every problem says."""

from __future__ import annotations

from tests.fixtures.suite import Answer

ENROLMENT = {"identifiers": [{"kind": "card", "value": "C-1"}]}


def is_problem(answer: Answer, status: int, reason: str) -> bool:
    body = answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:wafa:problem:{body['reason'].lower().replace('_', '-')}"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert {"title", "detail", "metadata"} <= body.keys()
    assert (answer.status, body["status"], body["reason"]) == (status, status, reason), body
    return True
