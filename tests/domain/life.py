"""One alert of one account, verdict by verdict, for tests of its life."""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import fingerprint_of
from detector.domain.calendar import Duration
from detector.domain.events import AlertFeedback, Event, OwnerIntroduced
from detector.domain.lifecycle import Step, step
from detector.domain.plan import Action, Rule
from detector.domain.state import Episode
from detector.domain.verdict import EventDriven, Moment, Verdict
from tests.domain.world import MINUTE, T0

GRACE = 2 * MINUTE


class Silent(EventDriven, frozen=True):
    """An operator that is never asked."""

    kind: str | None = None
    by_day: bool = False

    @property
    def daily(self) -> bool:
        return self.by_day

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        return ()

    @property
    def measures(self) -> Iterable[Any]:
        return ()

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        del account, moment
        return (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        del account, subject, moment, episode
        return Verdict()


def rule(**changes: Any) -> Rule:
    plain = Rule(
        id="usage.test", index=0, version=1, family="adoption", operator=Silent(), title="t", explain="e", over="o",
        why="w", action=Action("play", "summary", "csm", Duration(1, "bd")),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


class Life:
    """An account and one alert of it; `at` gives a verdict at a time (ms after T0), by an event or a deadline."""

    def __init__(self, subject: str | None = None, **changes: Any) -> None:
        self.account = Account("default", "acme", "default/acme", hot.new(), None)
        self.rule, self.subject = rule(**changes), subject
        self.episode: Episode | None = None
        self.told: list[tuple[int, str, int]] = []
        self.due: int | None = None

    def at(
        self,
        at: int,
        level: int = 0,
        *,
        off: bool = False,
        by_deadline: bool = False,
        event: Event | None = None,
        **more: Any,
    ) -> Step:
        now = T0 + at
        if event is None and not by_deadline:
            event = OwnerIntroduced(event_id="e", account_id="acme", occurred_at=now, owner_id="o")
        moment = Moment(now, now if by_deadline else now - GRACE, T0, T0, event)
        came = step(
            self.account, self.rule, self.subject, self.episode, Verdict(level=level, off=off, **more), moment, "touch"
        )
        self.episode, self.due = came.episode, None if came.due is None else came.due - T0
        if came.transition is not None and came.episode is not None:
            self.told.append((at, came.transition, came.episode.severity))
        return came

    def says(
        self,
        at: int,
        disposition: str,
        level: int = 0,
        *,
        off: bool = False,
        happened: int | None = None,
        by_fingerprint: bool = False,
        snooze_until: int | None = None,
        **more: Any,
    ) -> Step:
        """Feedback on the alert at a time, said then or `happened` earlier, while the verdict is the given one."""
        assert self.episode is not None
        name = self.episode.alert_id
        if by_fingerprint:
            name = fingerprint_of("default", "acme", self.rule.id, self.episode.kind, self.subject)
        said = AlertFeedback(
            event_id="f", account_id="acme", occurred_at=T0 + (at if happened is None else happened), alert_id=name,
            disposition=disposition,  # type: ignore[arg-type]
           snooze_until=snooze_until,
        )  # fmt: skip
        return self.at(at, level, off=off, event=said, **more)

    @property
    def resolution(self) -> str | None:
        return None if self.episode is None else self.episode.resolution
