"""Slide: usage that gets less so slowly that no week shows it (CUSUM over business days)."""

from collections.abc import Iterable
from math import exp
from typing import Final, final

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.baseline import MIN_ACTIONS, drop_share
from detector.domain.calendar import DAY_MS, MONDAY_TO_FRIDAY, Week, weekday_of
from detector.domain.cusum import Slid, Slope, slid
from detector.domain.layout import DAYS
from detector.domain.state import Episode, span_name
from detector.domain.usage import reaches, settled_day
from detector.domain.verdict import Clears, Daily, Evidence, Moment, Verdict
from detector.domain.wording import amount

WEEK: Final = 5  # business days; the reference needs 20 actions in each week on average (R2.4)


@final
class Slide(Daily, frozen=True):
    """S = h on the last two business days: `level`; OFF when the last days reach a share of the reference.

    Worked out whole from the 70 days of the hot block; holidays and the days of ended episodes are left out. The
    reference, the mean actions by weekday before S left 0, stays frozen until the episode ends: it clears when the
    last `clears_over` business days had `clears_at` of it, and expires after `expires_days` (R2.4).
    """

    name: str
    rule_id: str
    level: int
    slope: Slope
    clears_at: float
    clears_over: int
    expires_days: int = 56
    kind: None = None

    @property
    def history_days(self) -> int | None:
        """The reference and two days more, all of them business days."""
        return self.slope.reference + 2

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """Whether the hot block alone shows that there is no slide."""
        day = settled_day(now)
        first = self._first(block, day)
        if first is None:
            return True
        days = [at for at in range(first, day + 1) if week[weekday_of(at)]]
        if len(days) < self.slope.reference + 2:
            return True
        every = hot.day_counts(block, first, day)
        counts = [every[at - first] for at in days]
        if any(some[-1] + 1 > _most(some, self.slope, sum(week)) for some in (counts, counts[:-1])):
            return True
        return not self._slides(slid(counts, [weekday_of(at) for at in days], self.slope))

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def warm(self, account: Account, now: int) -> bool:
        """Whether there are days enough for a reference and two more, and actions enough in them."""
        day = settled_day(now)
        if not reaches(account.hot, day, self.slope.reference + 2):  # the usual case of a young account
            return False
        _, counts = self._days(account, day)
        reference = counts[-2 - self.slope.reference : -2]
        return len(reference) == self.slope.reference and sum(reference) * WEEK >= MIN_ACTIONS * self.slope.reference

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while the slide adds up to h; an open alert is measured against the reference it opened with."""
        del subject
        days, counts = self._days(account, settled_day(moment.now))
        found = self._slid(days, counts)
        verdict = Verdict(level=self.level if self._slides(found) else 0)
        if episode is not None and episode.frozen:
            self._against_frozen(verdict, days, counts, episode, moment)
        elif verdict.level:
            verdict.since = days[found.began] * DAY_MS
            verdict.frozen = [[weekday, mean] for weekday, mean in sorted(found.means.items())]
            self._describe(verdict, *self._last(days, counts, found.means))
        elif account.calendar.has_holidays:
            self._explain(verdict, account, settled_day(moment.now))
        return verdict

    def _explain(self, verdict: Verdict, account: Account, day: int) -> None:
        """What would be a slide if holidays counted is none: say that it is a holiday (R2.10)."""
        days, counts = self._days(account, day, holidays=True)
        found = self._slid(days, counts)
        if self._slides(found):
            verdict.explained = ("holiday", days[found.began] * DAY_MS)

    def _against_frozen(
        self, verdict: Verdict, days: list[int], counts: list[int], episode: Episode, moment: Moment
    ) -> None:
        means = {int(weekday): float(mean) for weekday, mean in episode.frozen}
        verdict.since = episode.since
        observed, expected = self._last(days, counts, means)
        verdict.off = expected > 0 and observed >= self.clears_at * expected
        until = sum(1 for day in days if day <= settled_day(episode.opened))
        then, usual = self._last(days[:until], counts[:until], means)
        if not verdict.level and usual > 0 and then >= self.clears_at * usual:
            verdict.off = verdict.superseded = True  # what was reported late fills the days in which it was seen
        elif not verdict.off and moment.now >= episode.opened + self.expires_days * DAY_MS:
            verdict.ended = "expired"
        self._describe(verdict, observed, expected)

    def _slid(self, days: list[int], counts: list[int]) -> Slid:
        """Where S stands; nothing is added up where the last two days alone show that it cannot be at h."""
        if len(days) < self.slope.reference + 2:
            return Slid()
        weekdays, step = [weekday_of(day) for day in days], exp(-self.slope.k * self.slope.least_sd)
        for last in (len(days) - 1, len(days) - 2):
            same = [counts[at] for at in range(last) if weekdays[at] == weekdays[last]]
            if same and counts[last] + 1 > (max(same) + 1) * step:  # a mean is no larger than the largest of them
                return Slid()
        return slid(counts, weekdays, self.slope)

    def _slides(self, found: Slid) -> bool:
        return min(found.last, found.before) >= self.slope.h and sum(found.means.values()) >= MIN_ACTIONS

    def _first(self, block: bytes | bytearray, day: int) -> int | None:
        """The first day of usage, of those that are kept."""
        usage = hot.first_usage(block)
        newest = hot.newest_day(block)
        return None if usage is None or newest is None else max(usage // DAY_MS, max(newest, day) - DAYS + 1)

    def _days(self, account: Account, day: int, *, holidays: bool = False) -> tuple[list[int], list[int]]:
        """The business days that count, and what was done on each; holidays do if they are asked for."""
        first = self._first(account.hot, day)
        if first is None or first > day:
            return [], []
        spans = account.record.spans.get(span_name(self.rule_id, None), ())
        calendar, every = account.calendar, hot.day_counts(account.hot, first, day)
        works = (lambda at: calendar.working_days(at, at) > 0) if holidays else calendar.works_on
        days = [at for at in range(first, day + 1) if works(at)]
        if spans:
            days = [at for at in days if not any(a <= at <= b for a, b in spans)]
        return days, [every[at - first] for at in days]

    def _last(self, days: list[int], counts: list[int], means: dict[int, float]) -> tuple[int, float]:
        """Actions of the last business days, and what the reference says of the same weekdays."""
        last = zip(days[-self.clears_over :], counts[-self.clears_over :], strict=True)
        known = [(count, means[weekday_of(day)]) for day, count in last if weekday_of(day) in means]
        return sum(count for count, _ in known), sum(usual for _, usual in known)

    def _describe(self, verdict: Verdict, observed: int, expected: float) -> None:
        need = -int(-self.clears_at * expected // 1)
        drop = drop_share(observed, expected)
        verdict.numbers = {
            "observed": observed,
            "expected": f"{expected:.0f}",
            "drop": f"{drop:.0%}",
            "share": f"{1 - drop:.0%}",
            "days": self.clears_over,
        }
        window = f"{self.clears_over}bd"
        verdict.evidence = (Evidence(self.name, observed, round(expected, 1), "actions", window),)
        verdict.clears = Clears(
            f"{amount(need, 'action')} in {amount(self.clears_over, 'business day')}", self.name, at_least=need
        )


def _most(counts: list[int], slope: Slope, weekly: int) -> float:
    """More than this on the last day, and S cannot have stayed at h: it was no least step under any reference.

    The largest reference is a mean of the same weekday, in weeks of so many days, among the `reference` days somewhere
    before: of as many as there are whole weeks in them, or of one more.
    """
    same = counts[-1 - weekly :: -weekly]
    weeks = range(max(1, slope.reference // weekly), -(-slope.reference // weekly) + 1)
    means = [sum(same[at : at + n]) / n for n in weeks for at in range(len(same) - n + 1)]
    return (max(means, default=max(counts)) + 1) * exp(-slope.k * slope.least_sd)
