"""One line for each logged event, to stderr: JSON for machines, colours for a person at a terminal.

Every line has its time in UTC, the level and the service; lines within a request share its `correlation_id`, across
processes. Libraries that log through the standard library come out the same way.

A line that cannot be written, because the disk is full or a value has no form, is counted and lost. It changes nothing
else: work that is done stays done.

Nothing personal and nothing secret belongs in a log. The code that writes a line keeps to that; the redaction below is
the last line of defence, for code that does not.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import io
import logging
import pathlib
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from typing import TextIO, cast

import orjson
import prometheus_client
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from kit.call import Call

CORRELATION_ID_LENGTH_MAX = 128

LINES_LOST = prometheus_client.Counter("log_lines_lost_total", "Log lines that could not be written.")

REDACTED = "[redacted]"

# The longest text in a line, in characters; a traceback keeps its beginning and, where the cause stands, its end.
TEXT_LENGTH_MAX = 16_384
_HEAD_LENGTH = 4_096

# A key is sensitive when one of these stands in it between underscores (`client_secret`, `card_number`), unless it ends
# like something that only names the thing (`api_key_id`, `identifier_kind`).
_SENSITIVE = re.compile(
    r"(?:^|_)(?:secrets?|passwords?|authorization|cookie|tokens?|pepper|private_key|api_?keys?|key_hash|signature|values?"
    r"|e?mails?|phones?|cards?|given_name|family_name|full_name|birth_?(?:date|day)|identifiers?|profiles?)(?:_|$)"
)
_HARMLESS_ENDING = re.compile(r"_(?:ids?|kinds?|count|ms|max|version)$")

# What databases quote of a row in their messages: the parameters of a statement, the key that was there already.
_QUOTED_ROW = re.compile(r"^(?:DETAIL:|\[parameters: |CONTEXT:).*$", re.MULTILINE)

_CORRELATION_ID = re.compile(rf"[!-~]{{1,{CORRELATION_ID_LENGTH_MAX}}}")

_PLAIN = (int, float, bool, type(None))
_WRITTEN_AS_TEXT = (uuid.UUID, datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, pathlib.PurePath)
_HEAD = ("time", "level", "service", "event")


def configure(service: str, level: str = "info") -> None:
    """Sends this process' log to stderr. `level` is the least to be written: debug, info, warning or error."""
    least = logging.getLevelNamesMapping().get(level.upper())
    if least is None:
        raise ValueError(f"{level} is not a log level")
    # For what libraries print, too, and for the interpreter, which flushes it when it starts a process and at its end.
    stderr = sys.stderr = _unfailing_stream(sys.stderr)
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _naming(service),
    ]
    after: list[Processor] = [structlog.processors.format_exc_info, redact, _renderer()]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=_unfailing(structlog.make_filtering_bound_logger(least)),
        logger_factory=structlog.WriteLoggerFactory(file=stderr),
        cache_logger_on_first_use=True,
    )
    _route_the_standard_library(before, after, least)


def correlation_id_of(text: str) -> str:
    """The id that a request came with, or a new one if it has none that is fit for headers and logs."""
    return text if _CORRELATION_ID.fullmatch(text) else uuid.uuid4().hex


@contextlib.contextmanager
def bound(call: Call) -> Iterator[None]:
    """Within this, every line of this thread says on whose behalf it was written."""
    known = {
        "caller_id": call.caller_id,
        "correlation_id": call.correlation_id,
        "traceparent": call.traceparent,
    }
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in known.items() if value}):
        yield


def redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Blanks what stands under a sensitive key, at any depth, and reduces unknown objects to their class' name."""
    ordered = {name: line[name] for name in _HEAD if name in line} | dict(line)
    if "exception" in line:
        ordered["exception"] = _QUOTED_ROW.sub(REDACTED, str(line["exception"]))
    return {name: _redacted(name, part) for name, part in ordered.items()}


def _redacted(name: str, value: object) -> object:
    lowered = name.lower().replace("-", "_")
    if _SENSITIVE.search(lowered) and not _HARMLESS_ENDING.search(lowered):
        return REDACTED
    return _plain(name, value)


def _plain(name: str, value: object) -> object:
    match value:
        case enum.Enum():
            return value.name
        case str():
            return _bounded(value)
        case _ if isinstance(value, _PLAIN):
            return value
        case _ if isinstance(value, _WRITTEN_AS_TEXT):
            return str(value)
        case BaseException():
            return _bounded(_QUOTED_ROW.sub(REDACTED, f"{type(value).__name__}: {value}"))
        case Mapping():
            return {str(key): _redacted(str(key), part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(name, part) for part in value]
        case _:
            # An object's repr may hold anything: a dataclass shows all its fields, a proto message all that was sent.
            return f"<{type(value).__name__}>"


def _bounded(text: str) -> str:
    """The text, without its middle if it is too long: what one request made happen must not fill a disk."""
    left_out = len(text) - TEXT_LENGTH_MAX
    if left_out <= 0:
        return text
    tail = text[_HEAD_LENGTH - TEXT_LENGTH_MAX :]
    return f"{text[:_HEAD_LENGTH]}\n… {left_out} characters left out …\n{tail}"


def _naming(service: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["service"] = service
        return line

    return name


def _renderer() -> Processor:
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer(
            timestamp_key="time", exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
    return _json


def _json(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


class UnfailingStream(io.TextIOBase):
    """A text stream that loses and counts what the stream behind it does not take."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO = stream

    def write(self, text: str) -> int:
        """Writes the text, or counts it as lost."""
        with _counting_losses():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flushes; an error is ignored, since a later write tries again."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def fileno(self) -> int:
        """That of the stream behind it."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether a person reads it at a terminal."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """It is."""
        return True


def _unfailing_stream(stream: TextIO | UnfailingStream) -> TextIO:
    return cast(TextIO, stream if isinstance(stream, UnfailingStream) else UnfailingStream(stream))


@contextlib.contextmanager
def _counting_losses() -> Iterator[None]:
    try:
        yield
    except Exception:
        LINES_LOST.inc()


def _unfailing(logger: type[FilteringBoundLogger]) -> type[FilteringBoundLogger]:
    """The same logger, whose failures end with the line: no caller has a better answer to a full disk."""

    class UnfailingLogger(logger):  # type: ignore[misc, valid-type]  # structlog makes its loggers at run time
        def _proxy_to_logger(self, method_name: str, event: str | None = None, *args: object, **values: object) -> None:
            with _counting_losses():
                super()._proxy_to_logger(method_name, event, *args, **values)

    return UnfailingLogger


class _UnfailingHandler(logging.StreamHandler[TextIO]):
    """The same for lines of the standard library, whose own way would be to write the failure to the same place."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Counts the line as lost."""
        LINES_LOST.inc()


def _route_the_standard_library(before: list[Processor], after: list[Processor], least: int) -> None:
    handler = _UnfailingHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    logging.captureWarnings(True)
