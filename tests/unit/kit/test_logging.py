import dataclasses
import errno
import io
import json
import logging
import sys
import uuid
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import prometheus_client
import pytest
import structlog

import kit.logging
from kit.call import Call
from kit.logging import REDACTED, bound, correlation_id_of, redact


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Gives pytest its own logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_happening_is_one_line_of_json_with_time_and_service(capsys: pytest.CaptureFixture[str]) -> None:
    kit.logging.configure("pantry")
    jar_id, at = uuid.UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC)
    structlog.get_logger().info("jar_opened", jar_id=jar_id, at=at, left=2, lids=("a", "b"))

    (line,) = lines(capsys)
    assert list(line)[:4] == ["time", "level", "service", "event"]
    assert datetime.fromisoformat(line.pop("time")).tzinfo is UTC
    assert line == {
        "level": "info",
        "service": "pantry",
        "event": "jar_opened",
        "jar_id": str(jar_id),
        "at": "2026-01-01 00:00:00+00:00",
        "left": 2,
        "lids": ["a", "b"],
    }


def test_lines_within_a_call_say_on_whose_behalf(capsys: pytest.CaptureFixture[str]) -> None:
    kit.logging.configure("pantry")
    log = structlog.get_logger()
    with bound(Call("till-4", "c-1")):
        log.info("within")
    log.info("after")

    within, after = lines(capsys)
    assert (within["caller_id"], within["correlation_id"]) == ("till-4", "c-1")
    assert "traceparent" not in within
    assert "caller_id" not in after


def test_libraries_come_out_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    kit.logging.configure("pantry")
    with bound(Call("till-4", "c-1")):
        logging.getLogger("grpc").warning("the %s is down", "line")

    (line,) = lines(capsys)
    assert (line["service"], line["logger"], line["level"]) == ("pantry", "grpc", "warning")
    assert (line["event"], line["correlation_id"]) == ("the line is down", "c-1")


def test_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    kit.logging.configure("pantry")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("jars are going out of fashion", DeprecationWarning, stacklevel=1)

    assert "out of fashion" in lines(capsys)[0]["event"]


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    kit.logging.configure("pantry", "warning")
    structlog.get_logger().info("whisper")
    logging.getLogger("grpc").info("whisper")
    structlog.get_logger().warning("shout")

    assert [line["event"] for line in lines(capsys)] == ["shout"]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="loud is not a log level"):
        kit.logging.configure("pantry", "loud")


def test_an_unexpected_error_is_logged_without_what_the_database_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    kit.logging.configure("pantry")
    said = "duplicate key\nDETAIL:  Key (mail)=(anna@example.com) exists.\n[parameters: {'m': 'anna'}]"
    try:
        raise RuntimeError(said)
    except RuntimeError:
        structlog.get_logger().exception("fell")
        logging.getLogger("lib").exception("fell too")

    for line in lines(capsys):
        assert "Traceback" in line["exception"]
        assert "duplicate key" in line["exception"]
        assert "anna" not in line["exception"]


@pytest.mark.parametrize("length", [10, kit.logging.TEXT_LENGTH_MAX, 100_000, 1_000_000])
def test_a_line_is_bounded_and_keeps_where_it_began_and_what_it_ended_with(
    capsys: pytest.CaptureFixture[str], length: int
) -> None:
    kit.logging.configure("pantry")
    try:
        raise RuntimeError("x" * length + "the cause")
    except RuntimeError:
        structlog.get_logger().exception("fell", body="y" * length, parts=["z" * length])

    (line,) = lines(capsys)
    for text in (line["exception"], line["body"], line["parts"][0]):
        assert len(text) < kit.logging.TEXT_LENGTH_MAX + 100
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("the cause")


def test_a_traceback_that_went_round_in_circles_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    def there(depth: int) -> None:
        back(depth + 1)

    def back(depth: int) -> None:
        there(depth + 1)

    kit.logging.configure("pantry")
    try:
        there(0)
    except RecursionError:
        structlog.get_logger().exception("fell")

    (line,) = lines(capsys)
    assert len(line["exception"]) < kit.logging.TEXT_LENGTH_MAX + 100
    assert "RecursionError" in line["exception"]


SENSITIVE = [
    "secret",
    "client_secret",
    "password",
    "Authorization",
    "api_key",
    "X-Api-Key",
    "value",
    "masked_value",
    "email",
    "email_address",
    "phone",
    "card",
    "card_number",
    "given_name",
    "family_name",
    "birth_date",
    "identifier",
    "identifiers",
    "page_token",
    "profile",
]
HARMLESS = ["api_key_id", "identifier_id", "identifier_kind", "identifiers_count", "caller_id", "member_id", "discard"]


@pytest.mark.parametrize("key", SENSITIVE)
def test_what_stands_under_a_sensitive_key_is_blanked(key: str) -> None:
    assert redact(None, "info", {key: "x"}) == {key: REDACTED}
    assert redact(None, "info", {"body": [{"part": {key: ["x"]}}]}) == {"body": [{"part": {key: REDACTED}}]}


@pytest.mark.parametrize("key", HARMLESS)
def test_what_only_names_a_thing_is_kept(key: str) -> None:
    assert redact(None, "info", {key: "x"}) == {key: "x"}


def test_an_object_is_reduced_to_the_name_of_its_class() -> None:
    @dataclasses.dataclass
    class Person:
        name: str

    assert redact(None, "info", {"who": Person("Anna")}) == {"who": "<Person>"}


@pytest.mark.parametrize("text", ["a", "0af7651916cd43dd", "~" * 128])
def test_a_fit_correlation_id_is_kept(text: str) -> None:
    assert correlation_id_of(text) == text


@pytest.mark.parametrize("text", ["", "a b", "a\n", "é", "~" * 129])
def test_an_unfit_correlation_id_is_replaced(text: str) -> None:
    assert correlation_id_of(text) not in {text, correlation_id_of(text)}


class FullDisk(io.StringIO):
    """A file that takes nothing."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


class Shapeless:
    """A value that cannot be written down."""

    def __str__(self) -> str:
        raise RuntimeError("no form")


def lines_lost() -> float:
    return prometheus_client.REGISTRY.get_sample_value("log_lines_lost_total") or 0.0


def test_a_line_that_cannot_be_written_is_counted_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", FullDisk())
    kit.logging.configure("pantry")
    before = lines_lost()
    structlog.get_logger().info("jar_opened")
    logging.getLogger("library").warning("the cellar is damp")
    try:
        raise RuntimeError("the jar fell")
    except RuntimeError:
        structlog.get_logger().exception("accident")
    assert lines_lost() == before + 3
    sys.stderr.flush()  # as the interpreter does when it starts a process, and at its end


@pytest.mark.parametrize(
    "values",
    [{"left": {Shapeless(): 1}}, {"text": "half of a pair: \ud800"}, {"error": RuntimeError(Shapeless())}],
    ids=["key", "surrogate", "exception"],
)
def test_a_value_that_cannot_be_written_costs_the_line_at_most(
    capsys: pytest.CaptureFixture[str], values: dict[str, Any]
) -> None:
    kit.logging.configure("pantry")
    before = lines_lost()
    structlog.get_logger().info("jar_opened", **values)
    structlog.get_logger().info("jar_closed")
    written = lines(capsys)
    assert written[-1]["event"] == "jar_closed"
    assert len(written) - 1 + lines_lost() - before == 1
