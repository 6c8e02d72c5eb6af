"""Keeps the clients from flooding the log: aiokafka repeats itself thousands of times a second in an outage."""

import logging
from time import monotonic
from typing import Final

_LOGGERS: Final = ("aiokafka", "faust", "mode")
_SECONDS: Final = 10.0
_KEPT: Final = 256


class RepeatFilter(logging.Filter):
    """Lets each message template through once in `seconds` (monotonic clock); with the next one, how many were cut."""

    def __init__(self, seconds: float = _SECONDS, clock: object = monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock if callable(clock) else monotonic
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is logged."""
        if record.levelno >= logging.CRITICAL:
            return True
        key = (record.name, str(record.msg)[:80])
        now = float(self._clock())
        at, cut = self._seen.get(key, (now - self._seconds, 0))
        if now - at < self._seconds:
            self._seen[key] = (at, cut + 1)
            return False
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        self._seen[key] = (now, 0)
        if cut:
            record.msg = f"{record.getMessage()} (and {cut} more like it)"
            record.args = ()
        return True


def limit_repeats() -> None:
    """Put the filter before every handler of the root logger, for the clients' loggers only."""
    repeats = RepeatFilter()

    def only_clients(record: logging.LogRecord) -> bool:
        return not record.name.startswith(_LOGGERS) or repeats.filter(record)

    for handler in logging.getLogger().handlers:
        handler.addFilter(only_clients)
