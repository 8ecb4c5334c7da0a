"""Ports, health, reflection and the way out."""

import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub
from structlog.testing import capture_logs

from kit.server import PortTakenError, Server
from tests.integration.kit.wire.subject import MEMBER_ID, PATIENCE_S, REQUEST, SERVICE, echo, subject

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

Served = Callable[..., Server]
ChannelTo = Callable[..., grpc.Channel]


def health_of(channel: grpc.Channel, name: str = "") -> int:
    health: Any = health_pb2_grpc.HealthStub(channel)  # its stubs know no methods
    return int(health.Check(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE_S).status)


@pytest.mark.parametrize("name", ["", SERVICE])
def test_health_says_whether_requests_are_welcome(served: Served, channel_to: ChannelTo, name: str) -> None:
    server = served(echo)
    channel = channel_to(server.port)

    assert health_of(channel, name) == SERVING
    server.set_serving(False)
    assert health_of(channel, name) == NOT_SERVING


def test_a_server_is_not_serving_before_it_is_said_so(channel_to: ChannelTo) -> None:
    server = Server([subject(echo)], port=0, threads_max=1, concurrent_rpcs_max=1)
    server.start()
    try:
        assert health_of(channel_to(server.port)) == NOT_SERVING
    finally:
        server.stop(0)


def test_probes_leave_no_line_in_the_log(served: Served, channel_to: ChannelTo) -> None:
    channel = channel_to(served(echo).port)

    with capture_logs() as logs:
        health_of(channel)

    assert logs == []


def test_a_taken_port_is_noticed_when_the_server_is_made(served: Served) -> None:
    port = served(echo).port

    with pytest.raises(PortTakenError, match=f"cannot listen on 127.0.0.1:{port}"):
        Server([subject(echo)], port=port, threads_max=1, concurrent_rpcs_max=1)


def test_several_servers_may_share_a_port_when_told_so(served: Served, channel_to: ChannelTo) -> None:
    first = served(echo, port_shared=True)
    second = served(echo, port=first.port, port_shared=True)
    first.stop(0)

    stub = MembersServiceStub(channel_to(second.port))
    assert stub.GetMember(REQUEST, timeout=PATIENCE_S, wait_for_ready=True).member.member_id == MEMBER_ID


def test_reflection_is_behind_a_switch(served: Served, channel_to: ChannelTo) -> None:
    shown = ProtoReflectionDescriptorDatabase(channel_to(served(echo, reflection=True).port))
    assert SERVICE in shown.get_services()

    hidden = ProtoReflectionDescriptorDatabase(channel_to(served(echo).port))
    with pytest.raises(grpc.RpcError) as refused:
        hidden.get_services()
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_stopping_server_says_so_and_finishes_what_it_has(served: Served, channel_to: ChannelTo) -> None:
    begun, released = threading.Event(), threading.Event()

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        begun.set()
        released.wait(PATIENCE_S)
        return echo(request, context)

    server = served(answer)
    at_work = MembersServiceStub(channel_to(server.port)).GetMember.future(REQUEST, timeout=PATIENCE_S)
    assert begun.wait(PATIENCE_S)
    health: Any = health_pb2_grpc.HealthStub(channel_to(server.port))
    watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
    assert next(watch).status == SERVING

    stopping = threading.Thread(target=server.stop, args=(PATIENCE_S,))
    stopping.start()
    assert next(watch).status == NOT_SERVING
    watch.cancel()
    released.set()
    stopping.join(PATIENCE_S)

    assert at_work.result(PATIENCE_S).member.member_id == MEMBER_ID


def test_a_stopping_server_does_not_wait_longer_than_its_grace(served: Served, channel_to: ChannelTo) -> None:
    begun, released = threading.Event(), threading.Event()

    def answer(request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
        begun.set()
        released.wait(PATIENCE_S)
        return echo(request, context)

    server = served(answer)
    at_work = MembersServiceStub(channel_to(server.port, attempts_max=1)).GetMember.future(REQUEST, timeout=PATIENCE_S)
    assert begun.wait(PATIENCE_S)
    server.stop(0)

    assert at_work.exception(PATIENCE_S) is not None
    released.set()


def test_only_servicers_that_were_generated_can_be_served() -> None:
    with pytest.raises(TypeError, match="object does not extend a generated servicer"):
        Server([object()], port=0, threads_max=1, concurrent_rpcs_max=1)
