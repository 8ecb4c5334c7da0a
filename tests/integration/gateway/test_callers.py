"""Who comes in: keys, roles, rates, and what happens while `members` is away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from loyalty.members.v1 import members_pb2
from loyalty.rewards.v1 import rewards_pb2

from gateway.app import create_app
from gateway.config import Config
from gateway.policy import POLICY, Role
from kit import apikey
from kit.errors import NotFound, Unauthenticated, Unavailable
from tests.fixtures.suite import Answer, Caller, sale
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import MEMBER_ID, Gateway, Puppets, member, open_gateway


class ApiKeyRevoked(Unauthenticated):
    """The key was good once."""

    reason = "API_KEY_REVOKED"


class MemberNotFound(NotFound):
    """What `members` says of an identifier that no member has."""

    reason = "MEMBER_NOT_FOUND"


class DatabaseUnavailable(Unavailable):
    """What `members` says while its database is away."""

    reason = "DATABASE_UNAVAILABLE"


def test_a_request_without_a_key_is_challenged(gateway: Gateway) -> None:
    answer = Caller(gateway.url, "").get("/v1/rewards")
    assert is_problem(answer, 401, "API_KEY_MISSING")
    assert answer.headers["www-authenticate"] == 'Bearer realm="wafa"'


@pytest.mark.parametrize("header", ["Basic dGlsbDp0aWxs", "Bearer", "Bearer ", "nonsense"])
def test_other_schemes_are_challenged(gateway: Gateway, header: str) -> None:
    answer = Caller(gateway.url, "").get("/v1/rewards", Authorization=header)
    assert is_problem(answer, 401, "API_KEY_MISSING")


def test_a_mistyped_key_costs_no_call(gateway: Gateway, puppets: Puppets) -> None:
    key = gateway.caller("till").api_key
    answer = Caller(gateway.url, key[:-1] + ("A" if key[-1] != "A" else "B")).get("/v1/rewards")
    assert is_problem(answer, 401, "API_KEY_MALFORMED")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert puppets.asked == []


def test_an_unknown_key_is_refused_each_time_it_is_asked_for(gateway: Gateway, puppets: Puppets) -> None:
    stranger = Caller(gateway.url, apikey.make("till")[0])
    for _ in range(20):
        assert is_problem(stranger.get("/v1/rewards"), 401, "API_KEY_UNKNOWN")
    # Remembered, though for a moment alone.
    assert 1 <= len(puppets.requests("AuthenticateApiKey")) < 20


def test_an_address_that_sends_many_unknown_keys_is_held_off_and_known_keys_from_there_are_not(
    puppets: Puppets,
) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    with open_gateway(puppets, unknown_keys_per_min=3, key_fresh_s=0) as gateway:
        known = gateway.caller("till")
        known.get("/v1/rewards").expect(200)
        strangers = [Caller(gateway.url, apikey.make("till")[0]) for _ in range(10)]
        answers = [stranger.get("/v1/rewards") for stranger in strangers]
        assert all(is_problem(answer, 401, "API_KEY_UNKNOWN") for answer in answers[:3])
        held_off = next(answer for answer in answers if answer.status == 429)
        assert is_problem(held_off, 429, "RATE_LIMITED")
        assert "3 unknown API keys in 60 s" in held_off.body["detail"]
        assert int(held_off.headers["retry-after"]) >= 1
        known.get("/v1/rewards").expect(200)


def test_behind_a_trusted_proxy_each_client_has_a_budget_of_its_own(puppets: Puppets) -> None:
    def ask(gateway: Gateway, client: str) -> int:
        stranger = Caller(gateway.url, apikey.make("till")[0])
        return stranger.get("/v1/rewards", X_Forwarded_For=client).status

    with open_gateway(puppets, unknown_keys_per_min=1, trusted_proxies="127.0.0.0/8") as gateway:
        assert [ask(gateway, "203.0.113.1"), ask(gateway, "203.0.113.1"), ask(gateway, "203.0.113.2")] == [
            401,
            429,
            401,
        ]
    with open_gateway(puppets, unknown_keys_per_min=1) as gateway:
        assert [ask(gateway, "203.0.113.1"), ask(gateway, "203.0.113.2")] == [401, 429]


def test_look_ups_of_identifiers_have_a_quota_of_their_own(puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    puppets.says["ResolveMember"] = puppets.says["Enrol"] = puppets.says["AddIdentifier"] = MemberNotFound("none")
    phone = {"identifier": {"kind": "phone", "value": "+923001234567"}}
    asks: list[Callable[[Caller], Answer]] = [
        lambda caller: caller.post("/v1/members/resolve", phone),
        lambda caller: caller.post("/v1/members", {"identifiers": [phone["identifier"]]}),
        lambda caller: caller.post(f"/v1/members/{MEMBER_ID}/identifiers", phone),
        lambda caller: caller.post("/v1/purchases", sale(member=phone)),
        lambda caller: caller.post("/v1/purchases/preview", sale(member=phone)),
    ]
    with open_gateway(puppets, app_lookups_per_min=2) as gateway:
        for ask in asks:
            caller = gateway.caller("app")
            assert [ask(caller).status for _ in range(2)] == [404, 404]
            refused = ask(caller)
            assert is_problem(refused, 429, "RATE_LIMITED")
            assert "2 look-ups of identifiers in 60 s" in refused.body["detail"]
            assert '"app-lookups";r=0' in refused.headers["ratelimit"]
            caller.get("/v1/rewards").expect(200)


def test_members_is_asked_by_the_hash_and_not_each_time(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    caller = gateway.caller("till")
    assert [caller.get("/v1/rewards").status for _ in range(20)] == [200] * 20
    asked = [each.key_hash for each in puppets.requests("AuthenticateApiKey")]
    assert set(asked) == {apikey.hash_of(caller.api_key)}
    assert len(asked) < 20


def test_a_known_key_is_let_in_while_members_is_away_and_a_new_one_is_not(puppets: Puppets) -> None:
    with open_gateway(puppets, key_fresh_s=0) as gateway:
        puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
        known, unknown = gateway.caller("till"), gateway.caller("till")
        known.get("/v1/rewards").expect(200)
        puppets.says["AuthenticateApiKey"] = DatabaseUnavailable("the service cannot reach its database, try again")
        known.get("/v1/rewards").expect(200)
        answer = unknown.get("/v1/rewards")
        assert is_problem(answer, 503, "DATABASE_UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"
        gateway.members.stop(0)
        known.get("/v1/rewards").expect(200)
        assert is_problem(unknown.get("/v1/rewards"), 503, "SERVICE_UNAVAILABLE")


def test_a_revoked_key_is_noticed_when_it_is_no_longer_fresh_and_not_let_in_afterwards(puppets: Puppets) -> None:
    with open_gateway(puppets, key_fresh_s=0) as gateway:
        puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
        caller = gateway.caller("till")
        caller.get("/v1/rewards").expect(200)
        puppets.says["AuthenticateApiKey"] = ApiKeyRevoked("this API key was revoked")
        assert is_problem(caller.get("/v1/rewards"), 401, "API_KEY_REVOKED")
        puppets.says["AuthenticateApiKey"] = DatabaseUnavailable("the service cannot reach its database, try again")
        # Remembered as revoked for a moment, and then unknown until somebody can say.
        assert caller.get("/v1/rewards").status in {401, 503}


def test_no_key_is_trusted_longer_than_a_minute_while_members_is_there() -> None:
    assert Config().key_fresh_s <= 60
    assert Config().identifier_fresh_s <= 60


def roles_of_routes() -> list[tuple[str, str, str, bool]]:
    """Method, path, role and whether the table lets it in, for each route of the app and each role."""
    found = []
    for rule in create_app(Config()).url_map.iter_rules():
        access = POLICY[rule.endpoint]
        if access.public:
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", MEMBER_ID)
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        found += [(method, path, role.value, role in access.roles) for role in Role]
    return sorted(found)


@pytest.fixture(scope="session")
def keys(shared_gateway: Gateway) -> Callable[[str], Caller]:
    known = {role.value: apikey.make(role.value)[0] for role in Role}

    def caller(role: str) -> Caller:
        shared_gateway.puppets.roles[apikey.hash_of(known[role])] = role
        return Caller(shared_gateway.url, known[role])

    return caller


@pytest.mark.parametrize(("method", "path", "role", "allowed"), roles_of_routes())
def test_each_role_passes_where_the_table_says_so_and_nowhere_else(
    gateway: Gateway, keys: Callable[[str], Caller], method: str, path: str, role: str, allowed: bool
) -> None:
    # A body that no route takes: whoever is let in is told so, and nothing reaches a service.
    answer = keys(role).ask(method, f"{path}?unknown=1", b"[]", headers={"If-Match": "*"})
    refused = (answer.status, answer.reason) == (403, "ROLE_NOT_ALLOWED")
    assert refused is not allowed, (answer.status, answer.body)


def test_a_till_sees_masked_identifiers_and_a_first_name(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetMember"] = members_pb2.GetMemberResponse(member=member())
    body = gateway.caller("till").get(f"/v1/members/{MEMBER_ID}").expect(200)
    assert body["profile"] == {"given_name": "Amna", "family_name": None, "birth_date": None, "language": None}
    assert [(each["value"], each["masked_value"]) for each in body["identifiers"]] == [(None, "•••• 4567")]


@pytest.mark.parametrize("role", ["app", "staff", "admin"])
def test_others_see_the_whole_member(gateway: Gateway, puppets: Puppets, role: str) -> None:
    puppets.says["GetMember"] = members_pb2.GetMemberResponse(member=member())
    body = gateway.caller(role).get(f"/v1/members/{MEMBER_ID}").expect(200)
    assert (body["profile"]["family_name"], body["identifiers"][0]["value"]) == ("Siddiqui", "+923001234567")


def test_a_key_that_asks_too_often_is_told_when_to_come_back(puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    with open_gateway(puppets, till_requests_per_s=2) as gateway:
        caller, other = gateway.caller("till"), gateway.caller("till")
        first = caller.get("/v1/rewards")
        assert (first.headers["ratelimit-policy"], first.headers["ratelimit"]) == ('"till";q=2;w=1', '"till";r=1;t=1')
        answer = next(found for found in (caller.get("/v1/rewards") for _ in range(20)) if found.status != 200)
        assert is_problem(answer, 429, "RATE_LIMITED")
        assert (answer.headers["retry-after"], answer.headers["ratelimit"]) == ("1", '"till";r=0;t=1')
        other.get("/v1/rewards").expect(200)


def test_rates_are_counted_in_redis_for_all_processes(puppets: Puppets, redis_url: str) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    settings = {"redis_url": redis_url, "redis_timeout_ms": 5_000, "till_requests_per_s": 3}
    with open_gateway(puppets, **settings) as one, open_gateway(puppets, **settings) as other:
        caller = one.caller("till")
        twin = Caller(other.url, caller.api_key)
        statuses = [found.get("/v1/rewards").status for _ in range(10) for found in (caller, twin)]
        assert 429 in statuses[:8]


def test_a_dead_redis_fails_no_request(puppets: Puppets) -> None:
    puppets.says["ListRewards"] = rewards_pb2.ListRewardsResponse()
    with open_gateway(puppets, redis_url="redis://127.0.0.1:1/0", till_requests_per_s=7) as gateway:
        answer = gateway.caller("till").get("/v1/rewards")
        assert (answer.status, answer.headers["ratelimit"]) == (200, '"till";r=6;t=1')
