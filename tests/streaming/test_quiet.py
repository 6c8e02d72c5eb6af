"""The clients may say everything, but not ten thousand times a second."""

import logging

from detector.streaming.quiet import RepeatFilter


def record(text: str, *values: object, level: int = logging.ERROR) -> logging.LogRecord:
    """A log record."""
    return logging.LogRecord("aiokafka.producer", level, "file", 1, text, values, None)


def test_a_line_is_let_through_once_in_its_time_and_then_says_how_many_were_cut() -> None:
    now = [100.0]
    repeats = RepeatFilter(10.0, lambda: now[0])
    assert [repeats.filter(record("lost node %s", at)) for at in range(5)] == [True, False, False, False, False]
    assert repeats.filter(record("another"))
    now[0] += 10
    later = record("lost node %s", 9)
    assert repeats.filter(later)
    assert later.getMessage() == "lost node 9 (and 4 more like it)"


def test_a_critical_line_is_always_let_through() -> None:
    repeats = RepeatFilter(10.0, lambda: 0.0)
    assert all(repeats.filter(record("the end", level=logging.CRITICAL)) for _ in range(3))
