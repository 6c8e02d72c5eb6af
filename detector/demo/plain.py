"""The show in plain lines, for a file or a pipe: each step, each alert that is news, now and then how far it is."""

import time
from collections.abc import Callable
from typing import Final

from rich.console import Console

from detector.demo.ledger import COMPANY, COURSE, Alert
from detector.demo.view import View, state_of

EVERY_SECONDS: Final = 4.0
"""Between two lines of progress, by `clock`."""


class PlainScreen:
    """Writes what is new in the view, each time it hears of a change."""

    def __init__(self, console: Console, view: View, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._view, self._clock = console, view, clock
        self._step = ""
        self._news = self._live = 0
        self._said = clock()

    def changed(self) -> None:
        """Write what is new."""
        view = self._view
        if view.step != self._step:
            self._step = view.step
            self._write(f"{view.seconds:4.0f} s  {view.step}")
        for alert in view.news[self._news :]:
            self._write(_line(alert))
        for line in view.live[self._live :]:
            self._write(f"{view.seconds:4.0f} s  {line}")
        self._news, self._live = len(view.news), len(view.live)
        if view.applied and not view.over and self._clock() - self._said >= EVERY_SECONDS:
            self._said = self._clock()
            self._write(self._progress())

    def _progress(self) -> str:
        view = self._view
        company, course = (len(view.ledger.of_tenant(tenant)) for tenant in (COMPANY, COURSE))
        rate = f", {view.rate:,.0f}/s" if view.rate else ""
        return (
            f"{view.seconds:4.0f} s  {view.applied:,} of {view.total:,} events{rate};"
            f" alerts so far: {company} of the company, {course} of the course"
        )

    def _write(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _line(alert: Alert) -> str:
    who = f"{state_of(alert):<10} {alert.account_id:<21} {alert.rule_id}"
    return f"{alert.detected_at:%Y-%m-%d %H:%M}  {who}: {alert.explanation}"
