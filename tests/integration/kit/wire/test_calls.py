"""Who asks, under which id, until when: what travels beside a request."""

import queue
import threading
from collections.abc import Callable

import grpc
import prometheus_client
import pytest
import structlog
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit.call import Call
from kit.client import ServiceBusy, ServiceTimeout, ServiceUnavailable, invoke
from kit.errors import Unavailable
from kit.rpc import call_of
from kit.server import Server
from tests.integration.kit.wire.subject import DEADLINE_MS, MEMBER_ID, METHOD, PATIENCE_S, REQUEST, Answer, echo

CALL = Call(
    caller_id="till-4", correlation_id="c-1", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

Stub = Callable[..., MembersServiceStub]


def recording(into: "queue.SimpleQueue[tuple[Call, dict[str, object]]]") -> Answer:
    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        into.put((call_of(context), structlog.contextvars.get_contextvars()))
        return echo(request, context)

    return answer


def test_the_call_arrives_as_it_was_sent_and_is_bound_to_the_log(stub_of: Stub) -> None:
    seen: queue.SimpleQueue[tuple[Call, dict[str, object]]] = queue.SimpleQueue()

    invoke(stub_of(recording(seen)).GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)

    call, in_log = seen.get(timeout=PATIENCE_S)
    assert call == CALL
    assert in_log == {"caller_id": "till-4", "correlation_id": "c-1", "traceparent": CALL.traceparent}


def test_a_request_without_a_correlation_id_is_given_one(stub_of: Stub) -> None:
    seen: queue.SimpleQueue[tuple[Call, dict[str, object]]] = queue.SimpleQueue()
    stub = stub_of(recording(seen))

    for _ in range(2):
        invoke(stub.GetMember, REQUEST, call=Call("till-4"), deadline_ms=DEADLINE_MS)

    (first, first_in_log), (second, _) = (seen.get(timeout=PATIENCE_S) for _ in range(2))
    assert first.correlation_id == first_in_log["correlation_id"]
    assert first.correlation_id != second.correlation_id


def test_rpcs_are_counted_by_method_and_code(stub_of: Stub) -> None:
    def count() -> float:
        labels = {"method": METHOD, "code": "OK"}
        return prometheus_client.REGISTRY.get_sample_value("rpc_requests_total", labels) or 0.0

    before = count()
    invoke(stub_of(echo).GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)

    assert count() == before + 1


def test_who_waits_in_vain_is_told_that_the_outcome_is_unknown(stub_of: Stub) -> None:
    released = threading.Event()

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        released.wait(PATIENCE_S)
        return echo(request, context)

    try:
        with pytest.raises(ServiceTimeout):
            invoke(stub_of(answer).GetMember, REQUEST, call=CALL, deadline_ms=50)
    finally:
        released.set()


def test_a_service_that_is_away_is_unavailable(
    served: Callable[..., Server], channel_to: Callable[..., grpc.Channel]
) -> None:
    server = served(echo)
    server.stop(0)

    with pytest.raises(ServiceUnavailable):
        stub = MembersServiceStub(channel_to(server.port))
        invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)


def test_a_service_that_came_back_is_found_again(
    served: Callable[..., Server], channel_to: Callable[..., grpc.Channel]
) -> None:
    server = served(echo)
    stub = MembersServiceStub(channel_to(server.port))
    invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)

    server.stop(0)
    served(echo, port=server.port)

    # The first tries may meet the old connection; the channel mends itself meanwhile.
    response = stub.GetMember(REQUEST, timeout=PATIENCE_S, metadata=CALL.metadata(), wait_for_ready=True)
    assert response.member.member_id == MEMBER_ID


def test_what_is_unavailable_is_tried_again_a_bounded_number_of_times(
    served: Callable[..., Server], channel_to: Callable[..., grpc.Channel]
) -> None:
    tries = []

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        tries.append(request.member_id)
        raise Unavailable.restore(Unavailable.kind, "SHELF_AWAY", "the shelf is away", {})

    stub = MembersServiceStub(channel_to(served(answer).port))
    with pytest.raises(Unavailable) as heard:
        invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)

    assert heard.value.reason == "SHELF_AWAY"
    assert tries == [MEMBER_ID] * 3


def test_a_try_that_succeeds_is_all_that_the_caller_sees(stub_of: Stub) -> None:
    tries = []

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        tries.append(request.member_id)
        if len(tries) == 1:
            raise Unavailable.restore(Unavailable.kind, "SHELF_AWAY", "the shelf is away", {})
        return echo(request, context)

    heard = invoke(stub_of(answer).GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)

    assert (heard.response.member.member_id, len(tries)) == (MEMBER_ID, 2)


def test_beyond_its_bound_a_server_says_busy_at_once_and_finishes_what_it_has(stub_of: Stub) -> None:
    begun, released = threading.Event(), threading.Event()

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        begun.set()
        released.wait(PATIENCE_S)
        return echo(request, context)

    stub = stub_of(answer, threads_max=1, concurrent_rpcs_max=1)
    first = stub.GetMember.future(REQUEST, metadata=CALL.metadata(), timeout=PATIENCE_S)
    assert begun.wait(PATIENCE_S)
    try:
        with pytest.raises(ServiceBusy) as heard:
            invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=DEADLINE_MS)
    finally:
        released.set()

    assert heard.value.metadata == {"retry_after_ms": "1000"}
    assert first.result(PATIENCE_S).member.member_id == MEMBER_ID
