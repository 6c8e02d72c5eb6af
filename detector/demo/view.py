"""What is to be seen at one moment of the show; the screens show it, each in its own way."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from detector.demo.ledger import COMPANY, Alert, Case, Ledger
from detector.demo.story import Story

COLOURS: Final = {"info": "dim", "watch": "cyan", "warn": "yellow", "high": "bright_red", "critical": "bold magenta"}

NEWS: Final = frozenset({"opened", "escalated", "reopened", "resolved"})
"""The transitions that are shown as they come; the others are counted."""


@dataclass(slots=True)
class View:
    """The moment: what is being done, how far the worker is, and everything that was read."""

    until: datetime
    step: str = "starting"
    total: int = 0
    applied: int = 0
    rate: float = 0.0
    """Events/s of the last seconds; 0 when nothing moves."""
    over: bool = False
    """Whether nothing more will come of the history."""
    ledger: Ledger = field(default_factory=Ledger)
    news: list[Alert] = field(default_factory=list)
    """What is worth a line: the company's alerts, and of the course the first of each rule; the latest last."""
    live: list[str] = field(default_factory=list)
    """What was seen on live topics, a line each."""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the show began."""
        return time.monotonic() - self.began

    def hear(self, bodies: list[bytes]) -> None:
        """Enter alerts that were read."""
        for body in bodies:
            alert = self.ledger.add(body)
            if alert.transition in NEWS and (alert.tenant_id == COMPANY or self.ledger.first_of_rule(alert)):
                self.news.append(alert)


class Screen(Protocol):
    """Whoever shows the view."""

    def changed(self) -> None:
        """Hear that the view has changed."""


def state_of(alert: Alert) -> str:
    """How bad it is, or how it ended, in a word."""
    return alert.resolution or alert.severity if alert.transition == "resolved" else alert.severity


def standing(story: Story, case: Case | None, *, over: bool) -> tuple[str, str, str]:
    """A story's mark, its state in words, and its colour; `over`: nothing more will come."""
    if case is None:
        if story.quiet:
            return "○", "quiet", "green" if over else "dim"
        return ("✗", "missed", "red") if over else ("·", "", "dim")
    last = case.last
    state = f"{state_of(last)} {last.rule_id}"
    if last.rule_id not in story.rule_ids:
        return "!", state, "yellow"
    if case.ended:
        return "◐", state, "green"
    return "●", state, COLOURS[last.severity]
