"""Whatever a caller sends, the answer is one that the OpenAPI document promises: no accident, no unknown status, no
unknown shape.

Requests are drawn from the document itself, valid ones and others; half of the ids in them are of things that exist.
"""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.app import create_app
from gateway.config import Config
from gateway.openapi import document_of
from gateway.policy import POLICY, Role
from tests.conftest import DEEP
from tests.fixtures.suite import Program, Suite, sale

EXAMPLES_MAX = int(os.environ.get("WAFA_CONTRACT_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What these are sent is what others are sent, or made of it: rules, purchases, rewards. Beside what is drawn, every
# place in a body is made too long, too short, absent and of another type, which comes to thousands of requests here.
MADE_OF_OTHERS = {
    "diff_earning_rules",
    "import_earning_rules",
    "preview_purchase",
    "record_exchange",
    "record_purchases",
    "rehearse_earning_rules",
    "revise_earning_rule",
    "update_reward",
}


def _schema(*, every_place: bool) -> Any:
    found = schemathesis.openapi.from_dict(orjson.loads(document_of(create_app(Config()))))
    found.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    found.config.phases.coverage.enabled = every_place
    return found


thorough, brief = _schema(every_place=True), _schema(every_place=False)


@dataclasses.dataclass(frozen=True)
class Stage:
    """A program in which something is of every kind, and a way to it that stays open."""

    program: Program
    ids: dict[str, str]
    session: requests.Session


@pytest.fixture(scope="module")
def stage(suite: Suite) -> Iterator[Stage]:
    program = suite.new_program()
    rule = program.rule()
    member = program.member("+447911123456")
    member_id = member["member_id"]
    program.gift(member_id, 100_000)
    purchase = program.till.post("/v1/purchases", sale(member_id=member_id)).expect(201)["purchase"]
    hold = program.till.post(f"/v1/members/{member_id}/holds", {"amount": 10}).expect(201)["hold"]
    reward = program.reward()
    redeemed = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward["reward_id"]}).expect(201)
    period = {"occurred_from": "2026-01-01T00:00:00Z", "occurred_until": "2026-02-01T00:00:00Z"}
    rehearsal = program.admin.post("/v1/earning-rules:rehearse", period).expect(201)
    # Beside the limit nobody meets: an admin asks, so that staff may approve.
    program.admin.put("/v1/program-policy", {"shortfall": "carry", "transfers": {}}).expect(200)
    gift = {"member_id": member_id, "recipient_id": program.member()["member_id"], "amount": 10}
    transfer = program.app.post("/v1/transfers", gift).expect(201)
    wish = {"member_id": member_id, "amount": 10, "reason": "delivery was late", "actor": "b.khan"}
    adjustment = program.admin.post("/v1/adjustments", wish).expect(201)
    happened = {
        "member": {"member_id": member_id},
        "kind": "visit",
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "source": "app",
        "activity_key": "visit-1",
    }
    activity = program.app.post("/v1/activities", happened).expect(201)["activity"]
    spare = program.admin.post("/v1/api-keys", {"name": "spare", "role": "till"}).expect(201)
    ids = {
        "transfer_id": transfer["transfer_id"],
        "adjustment_id": adjustment["adjustment_id"],
        "activity_id": activity["activity_id"],
        "identifier_id": member["identifiers"][0]["identifier_id"],
        "api_key_id": spare["api_key"]["api_key_id"],
        "rehearsal_id": rehearsal["rehearsal_id"],
        "rule_id": rule["rule_id"],
        "member_id": member_id,
        "purchase_id": purchase["purchase_id"],
        "hold_id": hold["hold_id"],
        "reward_id": reward["reward_id"],
        "redemption_id": redeemed["redemption_id"],
        "code": redeemed["voucher"]["code"],
    }
    with requests.Session() as session:
        # Five thousand times it would look through the environment for a proxy.
        session.trust_env = False
        yield Stage(program, ids, session)


def test_something_is_there_for_every_id_in_a_path(stage: Stage) -> None:
    document = orjson.loads(document_of(create_app(Config())))
    asked = {name for path in document["paths"] for name in re.findall(r"{(\w+)}", path)}
    assert asked == stage.ids.keys()
    admin, ids = stage.program.admin, stage.ids
    for path in ("/v1/transfers/{transfer_id}", "/v1/adjustments/{adjustment_id}", "/v1/activities/{activity_id}"):
        admin.get(path.format(**ids)).expect(200)


def test_what_is_made_of_others_is_there() -> None:
    assert set(OPERATION_IDS) >= MADE_OF_OTHERS


def real(stage: Stage, case: Case[Any]) -> None:
    """Puts things that exist in the place of half of those that do not; which half, the drawn ids decide."""
    for name, drawn in dict(case.path_parameters or {}).items():
        if name in stage.ids and sum(map(ord, str(drawn))) % 2:
            case.path_parameters[name] = stage.ids[name]


def role_for(operation_id: str) -> str:
    """A role that may do it, the least first."""
    lines = {endpoint.partition(".")[2]: access for endpoint, access in POLICY.items()}
    return next((role.value for role in Role if role in lines[operation_id].roles), "till")


def _test_of(operation_id: str) -> Any:
    schema = brief if operation_id in MADE_OF_OTHERS and not DEEP else thorough

    # Schemathesis draws by the random module in places; Hypothesis would rather it did not.
    @pytest.mark.filterwarnings("ignore:Do not use the .random. module:hypothesis.errors.HypothesisDeprecationWarning")
    @schema.include(operation_id=operation_id).parametrize()  # type: ignore[untyped-decorator]  # schemathesis has no types
    @settings(
        max_examples=EXAMPLES_MAX,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Case[Any], stage: Stage) -> None:
        real(stage, case)
        caller = stage.program.caller(role_for(operation_id))
        headers = {"Authorization": f"Bearer {caller.api_key}"}
        case.call_and_validate(base_url=caller.url, session=stage.session, headers=headers, checks=CHECKS, timeout=60)

    return attempt


# A name for each operation: pytest would give all of them one, and workers of a parallel run take them for one test.
OPERATION_IDS = [found.ok().definition.raw["operationId"] for found in thorough.get_all_operations()]
globals().update({f"test_{name}_answers_as_the_document_promises": _test_of(name) for name in OPERATION_IDS})
