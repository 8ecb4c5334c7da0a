"""The gateway as a till or an app sees it: JSON over HTTP with one API key.

A write that meets a lost connection, a full house or a time-out is sent again with the same idempotency key, as every
caller should: the key makes that safe.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import time
import urllib.parse
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import orjson

TRIES_MAX = 8
TIMEOUT_S = 10.0
PAUSE_S_MAX = 5.0
REPLAYED_HEADER = "Idempotent-Replayed"


class GatewayError(Exception):
    """The gateway cannot be reached, or answers in a way that no gateway of ours would."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back. `duration_s` is the time of the try that was answered, `tries` how many there were."""

    status: int
    body: Any
    replayed: bool
    duration_s: float
    tries: int

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """Why not, in the suite's UPPER_SNAKE words, or by its status where another server answered."""
        said = self.body.get("reason") if isinstance(self.body, dict) else None
        return str(said or f"HTTP_{self.status}")

    @property
    def detail(self) -> str:
        """Why not, in a sentence."""
        return str(self.body.get("detail", "")) if isinstance(self.body, dict) else ""


class GatewayClient:
    """One connection to the gateway, kept open. For one thread."""

    def __init__(self, url: str, key: str, *, pause: Callable[[float], object] = time.sleep) -> None:
        place = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self.pause = pause
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        """Reads. Raises GatewayError when there is no answer."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: object, idempotency_key: str = "") -> Answer:
        """Writes, or asks with a body where there is no key. Raises GatewayError when there is no answer."""
        return self._ask("POST", path, body, {"Idempotency-Key": idempotency_key} if idempotency_key else {})

    def put(self, path: str, body: object, idempotency_key: str) -> Answer:
        """Replaces. Raises GatewayError when there is no answer."""
        return self._ask("PUT", path, body, {"Idempotency-Key": idempotency_key})

    def _ask(self, method: str, path: str, body: object, more: dict[str, str]) -> Answer:
        headers = self._headers | more
        content = None
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        for tries in range(1, TRIES_MAX + 1):
            last = tries == TRIES_MAX
            try:
                answer, retry_after_s = self._once(method, path, content, headers, tries)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if last:
                    raise GatewayError(f"{self.url} does not answer: {error or type(error).__name__}.") from error
                # A server may close a connection that was idle; the first new try needs no pause.
                self.pause(0.0 if tries == 1 else min(PAUSE_S_MAX, 0.1 * 2**tries))
                continue
            if last or retry_after_s is None:
                return answer
            self.pause(min(PAUSE_S_MAX, retry_after_s))
        raise AssertionError("unreachable: the last try returns or raises")

    def _once(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str], tries: int
    ) -> tuple[Answer, float | None]:
        """One try, and the seconds after which the gateway wants another, if it does."""
        began = time.perf_counter()
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        text = response.read()
        duration_s = time.perf_counter() - began
        body: Any = None
        with contextlib.suppress(orjson.JSONDecodeError):
            body = orjson.loads(text)
        replayed = response.headers.get(REPLAYED_HEADER, "").lower() == "true"
        wanted = response.headers.get("Retry-After", "")
        again = float(wanted) if response.status >= 400 and wanted.isdecimal() else None
        return Answer(response.status, body, replayed, duration_s, tries), again
