"""Trend: the value index against its own past, as it stood at the end of each UTC day before (R2.6).

Values are tenths of a point. A window of n days that ends with a day includes both.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from math import ceil
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS, MONDAY_TO_FRIDAY, Week
from detector.domain.events import Event
from detector.domain.history import KEPT_DAYS, NONE, days_until, value_on, values
from detector.domain.state import Episode, Standing
from detector.domain.verdict import Clears, Evidence, Moment, Verdict
from detector.domain.wording import amount

TOP: Final = 1000
NAMES: Final = frozenset({"observed", "expected", "points", "days", "course", "outlook"})
"""What its explanations may name."""


@final
class Past(msgspec.Struct, frozen=True):
    """What a trend is judged by: `values` of the last days, the latest last; `mean` and `opened` of an open episode.

    `mean` is that of the plateau that opened it, `opened` how many days ago, both None without one; `lows` are those of
    ended episodes of the rules that are asked about.
    """

    values: Sequence[int]
    mean: int | None = None
    opened: int | None = None
    lows: Sequence[int] = ()

    def at(self, ago: int) -> int:
        """The value so many days before the last one."""
        return self.values[-1 - ago]

    def window(self, ago: int, days: int) -> Sequence[int]:
        """The values of so many days, of which the last one lies `ago` days back."""
        return self.values[len(self.values) - ago - days : len(self.values) - ago]


class Seen(msgspec.Struct, frozen=True):
    """What a part of a rung saw: with what the value was compared, and a few words about it (`course`)."""

    expected: int
    course: str
    days: int


@final
class Fall(msgspec.Struct, frozen=True):
    """The value lies at least so many tenths under its value of some days before."""

    least: int
    over: int

    @property
    def reach(self) -> int:
        """How many days back it looks."""
        return self.over

    def seen(self, past: Past, ago: int) -> Seen | None:
        """What it saw; None where it does not hold."""
        then, now = past.at(ago + self.over), past.at(ago)
        if then == NONE or then - now < self.least:
            return None
        return Seen(
            then,
            f"fell by {amount(points(then - now), 'point')} in {amount(self.over, 'day')} to {points(now)}",
            self.over,
        )


@final
class Below(msgspec.Struct, frozen=True):
    """The value lies below a bound, for so many days."""

    bound: int
    held: int
    reach: int = 0

    def seen(self, past: Past, ago: int) -> Seen | None:
        """What it saw; None where it does not hold."""
        now = past.at(ago)
        if now >= self.bound:
            return None
        text = f"has been below {points(self.bound)} for {amount(self.held, 'day')} and is {points(now)}"
        return Seen(self.bound, text, self.held)


@final
class Plateau(msgspec.Struct, frozen=True):
    """The value lies at least so many tenths over its mean of the days `since` to `until` before, and is flat.

    Flat: within the share `within` of its own mean for `flat` days.
    """

    least: int
    since: int
    until: int
    within: float
    flat: int

    @property
    def reach(self) -> int:
        """How many days back it looks."""
        return max(self.since, self.flat)

    def seen(self, past: Past, ago: int) -> Seen | None:
        """What it saw; None where it does not hold."""
        mean = mean_of(past.window(ago, self.flat))
        before = mean_of(past.window(ago + self.until, self.since - self.until + 1))
        if mean is None or before is None or past.at(ago) - before < self.least:
            return None
        if not all(within(value, mean, self.within) for value in past.window(ago, self.flat)):
            return None
        rose, flat = points(round(past.at(ago) - before)), points(round(mean))
        rising, days = amount(rose, "point"), amount(self.flat, "day")
        text = f"rose by {rising}, then stayed within {self.within:.0%} of {flat} for {days}"
        return Seen(round(mean), text, self.flat)


@final
class UnderMean(msgspec.Struct, frozen=True):
    """The value lies a share under the plateau's mean, as at least `apart` days before, and lower than then."""

    share: float
    apart: int
    reach: int = 0

    def seen(self, past: Past, ago: int) -> Seen | None:
        """What it saw; None where it does not hold, or no plateau is known."""
        if past.mean is None or past.opened is None:
            return None
        most, now = round(past.mean * (1 - self.share), 6), past.at(ago)
        earlier = past.window(ago + self.apart, max(0, past.opened - ago - self.apart + 1))
        if now > most or not any(now < value <= most for value in earlier if value != NONE):
            return None
        under = 1 - now / past.mean if past.mean else 0.0
        text = f"is {points(now)}, {under:.0%} under its plateau of {points(past.mean)}"
        return Seen(past.mean, f"{text} and lower than {amount(self.apart, 'day')} before", self.apart)


