"""A server knows who calls, by certificates or tokens, and lets nobody call what they are not granted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit import client
from kit.call import CALLER_ID_HEADER, Call
from kit.client import ServiceFailed, ServiceUnavailable
from kit.peers import certified_channel
from kit.peers.identity import CertificateIdentity, Identity, TokenIdentity, hash_of
from kit.peers.settings import PeerAdmission, PeerSettings, admission_of
from kit.rpc import call_of
from kit.server import Server
from tests.integration.kit.wire.subject import PATIENCE_S, REQUEST, SERVICE
from wafa.certificates import CertificateAuthority, files_in

GRANTED = {"GetMember": {"gateway", "points"}, "CreateApiKey": {"operator"}}
NAMES = ("gateway", "points", "rewards", "operator")
TOKENS = {name: f"token of {name}" for name in NAMES}
CALL = Call("till-1")

Served = Callable[..., Server]
ChannelTo = Callable[..., grpc.Channel]


def who_asks(_request: pb.GetMemberRequest, context: grpc.ServicerContext) -> pb.GetMemberResponse:
    return pb.GetMemberResponse(member=pb.Member(member_id=call_of(context).caller_id))


def by_tokens() -> PeerAdmission:
    tokens = "; ".join(f"{name}: {hash_of(token)}" for name, token in TOKENS.items())
    return admission_of(PeerSettings(peer_tokens=tokens), GRANTED)


def by_certificates(folder: Path) -> PeerAdmission:
    files = CertificateAuthority(folder).issue("members")
    settings = PeerSettings(tls_certificate=str(files.chain), tls_key=str(files.key), tls_ca=str(files.authority))
    return admission_of(settings, GRANTED)


def asker(channel: grpc.Channel) -> str:
    """Whom the server takes for who is asking."""
    stub = MembersServiceStub(channel)
    return client.invoke(stub.GetMember, REQUEST, call=CALL, deadline_ms=10_000).response.member.member_id


def refusal(channel: grpc.Channel) -> str:
    """What a client learns that speaks gRPC and nothing of ours."""
    with pytest.raises(grpc.RpcError) as refused:
        MembersServiceStub(channel).GetMember(REQUEST, timeout=PATIENCE_S, metadata=((CALLER_ID_HEADER, "till-1"),))
    return f"{refused.value.code().name}: {refused.value.details()}"


@pytest.fixture(params=["tokens", "certificates"])
def identity_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Identity]:
    """What a peer shows, by its name."""
    if request.param == "tokens":
        return lambda name: TokenIdentity(TOKENS[name])
    return lambda name: CertificateIdentity(CertificateAuthority(tmp_path).issue(name))


@pytest.fixture
def server(identity_of: Callable[[str], Identity], served: Served, tmp_path: Path) -> Server:
    """A server that knows the peers by what they show."""
    is_encrypted = isinstance(identity_of("gateway"), CertificateIdentity)
    return served(who_asks, admission=by_certificates(tmp_path) if is_encrypted else by_tokens(), reflection=True)


def test_the_gateway_names_who_is_asking_and_others_ask_for_themselves(
    server: Server, channel_to: ChannelTo, identity_of: Callable[[str], Identity]
) -> None:
    assert asker(channel_to(server.port, identity=identity_of("gateway"))) == "till-1"
    assert asker(channel_to(server.port, identity=identity_of("points"))) == "points"


def test_a_peer_may_call_what_it_is_granted_and_nothing_else(
    server: Server, channel_to: ChannelTo, identity_of: Callable[[str], Identity]
) -> None:
    operator, rewards = identity_of("operator"), identity_of("rewards")
    denied = "PERMISSION_DENIED: `operator` may not call GetMember"
    assert refusal(channel_to(server.port, identity=operator)) == denied
    assert refusal(channel_to(server.port, identity=rewards)) == "PERMISSION_DENIED: `rewards` may call nothing here"


def test_a_process_that_is_refused_is_set_up_wrongly_and_its_callers_learn_no_reason(
    server: Server, channel_to: ChannelTo, identity_of: Callable[[str], Identity]
) -> None:
    with pytest.raises(ServiceFailed, match="PEER_NOT_ALLOWED"):
        asker(channel_to(server.port, identity=identity_of("rewards")))


def test_reflection_answers_peers_that_are_known(
    server: Server, channel_to: ChannelTo, identity_of: Callable[[str], Identity]
) -> None:
    shown = ProtoReflectionDescriptorDatabase(channel_to(server.port, identity=identity_of("operator")))
    assert SERVICE in shown.get_services()
    hidden = ProtoReflectionDescriptorDatabase(channel_to(server.port, identity=identity_of("rewards")))
    with pytest.raises(grpc.RpcError) as refused:
        hidden.get_services()
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("token", ["", "token of nobody"])
def test_who_shows_no_known_token_learns_that_the_server_lives_and_no_more(
    token: str, served: Served, channel_to: ChannelTo
) -> None:
    port = served(who_asks, admission=by_tokens(), reflection=True).port
    channel = channel_to(port, identity=TokenIdentity(token)) if token else channel_to(port)
    assert refusal(channel).startswith("UNAUTHENTICATED: this service answers peers that it knows")
    with pytest.raises(grpc.RpcError) as refused:
        ProtoReflectionDescriptorDatabase(channel).get_services()
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    health: Any = health_pb2_grpc.HealthStub(channel)  # its stubs know no methods
    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_who_shows_no_certificate_of_the_authority_does_not_even_connect(
    served: Served, channel_to: ChannelTo, tmp_path: Path
) -> None:
    port = served(who_asks, admission=by_certificates(tmp_path / "ours")).port
    stranger = CertificateIdentity(CertificateAuthority(tmp_path / "theirs").issue("gateway"))
    for channel in (channel_to(port, attempts_max=1), channel_to(port, identity=stranger, attempts_max=1)):
        with pytest.raises(ServiceUnavailable):
            asker(channel)


def test_a_client_refuses_a_server_that_is_not_the_one_that_it_wants(
    served: Served, channel_to: ChannelTo, tmp_path: Path
) -> None:
    port = served(who_asks, admission=by_certificates(tmp_path / "theirs")).port
    ours = CertificateIdentity(CertificateAuthority(tmp_path / "ours").issue("gateway"))
    with pytest.raises(ServiceUnavailable):
        asker(channel_to(port, identity=ours, attempts_max=1))


def test_certificates_are_renewed_while_both_sides_run(
    served: Served, channel_to: ChannelTo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certified_channel, "LOOK_INTERVAL_S", 0.0)
    folder = tmp_path / "ours"
    port = served(who_asks, admission=by_certificates(folder)).port
    channel = channel_to(port, identity=CertificateIdentity(CertificateAuthority(folder).issue("gateway")))
    assert asker(channel) == "till-1"
    # An authority that nothing of before trusts: what follows is shown and asked for by the new files alone.
    (folder / "ca.key").unlink()
    (folder / "ca.crt").unlink()
    renewed = CertificateAuthority(folder)
    renewed.issue("members")
    renewed.issue("gateway")
    assert asker(channel) == "till-1"
    assert asker(channel_to(port, identity=CertificateIdentity(files_in(folder / "gateway")))) == "till-1"


def test_files_that_do_not_fit_together_leave_the_certificate_as_it_was(
    served: Served, channel_to: ChannelTo, tmp_path: Path
) -> None:
    authority = CertificateAuthority(tmp_path)
    port = served(who_asks, admission=by_certificates(tmp_path)).port
    identity = CertificateIdentity(authority.issue("gateway"))
    files_in(tmp_path / "members").key.write_bytes(files_in(tmp_path / "gateway").key.read_bytes())
    assert asker(channel_to(port, identity=identity)) == "till-1"
