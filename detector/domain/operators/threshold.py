"""Threshold: a count, a share or a level against bounds; and a departure, which is enough at once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import DAY_MS, Duration
from detector.domain.conditions import Condition, Within, holds
from detector.domain.events import Event, StakeholderUpdated
from detector.domain.hot import NEVER
from detector.domain.levels import Ahead, Largest
from detector.domain.measures import Count, Kept, Level, Log, Mark, Measure, Track
from detector.domain.state import Entry, Episode
from detector.domain.sums import Sum
from detector.domain.verdict import GRACE_MS, SEVERITIES, Clears, EventDriven, Evidence, Moment, Verdict, earliest
from detector.domain.wording import amount

WEEK_MS: Final = 7 * DAY_MS


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

    def next_fall(
        self, account: Account, before: int, subject: str | None, value: Level, times: Collection[float]
    ) -> int | None:
        """The next instant for which it is known at last, or is less, by time alone; None: never.

        Where it is known of a part of the weeks only it falls all the time: then the instant from which on a value is
        no less than so many `times` of it.
        """
        span, found = self.weeks * WEEK_MS, list[int]()
        since, complete = before - span, self.of.complete_since(account)
        if complete is not None and complete > since:
            since = complete - 1
            known = since + WEEK_MS * self.least_weeks
            if before < known:
                return known if known < NEVER else None
            if value and not isinstance(value, str):
                total = self.of.total(account, since, before, subject)
                found = [since + int(factor * total * WEEK_MS / value) + 1 for factor in times]
        oldest = self.of.oldest(account, since, before, subject)
        return min((at for at in (*found, before if oldest is None else oldest + span) if at > before), default=None)


@final
class FromDate(msgspec.Struct, frozen=True):
    """Judged from so long after the first event of a mark on, or after the account's start where there is none.

    An account that was known only later is judged from so long after that: nobody could have told before.
    """

    after: Duration
    mark: Mark | None = None

    def at(self, account: Account, moment: Moment) -> int | None:
        """The instant, by the account's calendar; None where nothing is known of the event."""
        began = (
            max(account.start(moment.first_event), moment.first_seen)
            if self.mark is None
            else account.first(self.mark.name)
        )
        return None if began is None else self.after.after(account.calendar, began)


@final
class Rung(msgspec.Struct, frozen=True):
    """Conditions of one rung, all of which must hold.

    `own` bounds the measure, `times_usual` the same in units of the usual week, `share` its part of the account's own
    total; `when` are conditions beside it.
    """

    level: int
    own: Within
    times_usual: float | None = None
    share: float | None = None
    when: tuple[Condition, ...] = ()


@final
class Way(msgspec.Struct, frozen=True):
    """One way to clear: the measure within `own`, below so many usual weeks, and whatever `when` asks for."""

    own: Within | None = None
    below_usual: float | None = None
    when: tuple[Condition, ...] = ()


