"""Holds libraries back that say the same thing ten thousand times a second while a broker is down."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

NOISY: Final = ("aiokafka", "asyncio", "faust", "kafka", "mode")
"""Loggers of libraries, with all below them; our own lines are never held back."""

VERBATIM: Final = ("aiokafka.conn", "kafka.net.connection")
"""Loggers that write requests and answers whole at debug: events, state, logins. That is never written."""

SERVICE: Final = "[^"
"""So begins what mode says of a service, in the name of the module that the service stands in."""

WINDOW_SECONDS: Final = 10.0
SAME_LINES: Final = 3
LOGGER_LINES: Final = 50


class RateLimit(logging.Filter):
    """Lets a few equal lines of a noisy library through in each window, and a bounded number of any lines.

    What a library says below the level `least` is dropped, and what would show payloads at any level.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, least: int = logging.WARNING) -> None:
        super().__init__()
        self._least = least
        self._clock = clock
        self._lock = threading.Lock()
        self._window = -1.0
        self._seen: dict[tuple[str, str], int] = {}
        self._held: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether this line is written; one that is carries how many of its logger's were not."""
        if not (record.name.partition(".")[0] in NOISY or str(record.msg).startswith(SERVICE)):
            return True
        if record.levelno < self._least or (record.levelno < logging.WARNING and record.name in VERBATIM):
            return False
        with self._lock:
            window = self._clock() // WINDOW_SECONDS
            if window != self._window:
                self._window = window
                self._seen.clear()
            lines = self._count(record.name, "")
            # the second is not counted for a logger that is over its limit, so the table is bounded
            if lines > LOGGER_LINES or self._count(record.name, str(record.msg)) > SAME_LINES:
                self._held[record.name] = self._held.get(record.name, 0) + 1
                return False
            if held := self._held.pop(record.name, 0):
                record.held_back = held
            return True

    def _count(self, name: str, template: str) -> int:
        count = self._seen[name, template] = self._seen.get((name, template), 0) + 1
        return count
