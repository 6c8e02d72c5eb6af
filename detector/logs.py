"""What the process says: one line a call, JSON or for people; no logged value can forge a line or leak a secret."""

import contextlib
import datetime as dt
import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, Literal, TextIO

import structlog

from detector.log_rate import RateLimit

VALUE_LIMIT: Final = 200
"""Characters of one logged value: they come from outside."""

MESSAGE_LIMIT: Final = 2_000
TRACE_LIMIT: Final = 16_000
ITEM_LIMIT: Final = 20

HIDDEN: Final = "********"
UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line and paragraph separators, marks that turn the direction of text, halves of a character."""

Line = MutableMapping[str, Any]


def configure(
    *,
    format: Literal["auto", "json", "console"] = "auto",  # noqa: A002 - the setting's own name
    level: str = "info",
    secrets: Sequence[str] = (),
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Send every log line of the process, our own and the libraries', to `stream` (default stderr).

    `auto` is for people on a terminal and JSON elsewhere. `secrets` are blotted out wherever they turn up. Libraries
    in NOISY are held to a few equal lines in each window of `clock`, which counts seconds; the next line let through
    says how many were held back. Below warning they speak at the level debug only.
    """
    target = stream or sys.stderr
    human = format == "console" or (format == "auto" and target.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=["held_back"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _Bounded(secrets),
    ]
    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _for_people if human else _as_json],
        )
    )
    handler.addFilter(RateLimit(clock, logging.DEBUG if level == "debug" else logging.WARNING))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def visible(text: str) -> str:
    """Write what could end a line or steer a terminal as the escape that Python prints for it."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class _Bounded:
    """Cuts every value to its limit, turns bytes into their number, traces into text, and blots out secrets."""

    def __init__(self, secrets: Sequence[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._secrets = sorted(forms, key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, line: Line) -> Line:
        kept = {key: line.pop(key) for key in ("_record", "_from_structlog") if key in line}
        message = self._text(line.pop("event", ""), MESSAGE_LIMIT)
        trace = _trace(line.pop("exc_info", None))
        line.pop("stack_info", None)
        bounded = {self._text(key, VALUE_LIMIT): self._value(value, 3) for key, value in line.items()}
        if trace:
            bounded["exception"] = self._text(trace, TRACE_LIMIT)
        return {"event": message, **bounded, **kept}

    def _text(self, value: object, limit: int) -> str:
        try:
            text = value if isinstance(value, str) else repr(value)
        except Exception as error:  # noqa: BLE001 - a broken repr must not cost the line
            text = f"<{type(value).__name__}: {type(error).__name__} in its repr>"
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text if len(text) <= limit else text[: limit - 1] + "…"

    def _value(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if abs(value) < float("inf") else repr(value)  # NaN is not less either; neither is JSON
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if depth and isinstance(value, Mapping):
            pairs = list(value.items())[:ITEM_LIMIT]
            return {self._text(key, VALUE_LIMIT): self._value(item, depth - 1) for key, item in pairs}
        if depth and isinstance(value, list | tuple):
            return [self._value(item, depth - 1) for item in value[:ITEM_LIMIT]]
        return self._text(value, VALUE_LIMIT)


def _forms(secret: str) -> set[str]:
    """What a secret looks like in a text, in a `repr` or JSON that holds it, and in one of those within another."""
    return {form for once in _quoted(secret) for form in _quoted(once)}


def _quoted(text: str) -> set[str]:
    """The text as it is and between quotes; which of the two Python puts around depends on what else is there."""
    in_repr = repr('"' + text)[2:-1]
    in_bytes = repr(b'"' + text.encode(errors="surrogatepass"))[3:-1]
    in_json = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {text, *in_json, *(form for each in (in_repr, in_bytes) for form in (each, each.replace("\\'", "'")))}


def _trace(exc_info: Any) -> str:
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    return "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""


def _as_json(_logger: Any, _method: str, line: Line) -> str:
    first = {key: line.pop(key) for key in ("time", "level", "logger", "event") if key in line}
    return json.dumps({**first, **line}, default=repr).replace("\x7f", "\\u007f")  # the one control byte JSON leaves


def _for_people(_logger: Any, _method: str, line: Line) -> str:
    moment = dt.datetime.fromisoformat(line.pop("time")).astimezone().strftime("%H:%M:%S.%f")[:-3]
    level, logger = line.pop("level"), line.pop("logger", "")
    message, trace = visible(line.pop("event")), line.pop("exception", "")
    values = " ".join(f"{visible(key)}={visible(_plain(value))}" for key, value in line.items())
    said = f"{moment} {level:<8} {message}{'  ' if values else ''}{values}  [{visible(logger)}]"
    return "\n".join([said, *(f"    | {visible(row)}" for row in trace.splitlines())])


def _plain(value: Any) -> str:
    if isinstance(value, str) and value and not re.search(r'[\s"=]', value):
        return value
    return json.dumps(value, ensure_ascii=False, default=repr)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; a call that cannot be formatted costs its text, not a traceback on the stream."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        line = {"level": "error", "event": "a log call failed", "logger": record.name, "line": record.lineno}
        with contextlib.suppress(OSError, ValueError):  # full, closed or gone: there is nowhere to tell it
            self.stream.write(_as_json(None, "", line) + self.terminator)