@final
class Threshold(EventDriven, frozen=True):
    """A measure against a ladder of bounds, of each subject or of the account, perhaps only from a date on.

    It clears in any of its `ways`; with `not_so` once no rung holds any more; with `lasts_ms` so long after the last
    event with which one held, by the calendar alone. What is not known neither opens nor clears anything. `shown` are
    measures that explanations name. `rises_only`: but for a share and a usual week only an event can bring it about,
    never the passing of time. `holds_ms` is how long it must hold before it opens. With `by_day` it is judged once a
    day (R2.6).

    What others add to the account's own total takes from a share: one that was reached within the grace counts, for
    events of one moment may come in any order.
    """

    name: str
    measure: Measure
    steps: tuple[Rung, ...]
    ways: tuple[Way, ...] = ()
    not_so: bool = False
    lasts_ms: int | None = None
    usual: UsualWeek | None = None
    kind: str | None = None
    since: FromDate | None = None
    shown: tuple[Measure, ...] = ()
    rises_only: bool = False
    holds_ms: int = 0
    by_day: bool = False

    @property
    def daily(self) -> bool:
        """Once a day, where the row says so."""
        return self.by_day

    def needs_record(self, account: Account) -> bool:
        """Whether there is something to judge by the day: the date from which on it is judged has begun to run."""
        mark = None if self.since is None else self.since.mark
        return self.by_day and (mark is None or account.first(mark.name) is not None)

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """What moves the measure or a condition, or begins the date; each may concern every subject."""
        if self.by_day:
            return ()
        classes = [*self.measure.classes, *(cls for one in self._conditions() for cls in one.classes)]
        if self.since is not None and self.since.mark is not None:
            classes += self.since.mark.matcher.alternatives
        return [(cls, None) for cls in dict.fromkeys(classes)]

    def _conditions(self) -> list[Condition]:
        """Every condition of its rungs and ways but the bounds of the measure itself."""
        return [one for step in self.steps for one in step.when] + [one for way in self.ways for one in way.when]

    @property
    def measures(self) -> Iterable[Kept]:
        """What the measure and the conditions keep, the usual week and the date."""
        yield from self.measure.kept
        if self.usual is not None:
            yield from self.usual.of.kept
        if self.since is not None and self.since.mark is not None:
            yield self.since.mark
        for one in self._conditions():
            yield from one.kept
        for measure in self.shown:
            yield from measure.kept

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """The subjects with an entry in the window; the account where it is not counted per subject."""
        measure = self.measure
        if isinstance(measure, Count) and measure.per is not None:
            return measure.subjects(account, moment.now)
        return (None,)

    @property
    def history_days(self) -> int | None:
        """A usual week may be known from the first day on: then it is none."""
        return None if self.usual is None else 0

    def warm(self, account: Account, now: int) -> bool:
        """Whether a usual week is known: of very many events only the latest are kept."""
        return self.usual is None or self.usual.mean(account, now - self.window_ms, None) is not None

    @property
    def window_ms(self) -> int:
        """How far back it counts."""
        return _window_ms(self.measure)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON by the highest rung whose bounds all hold at `now`; what is told late may prove that it never held."""
        start = -1 if self.since is None else self.since.at(account, moment)
        if start is None or start > moment.settled:
            due = None if self.by_day else start
            return Verdict(off=True, superseded=True, due=due, how="it is too early to tell")
        seen = self._seen(account, moment.now, subject)
        verdict = Verdict(level=self._level(account, moment, subject, seen))
        verdict.off = verdict.level == 0 and self._clears(account, moment, subject, seen)
        reached = -1
        if verdict.level == 0 and moment.event is not None and self._by_share:
            known = 0 if episode is None else episode.level
            verdict.level, reached = self._reached(account, moment, subject, moment.now, known)
        if verdict.level == 0 and episode is not None and self.lasts_ms is not None:
            self._run_out(verdict, account, subject, moment, self.lasts_ms)
        if episode is not None and verdict.level == 0 and self._is_late(moment, episode):
            then = episode.opened - self.holds_ms
            known = self._seen(account, then, subject).usual is not None
            verdict.superseded = known and self._reached(account, moment, subject, then)[0] == 0
            verdict.off = verdict.off or verdict.superseded
        verdict.due = earliest(
            verdict.due, self._due(account, subject, moment, seen, idle=not verdict.level and episode is None)
        )
        if verdict.level or episode is not None:
            verdict.since = self._began(account, subject, moment, episode) if reached < 0 else reached
            self._describe(verdict, account, subject, moment, seen)
        return verdict

    @property
    def _by_share(self) -> bool:
        return any(step.share is not None for step in self.steps)

    def _seen(self, account: Account, at: int, subject: str | None) -> "_Seen":
        usual = 0.0 if self.usual is None else self.usual.mean(account, at - self.window_ms, subject)
        total = self.measure.value(account, at) if self._by_share else None
        return _Seen(self.measure.value(account, at, subject), usual, total)

    def _level(self, account: Account, moment: Moment, subject: str | None, seen: "_Seen") -> int:
        if seen.usual is None:
            return 0
        level = 0
        for step in self.steps:
            if (
                step.own.admits(seen.value)
                and _at_least(seen.value, step.times_usual, seen.usual)
                and _at_least(seen.value, step.share, seen.total)
                and all(holds(one, account, moment, subject) for one in step.when)
            ):
                level = max(level, step.level)
        return level

    def _clears(self, account: Account, moment: Moment, subject: str | None, seen: "_Seen") -> bool:
        """Whether it clears in one of its ways."""
        if self.not_so and seen.value is not None:
            return True
        return any(
            (way.own is None or way.own.admits(seen.value))
            and (way.below_usual is None or not _at_least(seen.value, way.below_usual, seen.usual))
            and all(holds(one, account, moment, subject) for one in way.when)
            for way in self.ways
        )

    def _reached(
        self, account: Account, moment: Moment, subject: str | None, until: int, above: int = 0
    ) -> tuple[int, int]:
        """The last instant up to `until` with a level above one, and that level; a share is looked at within the grace.

        (0, -1) where there is none.
        """
        instants = [until]
        if isinstance(self.measure, Count | Sum) and self._by_share:
            begin = until - GRACE_MS
            instants = [begin, *self.measure.times(account, begin, until, None), until]
        for at in reversed(instants):
            value = self.measure.value(account, at, subject)
            if not any(step.own.admits(value) for step in self.steps):
                continue
            then = msgspec.structs.replace(moment, now=at)
            level = self._level(account, then, subject, self._seen(account, at, subject))
            if level > above:
                return level, at
        return 0, -1

    def _run_out(self, verdict: Verdict, account: Account, subject: str | None, moment: Moment, lasts: int) -> None:
        """Look back for the last event with which a rung held: so long after it, it is over."""
        assert isinstance(self.measure, Count | Sum)  # noqa: S101 - the compiler asks for no other
        for at in reversed(self.measure.times(account, moment.settled - lasts, moment.now, subject)):
            then = msgspec.structs.replace(moment, now=at)
            if self._level(account, then, subject, self._seen(account, at, subject)):
                verdict.due = at + lasts
                return
        verdict.off = verdict.by_calendar = True

    def _is_late(self, moment: Moment, episode: Episode) -> bool:
        """Whether the event that asks happened before the alert opened, came after it, and can be looked at."""
        return (
            isinstance(self.measure, Count | Sum | Ahead)
            and moment.event is not None
            and moment.event.occurred_at <= episode.opened <= moment.now
        )

    def _due(self, account: Account, subject: str | None, moment: Moment, seen: "_Seen", *, idle: bool) -> int | None:
        """When it may be otherwise though nothing comes."""
        if self.by_day or (idle and self.since is not None):
            return None  # it is judged by the day; or was judged at its date, and later only where something comes
        beside = self._next_beside(account, subject, moment, seen, idle=idle)
        if idle and self.rises_only and isinstance(self.measure, Count | Sum):
            return earliest(self.measure.next_after(account, moment.now, subject), beside)
        changes = [one.held(account, moment, subject).due for one in self._conditions()]
        return earliest(self.measure.next_change(account, moment.now, subject), beside, *changes)

    def _next_beside(
        self, account: Account, subject: str | None, moment: Moment, seen: "_Seen", *, idle: bool
    ) -> int | None:
        """When the account's own total or the usual week may be less; of none that is idle, and too few anyway."""
        steps = [step for step in self.steps if not idle or step.own.admits(seen.value)]
        total = usual = None
        if any(step.share is not None for step in steps):
            total = self.measure.next_change(account, moment.now)
        if self.usual is not None and steps:
            bounds = [*(step.times_usual for step in steps), *(way.below_usual for way in self.ways)]
            times = [bound for bound in bounds if bound is not None]
            usual = self.usual.next_fall(account, moment.now - self.window_ms, subject, seen.value, times)
        return earliest(total, None if usual is None else usual + self.window_ms)

    def _began(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> int:
        """Since when it is so: the last event that is counted, or as long as it must have held."""
        if episode is not None:
            return episode.since
        if isinstance(self.measure, Count | Sum) and not self.holds_ms:
            times = self.measure.times(account, moment.now - self.window_ms, moment.now, subject)
            return times[-1] if times else moment.now
        return moment.now - self.holds_ms

    def _describe(self, verdict: Verdict, account: Account, subject: str | None, moment: Moment, seen: "_Seen") -> None:
        usual = seen.usual or 0.0
        bound = self._bound(account, moment, subject)
        expected = round(usual, 2) if self.usual is not None else bound
        rows = [Evidence(self.measure.name, seen.value, expected, self.measure.unit, _window(self.measure))]
        verdict.numbers = {
            "observed": _shown(self.measure, seen.value),
            "expected": f"{usual:.1f}" if self.usual is not None else _shown(self.measure, bound),
            "total": seen.total,
            "subject": subject or "the account",
            "how": verdict.how,
        }
        for other in self.shown:
            value = other.value(account, moment.now, subject)
            verdict.numbers[other.name] = _shown(other, value)
            rows.append(Evidence(other.name, value, None, other.unit, _window(other)))
        verdict.evidence = tuple(rows)
        verdict.clears = self._says(usual)

    def _bound(self, account: Account, moment: Moment, subject: str | None) -> float | None:
        """The nearest bound of the measure among the rungs whose other conditions hold: what would be as expected."""
        asked = [step.own for step in self.steps if all(holds(one, account, moment, subject) for one in step.when)]
        most = [bound for own in asked for bound in (own.below, own.at_most) if bound is not None]
        least = [bound for own in asked for bound in (own.at_least, own.above) if bound is not None]
        return max(most) if most else min(least, default=None)

    def _says(self, usual: float) -> Clears:
        """What clears it, in words; with a number where one will do."""
        window = f" in {_window(self.measure)}" if self.window_ms else ""
        if self.lasts_ms is not None:
            return Clears(f"{amount(self.lasts_ms // DAY_MS, 'day')} without another one", self.measure.name)
        limits = [way.own.below for way in self.ways if way.own is not None and way.own.below is not None]
        limits += [way.below_usual * usual for way in self.ways if way.below_usual is not None]
        if limits and isinstance(self.measure, Count | Sum):
            most = max(0, -int(-max(limits) // 1) - 1)
            return Clears(f"at most {most}{window}", self.measure.name, at_most=most)
        for own in (way.own for way in self.ways if way.own is not None):
            if own.at_least is not None:
                return Clears(f"{_shown(self.measure, own.at_least)} or more{window}", own.measure.name, own.at_least)
            if own.below is not None:
                return Clears(f"under {_shown(self.measure, own.below)}{window}", own.measure.name, at_most=own.below)
        return Clears("what opened it being so no more", self.measure.name)


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """What is read: a subject's measure, its usual week (None: unknown), and the measure of all (None: not asked)."""

    value: Level
    usual: float | None
    total: Level


def _at_least(value: Level, times: float | None, of: Level) -> bool:
    """Whether a value is at least so many times another; true where that is not asked."""
    return times is None or (
        not isinstance(value, str) and not isinstance(of, str) and value is not None and value >= times * (of or 0)
    )


def _window_ms(measure: Measure) -> int:
    of = measure.of if isinstance(measure, Largest) else measure
    return (of.window_ms or 0) if isinstance(of, Count | Sum) else 0


def _window(measure: Measure) -> str | None:
    days = _window_ms(measure) // DAY_MS
    return f"{days}d" if days else None


def _shown(measure: Measure, value: Level) -> Level:
    """A value for people: a share in percent, other numbers as they are."""
    if value is None:
        return "an unknown number of" if measure.unit != "share" else "an unknown share"
    if isinstance(value, str) or measure.unit != "share":
        return f"{value:g}" if isinstance(value, float) else value
    return f"{100 * value:.0f}%"


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
        return self.track.subjects(account)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while a person of a listed role is gone and nobody else of that role was spoken with since."""
        assert subject is not None  # noqa: S101 - a departure is always somebody's
        gone = self.track.times(account, subject)
        person = account.record.people.get(subject)
        role = account.role_of(subject, None)
        level = self.levels.get(role or "", 0)
        verdict = Verdict(
            off=True, numbers={} if episode is None else {"role": role or "person", "how": "no rule misses that role"}
        )
        if not gone:
            return Verdict(ended="superseded")  # nothing of it is kept any more
        if level == 0:
            return verdict
        if person is not None and not person.gone:
            verdict.numbers["how"] = "the same person is back"
            return verdict
        left = gone[0] if person is None else person.gone[0]
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
