"""Who may call is said by a table, by the operator, and never by chance."""

from __future__ import annotations

import pytest

from kit.config import ConfigError
from kit.peers.guard import UNCHECKED, CheckedPeers, Peer, PeerNotAllowed, PeerUnknown
from kit.peers.identity import NO_IDENTITY, TokenIdentity, hash_of
from kit.peers.settings import IdentitySettings, PeerSettings, admission_of, identity_of

GRANTED = {"TakeJar": {"gateway"}, "CountJars": {"gateway", "operator"}}
TOKENS = f"gateway: {hash_of('g')}; crm: {hash_of('old')}, {hash_of('new')}"


def checked(settings: PeerSettings) -> CheckedPeers:
    guard = admission_of(settings, GRANTED).guard
    assert isinstance(guard, CheckedPeers)
    return guard


def peer(name: str) -> Peer:
    return Peer(name, names_callers=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_a_service_may_answer_every_peer(host: str) -> None:
    assert admission_of(PeerSettings(host=host), GRANTED).guard is UNCHECKED


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "", "members"])  # noqa: S104 - read here, and nothing listens there
def test_elsewhere_it_answers_every_peer_only_by_a_setting(host: str) -> None:
    with pytest.raises(ConfigError, match="PEERS_UNCHECKED=true"):
        admission_of(PeerSettings(host=host), GRANTED)
    assert admission_of(PeerSettings(host=host, peers_unchecked=True), GRANTED).guard is UNCHECKED
    assert admission_of(PeerSettings(host=host, peer_tokens=TOKENS), GRANTED).guard is not UNCHECKED


def test_what_no_table_grants_is_refused() -> None:
    guard = checked(PeerSettings(peer_tokens=TOKENS))
    guard.expect_allowed(peer("operator"), "shop.v1.Shop/CountJars")
    with pytest.raises(PeerNotAllowed, match="`operator` may not call TakeJar"):
        guard.expect_allowed(peer("operator"), "shop.v1.Shop/TakeJar")
    with pytest.raises(PeerNotAllowed, match="`gateway` may not call BreakJar"):
        guard.expect_allowed(peer("gateway"), "shop.v1.Shop/BreakJar")
    with pytest.raises(PeerNotAllowed, match="`crm` may call nothing here"):
        guard.expect_allowed(peer("crm"), "shop.v1.Shop/TakeJar")
    with pytest.raises(PeerUnknown):
        guard.expect_allowed(peer(""), "shop.v1.Shop/TakeJar")


def test_the_operator_lets_systems_of_their_own_call() -> None:
    guard = checked(PeerSettings(peer_tokens=TOKENS, peers="crm: CountJars; bi: CountJars, TakeJar"))
    guard.expect_allowed(peer("crm"), "shop.v1.Shop/CountJars")
    guard.expect_allowed(peer("bi"), "shop.v1.Shop/TakeJar")
    with pytest.raises(PeerNotAllowed):
        guard.expect_allowed(peer("crm"), "shop.v1.Shop/TakeJar")


@pytest.mark.parametrize(
    ("peers", "problem"),
    [
        ("crm: BreakJar", "no such method"),
        ("gateway: TakeJar", "part of the suite"),
        ("crm", "not of the form"),
        ("crm:", "not of the form"),
        ("C R M: TakeJar", "not of the form"),
    ],
)
def test_a_grant_that_cannot_be_meant_is_no_setting(peers: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        admission_of(PeerSettings(peers=peers), GRANTED)


def test_a_token_stands_in_no_setting_of_those_who_are_called() -> None:
    with pytest.raises(ConfigError, match="SHA-256 of a token for crm"):
        admission_of(PeerSettings(peer_tokens="crm: the-token-itself"), GRANTED)


def test_a_process_shows_what_it_has() -> None:
    assert identity_of(IdentitySettings()) is NO_IDENTITY
    assert identity_of(IdentitySettings(token="t")) == TokenIdentity("t")
    assert "t-1" not in repr(IdentitySettings(token="t-1"))
    with pytest.raises(ConfigError, match="belong together"):
        identity_of(IdentitySettings(tls_certificate="a", tls_key="b"))
    with pytest.raises(ConfigError, match="are no certificate"):
        named = IdentitySettings(tls_certificate="/a", tls_key="/b", tls_ca="/c")
        identity_of(named).connect("127.0.0.1:1", ())
