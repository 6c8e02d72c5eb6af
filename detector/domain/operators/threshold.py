"""Threshold: a count against bounds; and its simplest case, one event that is enough at once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import Duration
from detector.domain.events import Event, StakeholderUpdated
from detector.domain.measures import Count, Kept, Log, Track
from detector.domain.state import Entry, Episode
from detector.domain.sums import Sum
from detector.domain.verdict import SEVERITIES, Clears, EventDriven, Evidence, Moment, Verdict, earliest

WEEK_MS: Final = 7 * 86_400_000


@final
class UsualWeek(msgspec.Struct, frozen=True):
    """The subject's own weekly mean over `weeks` weeks that end where the measure's window begins.

    At least so many of them must be known.
    """

    name: str
    of: Count | Sum
    weeks: int
    least_weeks: int = 1

    def mean(self, account: Account, before: int, subject: str | None) -> float | None:
        """The mean number a week in the weeks before an instant; None where too few of them are known."""
        since = before - self.weeks * WEEK_MS
        complete = self.of.complete_since(account)
        if complete is not None and complete > since:
            since = complete - 1
        if before - since < WEEK_MS * self.least_weeks:
            return None
        return self.of.total(account, since, before, subject) * WEEK_MS / (before - since)


@final
class Bounds(msgspec.Struct, frozen=True):
    """Conditions of one rung, all of which must hold.

    `at_least` bounds the count, `times_usual` the count in units of the usual week, `share` its part of the account's
    own total; `also` are other counts of the same subject with their least value.
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
        """The events that are counted; each moves the share of every subject."""
        return [(cls, None) for cls in self.measure.log.matcher.alternatives]

    @property
    def measures(self) -> Iterable[Kept]:
        """The logs that are counted in."""
        yield self.measure.log
        if self.usual is not None:
            yield from self.usual.of.kept
        for step in self.steps:
            yield from (count.log for count, _ in step.also)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """The subjects with an entry in the window; the account where it is not counted per subject."""
        return (None,) if self.measure.per is None else self.measure.subjects(account, moment.now)

    def warm(self, account: Account, now: int) -> bool:
        """Whether a usual week is known: of very many events only the latest are kept."""
        return self.usual is None or self.usual.mean(account, now - self.window_ms, None) is not None

    @property
    def window_ms(self) -> int:
        """How far back it counts."""
        return self.measure.window_ms or 0

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON by the highest rung whose bounds all hold at `now`; what is told late may prove that it never held."""
        now = moment.now
        seen = self._seen(account, now, subject)
        verdict = Verdict(level=self._level(account, now, subject, seen))
        limit = max(self.clears_below, (self.clears_below_usual or 0.0) * (seen.usual or 0.0))
        verdict.off = seen.count < (self.clears_below if seen.usual is None else limit)
        verdict.due = self.measure.next_after(account, now, subject)
        if episode is not None and verdict.level == 0 and _is_late(moment, episode):
            then = self._seen(account, episode.opened, subject)
            verdict.superseded = then.usual is not None and self._level(account, episode.opened, subject, then) == 0
            verdict.off = verdict.off or verdict.superseded
        if verdict.level or episode is not None:
            entries = self.measure.entries(account, now - self.window_ms, now, subject)
            if entries:
                verdict.due = earliest(verdict.due, entries[0][0] + self.window_ms)
                verdict.since = entries[-1][0] if episode is None else episode.since
            self._describe(verdict, account, subject, moment, seen, limit)
        return verdict

    def _seen(self, account: Account, at: int, subject: str | None) -> "_Seen":
        usual = 0.0 if self.usual is None else self.usual.mean(account, at - self.window_ms, subject)
        return _Seen(self.measure.value(account, at, subject), usual, self.measure.value(account, at))

    def _level(self, account: Account, at: int, subject: str | None, seen: "_Seen") -> int:
        if seen.usual is None:
            return 0
        level = 0
        for step in self.steps:
            if (
                seen.count >= step.at_least
                and (step.times_usual is None or seen.count >= step.times_usual * seen.usual)
                and (step.share is None or seen.count >= step.share * seen.total)
                and all(other.value(account, at, subject) >= least for other, least in step.also)
            ):
                level = max(level, step.level)
        return level

    def _describe(
        self, verdict: Verdict, account: Account, subject: str | None, moment: Moment, seen: "_Seen", limit: float
    ) -> None:
        days = self.window_ms // 86_400_000
        usual = seen.usual or 0.0
        rows = [Evidence(self.measure.name, seen.count, round(usual, 2), "events", f"{days}d")]
        verdict.numbers = {
            "observed": seen.count,
            "expected": f"{usual:.1f}",
            "total": seen.total,
            "subject": subject or "the account",
        }
        for other in {other.name: other for step in self.steps for other, _ in step.also}.values():
            value = verdict.numbers[other.name] = other.value(account, moment.now, subject)
            rows.append(Evidence(other.name, value, None, "people", f"{days}d"))
        verdict.evidence = tuple(rows)
        most = max(0, -int(-limit // 1) - 1)
        verdict.clears = Clears(f"at most {most} in {days} days", self.measure.name, at_most=most)


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """What is counted: a subject's events in the window and in a usual week (None: unknown), and those of all."""

    count: int
    usual: float | None
    total: int


