"""Whoever does no work, and would after a restart, ends by itself: not every supervisor asks the probes."""

import logging
import threading

import pytest

from detector.streaming.health import Answer
from detector.streaming.watchdog import Watchdog

HANGING_SECONDS = 30


class Probe:
    """Gives these answers, and the last one for ever; `asked` counts."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.ended = threading.Event()
        self.codes: list[int] = []

    def __call__(self) -> Answer:
        self.asked += 1
        ok = self.answers[min(self.asked, len(self.answers)) - 1]
        return Answer(ok, "working" if ok else "event_loop_hangs")

    def end(self, code: int) -> None:
        self.codes.append(code)
        self.ended.set()


def watch(probe: Probe, patience: int) -> Watchdog:
    watchdog = Watchdog(probe, probe.end, patience=patience, pause=0.001)
    watchdog.start()
    return watchdog


def test_a_worker_that_hangs_ends_with_70_and_says_where(caplog: pytest.LogCaptureFixture) -> None:
    probe = Probe(True, False)
    watch(probe, 5)
    assert probe.ended.wait(HANGING_SECONDS)
    assert probe.codes == [70]
    assert probe.asked == 1 + 5
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(told) == 2
    assert all("event_loop_hangs" in line and "test_watchdog.py" in line for line in told)


def test_a_worker_that_was_stopped_and_goes_on_is_given_its_chance() -> None:
    """SIGSTOP and SIGCONT: however long that was, it is one answer."""
    probe = Probe(*[False, False, True] * 5, False)
    watch(probe, 4)
    assert probe.ended.wait(HANGING_SECONDS)
    assert probe.asked == 15 + 4


def test_after_the_end_nobody_watches() -> None:
    probe = Probe(True)
    watch(probe, 1).stop()
    probe.answers = [False]
    assert not probe.ended.wait(0.1)


def test_a_log_that_hangs_keeps_nobody_from_ending(caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()

    class Stuck(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            del record
            gate.wait(HANGING_SECONDS)

    log = logging.getLogger("detector.streaming.watchdog")
    handler = Stuck()
    log.addHandler(handler)
    try:
        probe = Probe(False)
        watch(probe, 1)
        assert probe.ended.wait(HANGING_SECONDS)
    finally:
        gate.set()
        log.removeHandler(handler)