@final
class OverLow(msgspec.Struct, frozen=True):
    """The value lies at least so many tenths over the low of an ended episode."""

    least: int
    held: int
    reach: int = 0

    def seen(self, past: Past, ago: int) -> Seen | None:
        """What it saw; None where it does not hold."""
        now = past.at(ago)
        low = max((low for low in past.lows if now - low >= self.least), default=None)
        if low is None:
            return None
        return Seen(low, f"is {points(now)}, {amount(points(now - low), 'point')} over its low", self.held)


Part = Fall | Below | Plateau | UnderMean | OverLow


@final
class Step(msgspec.Struct, frozen=True):
    """One rung: its part holds on the last evaluation and on each of the `held` days before."""

    level: int
    part: Part
    held: int = 0

    @property
    def reach(self) -> int:
        """How many days back it looks."""
        return self.held + self.part.reach

    def seen(self, past: Past) -> Seen | None:
        """What it saw last; None where it did not hold all the time."""
        if NONE in past.window(0, self.held + 1):
            return None
        last = self.part.seen(past, 0)
        if last is None or any(self.part.seen(past, ago) is None for ago in range(self.held, 0, -1)):
            return None
        return last


@final
class Clearing(msgspec.Struct, frozen=True):
    """One way to clear, all of whose words must hold.

    `not_under`: at or above the value so many days before. `over_low`: tenths over the episode's own low. `at_least`: a
    value. `over_mean`: a share over the plateau's mean, or the top. `back`: (share, days): out of the plateau's band
    once, and within it again for so long.
    """

    not_under: int | None = None
    over_low: int | None = None
    at_least: int | None = None
    over_mean: float | None = None
    back: tuple[float, int] | None = None

    @property
    def reach(self) -> int:
        """How many days back it looks."""
        return max(self.not_under or 0, 0 if self.back is None else self.back[1])

    def needs(self, past: Past, low: int | None) -> int | None:
        """The least value with which it clears today; None where no value would."""
        wanted = [] if self.at_least is None else [self.at_least]
        if self.not_under is not None:
            wanted.append(past.at(self.not_under))
        if self.over_low is not None:
            wanted.append(NONE if low is None else low + self.over_low)
        if self.over_mean is not None:
            wanted.append(NONE if past.mean is None else min(TOP, ceil(round(past.mean * (1 + self.over_mean), 6))))
        return None if not wanted or NONE in wanted else max(wanted)

    def holds(self, past: Past, low: int | None) -> bool:
        """Whether it is cleared this way."""
        if self.back is not None:
            return self._is_back(past, *self.back)
        needed = self.needs(past, low)
        return needed is not None and past.at(0) >= needed

    def _is_back(self, past: Past, share: float, days: int) -> bool:
        mean = past.mean
        if mean is None or past.opened is None:
            return False
        before = past.window(days, max(0, past.opened - days + 1))
        return all(within(value, mean, share) for value in past.window(0, days)) and not all(
            within(value, mean, share) for value in before
        )


