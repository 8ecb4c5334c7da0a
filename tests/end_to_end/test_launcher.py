"""`wafa run` as a person meets it: the first start, the second, the end by Ctrl-C and the end by kill -9."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest
from loyalty.members.v1 import members_pb2
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit import client
from kit.call import CALLER_ID_HEADER
from tests.fixtures.launcher import Place, Running, new_place
from wafa.backends import free_port
from wafa.demo.programme import PROGRAM_ID

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux lists them")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module")
def first_start(place: Place) -> str:
    return place.wafa("run", "--once")


def test_the_first_start_tells_a_story_from_enrolment_to_voucher(first_start: str) -> None:
    for chapter in (
        "Amna joins at the till",
        "She buys for £278.75",
        "rounded down to 273 points",
        "does not count: its category is left out",
        "the same answer, marked as a replay: 273 points, not 546",
        "She takes “£5 off your next order” in the app",
        "VOUCHER_USED",
        "= 23",
    ):
        assert chapter in first_start


def test_every_step_of_the_story_is_a_request_that_was_answered(first_start: str) -> None:
    steps = re.findall(r"(POST|GET) +/v1/\S+ +(\d{3}) ", first_start)
    assert [int(status) for _, status in steps] == [201, 201, 201, 201, 200, 409, 200]


def test_it_ends_by_saying_where_everything_is(place: Place, first_start: str) -> None:
    assert f"http://127.0.0.1:{place.port}/docs" in first_start
    assert str(place.folder) in first_start
    assert first_start.rstrip().endswith("Stopped.")


def test_secrets_and_keys_are_for_their_owner_alone(place: Place, first_start: str) -> None:
    for name in ("secrets.json", "keys.json"):
        assert (place.folder / name).stat().st_mode & 0o777 == 0o600


def test_no_colour_and_no_line_too_long_where_there_is_no_terminal(first_start: str) -> None:
    assert "\x1b" not in first_start
    for_copying = re.compile(r"wafa_(till|app|staff|admin)_| -d '")
    assert all(len(line) <= 100 for line in first_start.splitlines() if not for_copying.search(line))


@pytest.fixture(scope="module")
def second_start(place: Place, first_start: str) -> Iterator[Running]:
    """Up until a test stops it."""
    with place.running("--no-story") as suite:
        yield suite


def test_a_second_start_finds_everything_as_it_was(second_start: Running, first_start: str) -> None:
    assert "as it was" in second_start.said
    assert keys_in(second_start.said) == keys_in(first_start)


def test_a_command_that_was_shown_can_be_pasted(second_start: Running) -> None:
    a_pasted_command_works(second_start.said)


def test_while_it_runs_the_command_line_finds_it_and_no_other_starts(place: Place, second_start: Running) -> None:
    another_launcher_refuses(place)
    the_command_line_finds_it(place)


def test_another_process_of_this_machine_makes_no_admin_key(place: Place, second_start: Running) -> None:
    address = json.loads((place.folder / "suite.json").read_text())["services"]["members"]
    request = members_pb2.CreateApiKeyRequest(
        program_id=PROGRAM_ID, request_id="r", name="mine", role=members_pb2.CALLER_ROLE_ADMIN
    )
    claims = (), ((CALLER_ID_HEADER, "gateway"),), (("authorization", "Bearer guessed"), (CALLER_ID_HEADER, "operator"))
    with client.channel(address) as channel:
        for metadata in claims:
            with pytest.raises(grpc.RpcError) as refused:
                MembersServiceStub(channel).CreateApiKey(request, timeout=10, metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    # What lets the command line do it is for the user who runs the suite.
    assert (place.folder / "suite.json").stat().st_mode & 0o777 == 0o600


def test_a_killed_service_is_told_and_started_again(place: Place, second_start: Running) -> None:
    os.kill(second_start.child(r"services\.points serve"), signal.SIGKILL)
    second_start.wait_for("points was killed by SIGKILL; starting it again")
    assert "✓ The books agree." in place.wafa("check")


@pytest.mark.parametrize("word", ["members", "rewards"])
def test_a_database_that_dies_while_a_service_is_being_restarted_comes_back_and_the_service_with_it(
    place: Place, second_start: Running, word: str
) -> None:
    os.kill(second_start.child(rf"services\.{word} serve"), signal.SIGKILL)
    second_start.wait_for(f"{word} was killed by SIGKILL; starting it again")
    os.kill(second_start.child(r"postgres -D "), signal.SIGKILL)
    second_start.wait_for_each("PostgreSQL is running again", f"{word} is running again")
    assert "✓ The books agree." in place.wafa("check")


def test_everything_that_is_killed_at_once_comes_back(place: Place, second_start: Running) -> None:
    fallen = {
        "PostgreSQL": r"postgres -D ",
        "Valkey": r"--dir .*valkey",
        "points": r"services\.points serve",
        "gateway": r"-m gateway serve",
    }
    for pattern in fallen.values():
        os.kill(second_start.child(pattern), signal.SIGKILL)
    second_start.wait_for_each(*(f"{name} is running again" for name in fallen))
    a_pasted_command_works(second_start.said)
    assert "✓ The books agree." in place.wafa("check")


def test_asked_to_end_it_leaves_nothing_behind(second_start: Running) -> None:
    assert second_start.stop(signal.SIGINT) == 0
    second_start.wait_until_gone()
    assert second_start.said.rstrip().endswith("Stopped.")


def test_killed_outright_it_leaves_no_process_and_loses_nothing(place: Place, first_start: str) -> None:
    with place.running() as suite:
        assert len(suite.processes()) > 6
        facts = json.loads(place.wafa("check", "--json"))["facts"]
        suite.launcher.kill()
        suite.launcher.wait()
        suite.wait_until_gone()
    assert json.loads(place.wafa("check", "--json"))["facts"] == facts


def test_a_taken_port_is_told_in_a_sentence(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = place.wafa("run", "--port", port, "--once", expect=1)
    assert f"Port {port} is taken by another program" in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(place: Place) -> None:
    file = place.folder.parent / "file"
    file.touch()
    broken = Place(file / "state")
    said = broken.wafa("run", "--once", expect=1)
    assert "cannot be used" in said
    assert "Traceback" not in said


def test_without_a_suite_commands_say_how_to_start_one(place: Place) -> None:
    nowhere = Place(place.folder.parent / "nowhere")
    assert "start one with `make run`" in nowhere.wafa("programs", "list", expect=1)
    assert "start Wafa with `make run` first" in nowhere.wafa("check", expect=1)


def keys_in(said: str) -> list[str]:
    return re.findall(r"^ +(wafa_\w+)$", said, re.MULTILINE)


def a_pasted_command_works(said: str) -> None:
    command = said[said.index("curl -s") :].split("\n\n")[0]
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    purchase = json.loads(done.stdout)["purchase"]
    assert purchase["points_earned"] == 67


def another_launcher_refuses(place: Place) -> None:
    said = place.wafa("run", "--port", str(free_port()), "--once", expect=1)
    assert "Wafa is running already from" in said


def the_command_line_finds_it(place: Place) -> None:
    assert "Wafa Demo" in place.wafa("programs", "list")
    place.wafa("programs", "create", "Bazaar", "--currency", "pkr", "--region", "pk")
    assert "Say which program with --program" in place.wafa("keys", "list", expect=1)
    key = place.wafa("keys", "create", "till", "--program", "Bazaar", "--name", "till 1").split()[-1]
    prefix = key[: len("wafa_till_") + 8]
    assert prefix in place.wafa("keys", "list", "--program", "Bazaar")
    assert f"Revoked {prefix}" in place.wafa("keys", "revoke", prefix, "--program", "Bazaar")
    assert "INVALID_FIELD" in place.wafa("programs", "create", "X", "--currency", "XX", "--region", "GB", expect=1)