def _is_late(moment: Moment, episode: Episode) -> bool:
    """Whether the event that asks happened before the alert opened, and was recorded after it."""
    return moment.event is not None and moment.event.occurred_at <= episode.opened < moment.now


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
        """A departure, a change of anybody's role, and any contact: each may concern everybody who has left."""
        own, talks = self.track.matcher.alternatives, self.contact.matcher.alternatives
        classes: tuple[type[Event], ...] = (*own, StakeholderUpdated, *talks)
        return [(cls, None) for cls in dict.fromkeys(classes)]

    @property
    def measures(self) -> Iterable[Kept]:
        """When each person left, and the latest contact with each person."""
        return (self.track, self._talks)

    @property
    def _talks(self) -> Log:
        name = f"{self.contact.name} by person"
        return msgspec.structs.replace(
            self.contact, name=name, fields=("stakeholder_id", "role"), latest_per=("stakeholder_id",)
        )

    def subjects(self, account: Account, moment: Moment) -> Iterable[str]:
        """Everybody who is known to have left."""
        del moment
        return list(account.record.tracks.get(self.track.kind, {}))

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while a person of a listed role is gone and nobody else of that role was spoken with since."""
        assert subject is not None  # noqa: S101 - a departure is always somebody's
        mark = account.record.tracks.get(self.track.kind, {}).get(subject, {}).get(self.track.slot)
        person = account.record.people.get(subject)
        role = account.role_of(subject, None)
        level = self.levels.get(role or "", 0)
        verdict = Verdict(
            off=True, numbers={} if episode is None else {"role": role or "person", "how": "no rule misses that role"}
        )
        if mark is None:
            return Verdict(ended="superseded")  # nothing of it is kept any more
        if level == 0:
            return verdict
        if person is not None and not person.gone:
            verdict.numbers["how"] = "the same person is back"
            return verdict
        left = mark[0] if person is None else person.gone[0]
        until = None if self.lasts is None else self.lasts.after(account.calendar, left)
        spoken = next(
            (entry for entry in self._contacts(account, left) if self._stands_in(account, entry, subject, role)), None
        )
        if spoken is not None:
            verdict.numbers["how"] = f"{spoken[2]} was spoken with on {minute_text(spoken[0])}"
            return verdict
        if until is not None and until <= moment.settled:
            verdict.numbers["how"] = f"it was {self.lasts} ago"
            verdict.by_calendar = True
            return verdict
        return Verdict(
            level=level,
            since=left,
            due=earliest(until),
            evidence=(Evidence(self.name, 1, 0, "people"),),
            numbers={"role": role, "severity": SEVERITIES[level]},
            clears=Clears(f"a two-way contact with another {role}", self.contact.name, at_least=1),
        )

    def _contacts(self, account: Account, after: int) -> list[Entry]:
        log = account.record.logs.get(f"{self.contact.name} by person", [])
        return [entry for entry in log if entry[0] > after]

    def _stands_in(self, account: Account, entry: Entry, subject: str, role: str | None) -> bool:
        who, carried = entry[2], entry[3]
        return who is not None and who != subject and account.role_of(who, carried) == role