@final
class Trend(msgspec.Struct, frozen=True, dict=True):
    """A ladder of trends and the ways to clear; `lasts`: it is over so many days after it opened, whatever comes.

    `until` is the value of which the evidence says when it is reached at the present slope. `lows_of` are the rules
    whose ended episodes have the low that is asked about; while one of them is open, nothing opens. `looks_back` is how
    many days of index it needs to be judged at all.
    """

    steps: tuple[Step, ...]
    ways: tuple[Clearing, ...] = ()
    lasts: int | None = None
    until: int | None = None
    lows_of: tuple[str, ...] = ()
    looks_back: int = 0
    kind: None = None

    @property
    def daily(self) -> bool:
        """Once a day, over the whole days before."""
        return True

    @cached_property
    def reach(self) -> int:
        """How many days after the last change of the index it may still say something new."""
        return max(*(step.reach for step in self.steps), *(way.reach for way in self.ways), 0) + 1

    @property
    def names(self) -> frozenset[str]:
        """The index, and the rules whose lows it asks about."""
        return frozenset({"index", *self.lows_of})

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """No event: it is judged once a day."""
        return ()

    @property
    def measures(self) -> Iterable[object]:
        """Nothing of its own: the index is kept for every account."""
        return ()

    def needs_record(self, account: Account) -> bool:
        """Whoever holds the index asks (`stirs`)."""
        del account
        return False

    @property
    def by_business_days(self) -> bool:
        """The index has a value on every day."""
        return False

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """The hot block does not hold the index: whoever does must ask (`stirs`)."""
        del block, now, week
        return True

    def stirs(self, account: Account, moment: Moment) -> bool:
        """Whether it would open now: what `judge` says without an episode, with no words about it."""
        day = moment.now // DAY_MS - 1
        past = Past(values(account.record.standing, day - self.reach, day), lows=self._lows(account, day))
        return past.at(0) != NONE and any(step.seen(past) is not None for step in self.steps)

    @property
    def history_days(self) -> int | None:
        """As many as its rungs look back."""
        return self.looks_back

    def warm(self, account: Account, now: int) -> bool:
        """Whether the index goes back as far as it looks."""
        return value_on(account.record.standing, now // DAY_MS - 1 - self.looks_back) != NONE

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON by the highest rung that holds at the end of the day before; OFF by any way, or when it has lasted."""
        del subject
        standing, day = account.record.standing, moment.now // DAY_MS - 1
        mean = episode.frozen[0] if episode is not None and episode.frozen else None
        opened = None if episode is None else min(KEPT_DAYS, max(0, day - episode.opened // DAY_MS + 1))
        past = Past(values(standing, day - max(self.reach, opened or 0), day), mean, opened, self._lows(account, day))
        now = past.at(0)
        if now == NONE:
            return Verdict(off=True, how="there is no index any more")
        verdict, seen, since = Verdict(), None, 0
        for step in self.steps:
            found = step.seen(past)
            if found is not None and step.level > verdict.level:
                verdict.level, seen, since = step.level, found, step.reach
        if seen is not None:
            verdict.since = (day - since + 1) * DAY_MS
            if mean is None and any(isinstance(step.part, Plateau) for step in self.steps):
                past = msgspec.structs.replace(past, mean=seen.expected)
                verdict.frozen = [seen.expected]
        low = None if episode is None else low_of(standing, (episode.since // DAY_MS, day), day)
        verdict.off = any(way.holds(past, low) for way in self.ways)
        if self.lasts is not None and episode is not None and moment.now >= episode.opened + self.lasts * DAY_MS:
            verdict.off = verdict.by_calendar = True
        if verdict.level or episode is not None:
            left = None if self.until is None else days_until(standing, day, self.until, now)
            self._describe(verdict, past, low, seen, left)
        return verdict

    def _lows(self, account: Account, day: int) -> list[int]:
        record = account.record
        if not self.lows_of or any(
            episode.rule in self.lows_of and episode.status != "resolved" for episode in record.episodes
        ):
            return []
        spans = (span for rule in self.lows_of for span in record.spans.get(rule, ()))
        found = (low_of(record.standing, span, day) for span in spans)
        return [low for low in found if low is not None]

    def _describe(self, verdict: Verdict, past: Past, low: int | None, seen: Seen | None, left: int | None) -> None:
        now = past.at(0)
        needed = min((at for at in (way.needs(past, low) for way in self.ways) if at is not None), default=None)
        known = (past.mean, None if seen is None else seen.expected, low, needed, now)
        expected = next(value for value in known if value is not None)
        window = None if seen is None else f"{seen.days}d"
        rows = [Evidence("value_index", now / 10, expected / 10, "points", window)]
        outlook = "it falls no more"
        if left is not None and self.until is not None:
            at = points(self.until)
            rows.append(Evidence(f"days_until_{at}", left, None, "days"))
            outlook = f"at this slope it is at {at} in {amount(left, 'day')}" if left else f"it is at {at} already"
        verdict.evidence = tuple(rows)
        verdict.numbers = {
            "observed": points(now),
            "expected": points(expected),
            "points": points(abs(now - expected)),
            "days": "" if seen is None else str(seen.days),
            "course": f"is {points(now)}" if seen is None else seen.course,
            "outlook": outlook,
        }
        if needed is not None:
            verdict.clears = Clears(f"an index of {points(needed)}", "value_index", at_least=needed / 10)
        elif self.lasts is not None:
            verdict.clears = Clears(f"time alone: it ends {amount(self.lasts, 'day')} after it opened")


def points(tenths: int) -> str:
    """Tenths as a reader sees them."""
    return f"{tenths / 10:g}"


def mean_of(window: Sequence[int]) -> float | None:
    """The mean of a window in tenths; None where a day has no value."""
    return None if not window or NONE in window else sum(window) / len(window)


def within(value: int, mean: float, share: float) -> bool:
    """Whether a value lies within a share of a mean, the ends included."""
    return value != NONE and abs(value - mean) <= share * mean + 1e-9


def low_of(standing: Standing, span: tuple[int, int], day: int) -> int | None:
    """The lowest value of a span of days, as far as it is remembered on a day; None where there was none."""
    known = values(standing, max(span[0], day - KEPT_DAYS), span[1])
    return min((value for value in known if value != NONE), default=None)
