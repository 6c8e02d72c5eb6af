"""Threshold: a count against bounds; and its simplest case, one event that is enough at once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import Duration
from detector.domain.events import Event
from detector.domain.measures import Count, Kept, Log, Track
from detector.domain.state import Episode
from detector.domain.verdict import SEVERITIES, Clears, EventDriven, Evidence, Moment, Verdict, earliest

WEEK_MS: Final = 7 * 86_400_000


@final
class UsualWeek(msgspec.Struct, frozen=True):
    """The subject's own weekly mean over `weeks` weeks that end where the measure's window begins."""

    name: str
    of: Count
    weeks: int

    def mean(self, account: Account, before: int, subject: str | None) -> float:
        """The mean number a week in the weeks before an instant."""
        return len(self.of.entries(account, before - self.weeks * WEEK_MS, before, subject)) / self.weeks


@final
class Bounds(msgspec.Struct, frozen=True):
    """Conditions of one rung, all of which must hold.

    `at_least` bounds the count, `times_usual` the count in units of the usual week, `share` its part of the account's own
    total; `also` are other counts of the same subject with their least value.
    """

    level: int
    at_least: int
    times_usual: float | None = None
    share: float | None = None
    also: tuple[tuple[Count, int], ...] = ()


@final
class Threshold(EventDriven, frozen=True):
    """A count per subject against a ladder of bounds; it clears below `clears_below`, or below so many usual weeks."""

    name: str
    measure: Count
    steps: tuple[Bounds, ...]
    clears_below: int
    clears_below_usual: float | None = None
    usual: UsualWeek | None = None
    kind: str | None = None

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """The events that are counted."""
        return [(cls, self.measure.per) for cls in self.measure.log.matcher.alternatives]

    @property
    def measures(self) -> Iterable[Kept]:
        """The logs that are counted in."""
        yield self.measure.log
        if self.usual is not None:
            yield self.usual.of.log
        for step in self.steps:
            yield from (count.log for count, _ in step.also)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """The subjects with an entry in the window; the account where it is not counted per subject."""
        return (None,) if self.measure.per is None else self.measure.subjects(account, moment.now)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON by the highest rung whose bounds all hold at `now`."""
        now = moment.now
        count = self.measure.value(account, now, subject)
        window = self.measure.window_ms or 0
        usual = self.usual.mean(account, now - window, subject) if self.usual is not None else 0.0
        total = self.measure.value(account, now)
        verdict = Verdict()
        for step in self.steps:
            if (
                count >= step.at_least
                and (step.times_usual is None or count >= step.times_usual * usual)
                and (step.share is None or count >= step.share * total)
                and all(other.value(account, now, subject) >= least for other, least in step.also)
            ):
                verdict.level = max(verdict.level, step.level)
        limit = max(self.clears_below, (self.clears_below_usual or 0.0) * usual)
        verdict.off = count < limit
        if verdict.level or episode is not None:
            entries = self.measure.entries(account, now - window, now, subject)
            if entries:
                verdict.due = entries[0][0] + window
                verdict.since = entries[-1][0] if episode is None else episode.since
            self._describe(verdict, account, subject, moment, (count, usual, total), limit)
        return verdict

    def _describe(
        self, verdict: Verdict, account: Account, subject: str | None, moment: Moment, seen: tuple[int, float, int], limit: float
    ) -> None:
        count, usual, total = seen
        days = (self.measure.window_ms or 0) // 86_400_000
        rows = [Evidence(self.measure.name, count, round(usual, 2), "events", f"{days}d")]
        numbers: dict[str, object] = {"observed": count, "expected": f"{usual:.1f}", "total": total, "subject": subject or "the account"}
        for other in {other.name: other for step in self.steps for other, _ in step.also}.values():
            value = other.value(account, moment.now, subject)
            numbers[other.name] = value
            rows.append(Evidence(other.name, value, None, "people", f"{days}d"))
        verdict.evidence, verdict.numbers = tuple(rows), numbers
        most = max(0, -int(-limit // 1) - 1)
        verdict.clears = Clears(f"at most {most} in {days} days", self.measure.name, at_most=most)


@final
class Departure(EventDriven, frozen=True):
    """One event is enough, at once: a person of a role has left; the ladder is a table by role.

    It clears when there was a contact (`contact`, with its field `stakeholder_id`) with another person of the same role
    after it, or `lasts` after it where one is given; it ends when the person is back.
    """

    name: str
    levels: Mapping[str, int]
    track: Track
    contact: Log
    lasts: Duration | None = None
    kind: str = "stakeholder"

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """The departure itself, and any contact."""
        own: list[tuple[type[Event], str | None]] = [(cls, "stakeholder_id") for cls in self.track.matcher.alternatives]
        return own + [(cls, None) for cls in self.contact.matcher.alternatives]

    @property
    def measures(self) -> Iterable[Kept]:
        """When each person left, and the contacts."""
        return (self.track, self.contact)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str]:
        """Everybody who is known to have left."""
        del moment
        return list(account.record.tracks.get(self.track.kind, {}))

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while a person of a listed role is gone and nobody else of that role was spoken with since."""
        del episode
        assert subject is not None  # noqa: S101 - a departure is always somebody's
        mark = account.record.tracks.get(self.track.kind, {}).get(subject, {}).get(self.track.slot)
        person = account.record.people.get(subject)
        role = account.role_of(subject, None)
        level = self.levels.get(role or "", 0)
        if mark is None or level == 0:
            return Verdict(off=True)
        if person is not None and person.active and person.active_at > mark[1]:
            return Verdict(off=True, superseded=False)
        left = mark[1]
        until = None if self.lasts is None else self.lasts.after(account.calendar, left)
        spoken = any(
            entry[2] is not None and entry[2] != subject and account.role_of(entry[2], entry[3]) == role
            for entry in account.record.logs.get(self.contact.name, [])
            if entry[0] > left
        )
        if spoken or (until is not None and until <= moment.settled):
            return Verdict(off=True)
        return Verdict(
            level=level,
            since=left,
            due=earliest(until),
            evidence=(Evidence(self.name, 1, 0, "people"),),
            numbers={"role": role, "severity": SEVERITIES[level]},
            clears=Clears(f"a two-way contact with another {role}", self.contact.name, at_least=1),
        )
