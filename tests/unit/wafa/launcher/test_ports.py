"""Which ports the suite takes, and when it would rather not start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kit.suite import suite
from wafa.launcher.errors import LauncherError
from wafa.launcher.ports import choose_ports


def taken(*ports: int) -> Callable[[int], bool]:
    return lambda port: port not in ports


def test_the_usual_ports_are_taken_where_they_are_free() -> None:
    ports = choose_ports({}, None, free=taken())
    assert (ports.gateway, ports.address("points")) == (8080, "127.0.0.1:50052")
    assert ports.internal == {word: each.internal_port for word, each in suite().services.items()} | {"gateway": 9080}


def test_a_taken_internal_port_moves() -> None:
    ports = choose_ports({}, None, free=taken(50052, 9080))
    assert ports.services["members"] == 50051
    assert ports.services["points"] != 50052
    assert ports.internal["gateway"] != 9080


def test_the_gateway_does_not_move() -> None:
    with pytest.raises(LauncherError, match="Port 8080 is taken by another program: stop it"):
        choose_ports({}, None, free=taken(8080))
    assert choose_ports({}, 8081, free=taken(8080)).gateway == 8081
    assert choose_ports({"GATEWAY_PORT": "8082"}, None, free=taken(8080)).gateway == 8082


def test_a_port_that_the_environment_names_does_not_move() -> None:
    assert choose_ports({"POINTS_PORT": "6000"}, None, free=taken()).services["points"] == 6000
    with pytest.raises(LauncherError, match="Port 6000, which POINTS_PORT names, is taken"):
        choose_ports({"POINTS_PORT": "6000"}, None, free=taken(6000))


def test_the_gateway_may_have_the_usual_port_of_another() -> None:
    ports = choose_ports({}, 50051, free=taken())
    assert ports.gateway == 50051
    assert ports.services["members"] != 50051


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(LauncherError, match="GATEWAY_PORT is not a port"):
        choose_ports({"GATEWAY_PORT": text}, None, free=taken())
