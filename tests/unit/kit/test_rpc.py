"""Several results of one call."""

from __future__ import annotations

from typing import cast

import grpc

from kit import languages, rpc, status
from kit.call import Call
from kit.errors import Invalid, Kind, Precondition
from kit.idempotency import Outcome, answered

CALL = Call("till-1", "c-1")


class JarEmpty(Precondition):
    """There is nothing left in it."""

    reason = "JAR_EMPTY"


def reply_to(result: Outcome[int] | Exception) -> tuple[str | None, object, bool]:
    return rpc.reply_in_part(CALL, result, lambda answer: f"{answer} jars")


def test_an_answer_is_converted_and_says_whether_it_was_given_before() -> None:
    assert reply_to(answered(3)) == ("3 jars", None, False)
    assert reply_to(answered(3, replayed=True)) == ("3 jars", None, True)


def test_a_refusal_says_the_same_as_alone() -> None:
    outcome = Outcome[int](None, JarEmpty("no more than 0 of 3 jars are left", left=0, asked=3), True)
    response, error, replayed = reply_to(outcome)
    refusal = status.refusal_in(error)
    assert refusal is not None
    assert (response, replayed) == (None, True)
    assert (refusal.kind, refusal.reason, refusal.message) == (
        Kind.PRECONDITION,
        "JAR_EMPTY",
        outcome.refusal and outcome.refusal.message,
    )
    assert refusal.metadata == {"left": "0", "asked": "3"}


def test_a_refusal_that_is_no_outcome_says_the_same_too() -> None:
    _, error, replayed = reply_to(Invalid("jar", "is missing"))
    refusal = status.refusal_in(error)
    assert isinstance(refusal, Invalid)
    assert (refusal.field, replayed) == ("jar", False)


def test_an_unexpected_error_has_fixed_words() -> None:
    _, error, _ = reply_to(KeyError("the truth"))
    assert status.refusal_in(error) is None
    assert getattr(error, "message", "") == f"{status.ACCIDENT_WORDS} (request c-1)"


class Context:
    """What a request's metadata looks like to a servicer."""

    def __init__(self, **metadata: str) -> None:
        self._metadata = [(name.replace("_", "-"), value) for name, value in metadata.items()]

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return self._metadata


def test_the_language_of_a_request_is_there_while_it_is_answered() -> None:
    assert languages.asked() == ""
    with rpc.received(cast(grpc.ServicerContext, Context(accept_language="ur-PK"))) as call:
        assert (call.language, languages.asked()) == ("ur-PK", "ur-PK")
        assert ("accept-language", "ur-PK") in call.metadata()
    assert languages.asked() == ""
