"""The process ends at once, with one line and a code that says whose fault it was."""

import errno
import logging
import threading

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    ProducerFenced,
    TopicAuthorizationFailedError,
)

from detector.domain.versions import StateError
from detector.errors import CONFIG, DetectorError
from detector.streaming.ending import Ending, exit_code
from detector.streaming.observer import Silence


class Ear(Silence):
    """Remembers why it ended."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def failed(self, reason: str) -> None:
        """Remember it."""
        self.reasons.append(reason)


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (ProducerFenced(), 75, "fenced"),
        (KafkaConnectionError("gone"), 75, "checkpoint"),
        (TimeoutError(), 75, "checkpoint"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), 75, "checkpoint"),
        (OSError(errno.ENOSPC, "No space left on device"), 74, "checkpoint"),
        (OSError(errno.EMFILE, "Too many open files"), 74, "checkpoint"),
        (GroupAuthorizationFailedError("app"), 77, "authorization"),
        (TopicAuthorizationFailedError("usage"), 77, "authorization"),
        (DetectorError("a newer state", CONFIG), 78, "checkpoint"),
        (MessageSizeTooLargeError("alerts"), 70, "internal"),
        (ValueError("a bug"), 70, "internal"),
        (StateError("unreadable"), 78, "checkpoint"),
        (StateError("version 2, this release reads 1: start a newer release", newer=True), 78, "checkpoint"),
    ],
)
def test_the_first_failure_ends_it_and_says_why(
    error: Exception, code: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    exits: list[int] = []
    ear = Ear()
    ending = Ending(ear, exits.append)
    ending.abandon("the checkpoint of partition 3", error)
    ending.abandon("something later", ValueError())
    assert exits == [code] == [exit_code(error)]
    assert ear.reasons == [reason]
    (record,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert record.getMessage().startswith("the checkpoint of partition 3 failed")
    assert "\n" not in record.getMessage()


def test_what_hangs_is_ended_by_the_watchdog() -> None:
    ended = threading.Event()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        ended.set()

    Ending(Silence(), leave).watch(0.0)
    assert ended.wait(10)
    assert codes == [75]


def test_the_watchdog_can_be_called_off() -> None:
    codes: list[int] = []
    timer = Ending(Silence(), codes.append).watch(60.0)
    timer.cancel()
    timer.join(10)
    assert codes == []


def test_what_hangs_after_everything_is_durable_is_ended_with_the_code_of_the_stop() -> None:
    ended = threading.Event()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        ended.set()

    ending = Ending(Silence(), leave)
    ending.outcome = 0
    ending.watch(0.0)
    assert ended.wait(10)
    assert codes == [0]
