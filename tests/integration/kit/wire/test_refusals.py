"""Every way of saying no, from a handler through a real server and channel to the one who asked."""

from collections.abc import Callable
from typing import cast

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub
from structlog.testing import capture_logs

from kit.call import Call
from kit.client import ServiceFailed, invoke
from kit.database import DatabaseContended, LostRaceError
from kit.errors import Exhausted, Invalid, Kind, Precondition, Refusal
from kit.idempotency import Outcome, answered
from kit.rpc import CallerMissing, call_of, reply
from kit.status import CODES
from tests.integration.kit.wire.subject import DEADLINE_MS, MEMBER_ID, METHOD, REQUEST, Answer, echo

CALL = Call(caller_id="till-4", correlation_id="c-1")

Stub = Callable[..., MembersServiceStub]


class JarEmpty(Precondition):
    """The jar is empty."""

    reason = "JAR_EMPTY"


class ShelfFull(Exhausted):
    """No jar fits any more."""

    reason = "SHELF_FULL"


def ask(stub: MembersServiceStub, call: Call = CALL) -> pb.GetMemberResponse:
    return invoke(stub.GetMember, REQUEST, call=call, deadline_ms=DEADLINE_MS).response


def raising(error: Exception) -> Answer:
    def answer(_request: pb.GetMemberRequest, _context: grpc.ServicerContext) -> pb.GetMemberResponse:
        raise error

    return answer


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: str(kind.value))
def test_a_refusal_arrives_as_it_was_said(stub_of: Stub, kind: Kind) -> None:
    said = Refusal.restore(kind, "JAR_ODD", "the jar of “quince” is odd", {"field": "jar", "retry_after_ms": "20"})

    with pytest.raises(Refusal) as heard:
        ask(stub_of(raising(said)))

    assert type(heard.value) is type(said)
    assert (heard.value.kind, heard.value.reason, heard.value.message, heard.value.metadata) == (
        kind,
        "JAR_ODD",
        "the jar of “quince” is odd",
        {"field": "jar", "retry_after_ms": "20"},
    )
    assert not heard.value.replayed
    assert isinstance(heard.value.__cause__, grpc.RpcError)
    assert heard.value.__cause__.code() is CODES[kind]


def test_each_kind_has_a_code_of_its_own() -> None:
    assert CODES.keys() == set(Kind)
    assert len(set(CODES.values())) == len(CODES)


def test_a_reached_bound_tells_any_grpc_client_when_to_come_back(stub_of: Stub) -> None:
    with pytest.raises(grpc.RpcError) as heard:
        stub_of(raising(ShelfFull("the shelf is full", retry_after_ms=1_500))).GetMember(REQUEST)

    status = rpc_status.from_call(cast("grpc.Call", heard.value))
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    assert retry.retry_delay.ToMilliseconds() == 1_500


def test_an_accident_becomes_fixed_words_and_its_truth_goes_to_the_log(stub_of: Stub) -> None:
    with capture_logs() as logs, pytest.raises(ServiceFailed) as heard:
        ask(stub_of(raising(RuntimeError("the shelf at 10.0.0.7 fell on anna@example.com"))))

    assert str(heard.value) == "INTERNAL: something went wrong on our side (request c-1)"
    (line,) = [line for line in logs if line["event"] == "rpc"]
    assert line["log_level"] == "error"
    assert "the shelf" in str(line["exc_info"])


def test_a_refusal_that_forgot_its_reason_is_an_accident_of_ours(stub_of: Stub) -> None:
    with capture_logs() as logs, pytest.raises(ServiceFailed, match="went wrong on our side"):
        ask(stub_of(raising(Exhausted("busy"))))

    assert [line["code"] for line in logs] == ["INTERNAL"]


def test_a_method_that_is_not_there_is_an_accident_too(stub_of: Stub) -> None:
    with capture_logs(), pytest.raises(ServiceFailed):
        invoke(stub_of(echo).ListPrograms, pb.ListProgramsRequest(), call=CALL, deadline_ms=DEADLINE_MS)


def test_nobody_asks_without_a_name(stub_of: Stub) -> None:
    def answer(_request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        call_of(context)
        raise AssertionError("not reached")

    with pytest.raises(Refusal) as heard:
        ask(stub_of(answer), Call(caller_id=""))

    assert (heard.value.kind, heard.value.reason) == (Kind.UNAUTHENTICATED, CallerMissing.reason)


def test_a_handler_that_lost_races_is_run_again_whole(stub_of: Stub) -> None:
    tries = []

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        tries.append(request.member_id)
        if len(tries) < 3:
            raise LostRaceError
        return echo(request, context)

    with capture_logs() as logs:
        assert ask(stub_of(answer)).member.member_id == MEMBER_ID

    assert tries == [MEMBER_ID] * 3
    assert [line["code"] for line in logs] == ["OK"]


def test_races_are_not_lost_for_ever(stub_of: Stub) -> None:
    with pytest.raises(Refusal) as heard:
        ask(stub_of(raising(LostRaceError())))

    assert (heard.value.kind, heard.value.reason) == (Kind.ABORTED, DatabaseContended.reason)


@pytest.mark.parametrize("replayed", [False, True])
def test_a_replayed_answer_is_marked(stub_of: Stub, replayed: bool) -> None:
    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        return reply(
            context,
            answered(request.member_id, replayed=replayed),
            lambda member_id: pb.GetMemberResponse(member=pb.Member(member_id=member_id)),
        )

    heard = invoke(stub_of(answer).GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)

    assert (heard.response.member.member_id, heard.replayed) == (MEMBER_ID, replayed)


@pytest.mark.parametrize("replayed", [False, True])
def test_a_replayed_refusal_is_marked(stub_of: Stub, replayed: bool) -> None:
    def answer(_request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        outcome = Outcome[str](None, JarEmpty("the jar is empty", left=0), replayed)
        return reply(context, outcome, lambda _: pb.GetMemberResponse())

    with pytest.raises(Precondition) as heard:
        ask(stub_of(answer))

    assert (heard.value.reason, heard.value.metadata, heard.value.replayed) == ("JAR_EMPTY", {"left": "0"}, replayed)


def test_an_rpc_leaves_one_line_that_says_who_asked_and_how_it_ended(stub_of: Stub) -> None:
    with capture_logs() as logs, pytest.raises(Invalid):
        ask(stub_of(raising(Invalid("member_id", "must be a UUID"))))

    (line,) = logs
    assert (line["event"], line["method"], line["code"], line["reason"]) == (
        "rpc",
        METHOD,
        "INVALID_ARGUMENT",
        "INVALID_FIELD",
    )
    assert line["duration_ms"] >= 0
