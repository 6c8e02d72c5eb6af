"""How the process ends when it must not go on: at once, with one line that says why, and a fitting exit code."""

import contextlib
import errno
import logging
import os
import sys
import threading
from collections.abc import Callable

from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
    RecordListTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from detector.domain.versions import StateError
from detector.errors import AUTH, CONFIG, INTERNAL, IO, TEMPORARY, DetectorError
from detector.streaming.observer import Observer

_log = logging.getLogger(__name__)
REFUSALS = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
"""What the broker answers to whoever may not come in or has no right."""
_OURS = (MessageSizeTooLargeError, RecordListTooLargeError)
"""What we sent was wrong: the same is sent after every restart."""

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE})
"""What a file or the limits of this machine say; every other OSError is the network's."""

_ADVICE = {
    TEMPORARY: "start it again, it goes on from the last checkpoint",
    AUTH: "`detector topics acls --only worker` lists the rights it needs",
}

Exit = Callable[[int], object]


class Ending:
    """Ends the process: memory that may be ahead of the log is never trusted again."""

    def __init__(self, observer: Observer, exit_process: Exit = os._exit) -> None:
        self.observer = observer
        self.exit_process = exit_process
        self.code: int | None = None
        """The exit code, once it was decided that the worker must not go on."""
        self.outcome: int | None = None
        """The exit code of a stop in order, once everything is durable."""

    def abandon(self, what: str, error: BaseException) -> None:
        """Log what failed and end with the code that fits the error; nothing that comes later is waited for.

        74 for a file or disk, 75 for the broker and failed transactions, 77 for a missing right, what a DetectorError
        says, else 70.
        """
        if self.code is not None:
            return
        self.code = exit_code(error)
        self.observer.failed(_reason(error))
        self.observer.readiness(ready=False, reason="failed")
        if self.code == INTERNAL:
            _log.critical("%s failed: a bug or a broken state; the worker ends with 70", what, exc_info=error)
        else:
            advice = _ADVICE.get(self.code, "see to it first")
            said = str(error) or repr(error)
            _log.critical("%s failed: %s — the worker ends with %d; %s", what, said, self.code, advice)
        self._leave(self.code)

    def watch(self, seconds: float) -> threading.Timer:
        """Start the watchdog that ends the process unless it is cancelled within `seconds`.

        It ends with `outcome` where that was reached: what hangs then only keeps the process from leaving.
        """
        timer = threading.Timer(seconds, self._overdue, (seconds,))
        timer.daemon = True
        timer.start()
        return timer

    def _overdue(self, seconds: float) -> None:
        code = TEMPORARY if self.outcome is None else self.outcome
        _log.critical("the worker has not stopped within %.0f s: it is ended with %d", seconds, code)
        self._leave(code)

    def _leave(self, code: int) -> None:
        for handler in logging.getLogger().handlers:
            handler.flush()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        self.exit_process(code)


def exit_code(error: BaseException) -> int:
    """The exit code of sysexits.h that fits the error."""
    if isinstance(error, DetectorError):
        return error.exit_code
    if isinstance(error, StateError):
        return CONFIG
    if isinstance(error, REFUSALS):
        return AUTH
    if isinstance(error, OSError) and error.errno in _DISK:
        return IO
    if isinstance(error, KafkaError | OSError | TimeoutError) and not isinstance(error, _OURS):
        return TEMPORARY
    return INTERNAL


def _reason(error: BaseException) -> str:
    if isinstance(error, ProducerFenced):
        return "fenced"
    if isinstance(error, REFUSALS):
        return "authorization"
    return "internal" if exit_code(error) == INTERNAL else "checkpoint"
