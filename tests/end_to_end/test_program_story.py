"""A brand keeps its rules in a file beside its code: exported, changed, compared, brought back, carried elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import yaml

from tests.fixtures.suite import Caller, Program, sale
from tests.fixtures.waiting import wait_until

TERMS = {"name": "base", "points": 1, "per_amount_minor": 100, "currency": "GBP", "starts_at": "2020-01-01T00:00:00Z"}


def sent(caller: Caller, path: str, text: str, content_type: str = "application/yaml") -> tuple[int, Any]:
    """The status and the body of a document's way in."""
    answer = caller.ask("POST", path, text.encode(), headers={"Content-Type": content_type})
    return answer.status, answer.body


def exported(caller: Caller, query: str = "", accept: str = "application/yaml") -> str:
    answer = caller.get(f"/v1/earning-rules:export{query}", accept=accept)
    assert answer.headers["content-type"].partition(";")[0] == (accept if not query else "application/yaml")
    body = answer.expect(200)
    return body.decode() if isinstance(body, bytes) else orjson.dumps(body).decode()


@pytest.fixture
def rule_id(program: Program) -> str:
    rule = program.admin.post("/v1/earning-rules", {"terms": TERMS}).expect(201)
    program.admin.post(f"/v1/earning-rules/{rule['rule_id']}/activate").expect(200)
    return str(rule["rule_id"])


def test_rules_are_kept_in_a_file_and_brought_back(program: Program, rule_id: str) -> None:
    admin = program.admin
    file = exported(admin)
    assert file.startswith("# The earning rules")
    assert yaml.safe_load(file)["rules"][0]["terms"]["points"] == 1

    changed = file.replace("points: 1\n", "points: 3\n")
    status, diff = sent(admin, "/v1/earning-rules:import", changed)
    assert (status, diff["dry_run"], diff["drafts"]) == (200, True, [])
    assert diff["changes"] == [
        {"key": "base", "kind": "changed", "fields": [{"field": "points", "before": 1, "after": 3}]}
    ]
    assert len(admin.get(f"/v1/earning-rules/{rule_id}").expect(200)["versions"]) == 1

    status, done = sent(admin, "/v1/earning-rules:import?dry_run=false", changed)
    assert (status, done["changes"]) == (200, diff["changes"])
    assert done["drafts"] == [{"key": "base", "rule_id": rule_id, "version": 2}]
    _, again = sent(admin, "/v1/earning-rules:import?dry_run=false", changed)
    assert (again["changes"], again["drafts"]) == ([], [])

    # A draft earns nothing, and the document of what earns is as it was.
    bought = program.till.post("/v1/purchases", sale(member_id=program.member()["member_id"])).expect(201)
    assert bought["purchase"]["points_earned"] == 100
    assert exported(admin) == file
    assert yaml.safe_load(exported(admin, "?drafts=true")) == yaml.safe_load(changed)
    admin.post(f"/v1/earning-rules/{rule_id}/activate").expect(200)
    assert admin.post("/v1/earning-rules:diff", {"after": yaml.safe_load(changed)}, key="").expect(200) == {
        "changes": []
    }


def test_json_and_yaml_say_the_same(program: Program, rule_id: str) -> None:
    file, data = exported(program.admin), exported(program.admin, accept="application/json")
    assert yaml.safe_load(file) == orjson.loads(data)
    assert exported(program.admin, "?format=yaml") == file
    status, diff = sent(program.admin, "/v1/earning-rules:import", data, "application/json")
    assert (status, diff["changes"]) == (200, [])
    both = yaml.safe_dump({"before": yaml.safe_load(file), "after": {"rules": []}})
    assert sent(program.staff, "/v1/earning-rules:diff", both) == (
        200,
        {"changes": [{"key": "base", "kind": "removed", "fields": []}]},
    )
    assert rule_id


def test_another_brand_begins_with_the_same_rules(program: Program, rule_id: str) -> None:
    other = program.suite.new_program()
    status, done = sent(other.admin, "/v1/earning-rules:import?dry_run=false", exported(program.admin))
    assert (status, [draft["key"] for draft in done["drafts"]]) == (200, ["base"])
    assert done["drafts"][0]["rule_id"] != rule_id
    other.admin.post(f"/v1/earning-rules/{done['drafts'][0]['rule_id']}/activate").expect(200)
    assert exported(other.admin) == exported(program.admin)


def bad(**terms: object) -> dict[str, object]:
    return {"key": "bad", "terms": {**TERMS, **terms}}


def test_what_is_wrong_is_named_by_its_path_and_keeps_all_out(program: Program) -> None:
    good = {"key": "good", "terms": TERMS}
    wrong: list[tuple[object, str]] = [
        ([good, bad(factor={"numerator": 3, "denominator": 2})], "rules[1].terms.factor"),
        ([good, bad(condition="purchase.hour")], "rules[1].terms.condition"),
        ([good, bad(point=1)], "rules[1].terms.point"),
        ([good, bad(points="1")], "rules[1].terms.points"),
        ([good, good], "rules[1].key"),
        ([{"key": "Bad", "terms": TERMS}], "rules[0].key"),
    ]
    for rules, field in wrong:
        # JSON is YAML, too; a library that writes YAML would put aliases for what stands there twice.
        text = orjson.dumps({"rules": rules}).decode()
        status, problem = sent(program.admin, "/v1/earning-rules:import?dry_run=false", text)
        assert (status, problem["reason"]) == (422, "INVALID_FIELD")
        assert [each["field"] for each in problem["errors"]] == [field]
    status, problem = sent(program.admin, "/v1/earning-rules:import", "rules: &a [*a]")
    assert (status, problem["reason"]) == (400, "MALFORMED_YAML")
    # Elsewhere a body is JSON.
    status, problem = sent(program.admin, "/v1/earning-rules", "terms: {}")
    assert (status, problem["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert program.admin.get("/v1/earning-rules").expect(200)["items"] == []


def test_rules_are_rehearsed_on_what_was_sold_before_anybody_publishes_them(program: Program, rule_id: str) -> None:
    assert rule_id
    now = datetime.now(UTC)
    member_id = program.member()["member_id"]
    bought = program.till.post("/v1/purchases", sale(member_id=member_id)).expect(201)["purchase"]
    assert bought["points_earned"] == 100
    body = {
        "rules": [{"key": "base", "terms": {**TERMS, "points": 3}}],
        "occurred_from": (now - timedelta(days=30)).isoformat(),
        "occurred_until": (now + timedelta(days=30)).isoformat(),
        "value_minor": 1,
        "per_points": 2,
    }
    begun = program.admin.post("/v1/earning-rules:rehearse", body)
    path = begun.headers["location"]
    assert begun.expect(201)["rehearsal_id"] in path
    wait_until(lambda: program.staff.get(path).expect(200)["state"] != "running", what="the rehearsal is over")
    found = program.staff.get(path).expect(200)
    assert found["state"] == "done"
    told = {name: found[name] for name in ("purchases", "changed", "members", "given", "would_give", "cost_minor")}
    assert told == {
        "purchases": 1,
        "changed": 1,
        "members": 1,
        "given": 100,
        "would_give": 300,
        "cost_minor": 100,
    }
    assert found["rules"] == [{"key": "base", "given": 100, "would_give": 300, "purchases": 1}]
    assert found["top"][0]["purchase_id"] == bought["purchase_id"]
    assert program.account(member_id)["posted"] == 100
