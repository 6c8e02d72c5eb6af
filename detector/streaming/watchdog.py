"""A thread that ends the process when it does no work and a restart would help: not every supervisor asks `/livez`."""

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final

from detector.errors import INTERNAL
from detector.streaming.health import Answer

PATIENCE_SECONDS: Final = 30
"""So long `/livez` says 503 before: whoever asks it has seen the reason by then."""

_log = logging.getLogger(__name__)


class Watchdog:
    """Asks `live` once in `pause` seconds, and calls `end` with 70 when it was no for `patience` times in a row.

    Answers are counted and not seconds, so that a process that was stopped and goes on gets its chance.
    """

    def __init__(
        self,
        live: Callable[[], Answer],
        end: Callable[[int], object],
        *,
        patience: int = PATIENCE_SECONDS,
        pause: float = 1.0,
    ) -> None:
        self._live, self._end = live, end
        self._patience, self._pause = patience, pause
        self._over = threading.Event()
        self._watched = threading.current_thread().ident

    def start(self) -> None:
        """Begin to watch the thread that calls this."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()

    def _run(self) -> None:
        failed = 0
        while not self._over.wait(self._pause):
            answer = self._live()
            failed = 0 if answer.ok else failed + 1
            if failed == 1:
                _say(logging.ERROR, f"not alive: {answer.reason}, at {self._place()}")
            if failed >= self._patience:
                said = f"not alive for too long: {answer.reason}, at {self._place()}"
                _say(logging.CRITICAL, f"{said}: the worker ends with {INTERNAL}; start it again")
                self._end(INTERNAL)
                return

    def _place(self) -> str:
        """Where the watched thread is, innermost call first."""
        frame = sys._current_frames().get(self._watched or 0)  # noqa: SLF001 - there is no other way to see it
        calls = traceback.extract_stack(frame, limit=12)[::-1] if frame else []
        return " < ".join(f"{call.filename.rpartition('/')[2]}:{call.lineno} {call.name}" for call in calls[:6])


def _say(level: int, words: str) -> None:
    """Log it, but wait no longer than two seconds: the log itself may be what hangs."""
    saying = threading.Thread(target=_log.log, args=(level, "%s", words), daemon=True)
    saying.start()
    saying.join(2)
