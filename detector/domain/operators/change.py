"""Change: a measure against the account's own baseline."""

from collections.abc import Iterable
from typing import Final, final

from detector.domain.account import Account
from detector.domain.baseline import MIN_DAYS, Baseline, drop_share, own_baseline, significant_drop
from detector.domain.calendar import DAY_MS, MONDAY_TO_FRIDAY, Week
from detector.domain.series import Series
from detector.domain.state import Episode, span_name
from detector.domain.usage import settled_day
from detector.domain.verdict import Clears, Daily, Evidence, Moment, Verdict
from detector.domain.wording import amount

BASELINE_WINDOWS: Final = 4


@final
class Change(Daily, frozen=True):
    """Actions in the last `days` whole UTC days against the median of the four windows before (R2.4, R2.5).

    `steps` are (severity step, drop as a share), smallest first. The drop must hold on so many `evaluations`, a day
    each, all against the baseline of the first, which stays frozen until the episode ends; it clears at `clears_at` of
    it. After `expires_days` the episode ends and the new level becomes the baseline. Days are judged once settled.
    """

    series: Series
    rule_id: str
    days: int
    steps: tuple[tuple[int, float], ...]
    clears_at: float
    evaluations: int = 2
    expires_days: int = 56

    @property
    def name(self) -> str:
        """What it looks at."""
        return self.series.name

    @property
    def kind(self) -> str | None:
        """That of the series' subjects."""
        return self.series.kind

    @property
    def history_days(self) -> int | None:
        """The window and those of the baseline."""
        return self.days * (BASELINE_WINDOWS + 1)

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """Whether the hot block alone shows that nothing opens today.

        With whole weeks and nothing left out every window has as many business days, so that this is what `judge` asks
        first.
        """
        days, lag = self.days, self.evaluations - 1
        if days % 7:
            return False
        windows = range(0, days * BASELINE_WINDOWS, days)
        business = days // 7 * sum(week)
        for counts in self.series.histories(
            block, settled_day(now), days * (BASELINE_WINDOWS + 1) + lag, days * (BASELINE_WINDOWS + 1)
        ):
            seen = sum(counts[-days:])
            usual = [sum(counts[at : at + days]) for at in windows]
            if drop_share(seen, max(usual)) < self.steps[0][1]:
                continue  # the usual day
            baseline = own_baseline([(actions, business) for actions in usual])
            if baseline is not None and self._level((seen, business), baseline):
                return False
        return True

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """Those of the series."""
        del moment
        return self.series.subjects(account)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON when every one of the last evaluations sees the drop; OFF at `clears_at` of the frozen baseline."""
        if subject is not None and subject not in self.series.subjects(account):
            return Verdict(ended="superseded", says=f"{subject} has left, or has no such role any more.")
        day = settled_day(moment.now)
        seen = self._window(account, subject, day)
        if episode is not None and episode.frozen:
            return self._against_frozen(account, subject, day, seen, episode, moment)
        verdict = Verdict()
        if not self._reaches(account, subject, day):
            return verdict
        first = day - self.evaluations + 1
        before = self._baseline(account, subject, first)
        if before is None:
            return verdict
        today = self._level(seen, before)
        if not today:
            self._explain(verdict, account, subject, day, before)
            return verdict
        earlier = (self._level(self._window(account, subject, back), before) for back in range(first, day))
        verdict.level = min(today, *earlier)
        if verdict.level:
            verdict.since = (day - self.days + 1) * DAY_MS
            verdict.frozen = [before.median, before.mad, before.windows]
            self._describe(verdict, seen, before)
        return verdict

    def _explain(self, verdict: Verdict, account: Account, subject: str | None, day: int, before: Baseline) -> None:
        """What would be a drop if holidays counted is none: say that it is a holiday (R2.10)."""
        if account.calendar.has_holidays:
            whole = self.series.window(account, subject, day, self.days, holidays=True)
            if self._level(whole, before):
                verdict.explained = ("holiday", (day - self.days + 1) * DAY_MS)

    def _against_frozen(
        self,
        account: Account,
        subject: str | None,
        day: int,
        seen: tuple[int, int],
        episode: Episode,
        moment: Moment,
    ) -> Verdict:
        frozen = Baseline(*episode.frozen)
        verdict = Verdict(since=episode.since)
        if seen[1] < MIN_DAYS:
            verdict.level = episode.level if episode.status == "open" else 0
            verdict.off = episode.status != "open"
            self._describe(verdict, seen, frozen)
            return verdict
        yesterday = self._window(account, subject, day - 1)
        today = self._level(seen, frozen)
        verdict.level = min(today, self._level(yesterday, frozen)) if yesterday[1] >= MIN_DAYS else today
        verdict.off = seen[0] >= self.clears_at * frozen.expected(seen[1])
        if verdict.level == 0 and self._never_held(account, subject, episode, frozen):
            verdict.off = verdict.superseded = True
        if not verdict.off and moment.now >= episode.opened + self.expires_days * DAY_MS:
            verdict.ended = "expired"
        self._describe(verdict, seen, frozen)
        return verdict

    def _never_held(self, account: Account, subject: str | None, episode: Episode, frozen: Baseline) -> bool:
        """Whether usage that was reported late fills the windows in which the drop was seen (R2.11)."""
        opened_on = settled_day(episode.opened)
        days = range(opened_on - self.evaluations + 1, opened_on + 1)
        return any(self._level(self._window(account, subject, day), frozen) == 0 for day in days)

    def warm(self, account: Account, now: int) -> bool:
        """Whether there is a baseline: history as far back as the windows reach, and enough of it (R2.4).

        Of several subjects one is enough; without any there is nothing to judge.
        """
        day = settled_day(now)
        return any(
            self._reaches(account, subject, day) and self._baseline(account, subject, day) is not None
            for subject in self.series.subjects(account)
        )

    def _reaches(self, account: Account, subject: str | None, day: int) -> bool:
        return self.series.reaches(account, subject, day, self.days * (BASELINE_WINDOWS + 1))

    def _window(self, account: Account, subject: str | None, last_day: int) -> tuple[int, int]:
        return self.series.window(account, subject, last_day, self.days)

    def _baseline(self, account: Account, subject: str | None, last_day: int) -> Baseline | None:
        spans = account.record.spans.get(span_name(self.rule_id, subject), ())
        windows = []
        for back in range(1, BASELINE_WINDOWS + 1):
            end = last_day - back * self.days
            inside = any(first <= end and last > end - self.days for first, last in spans)
            windows.append((0, 0) if inside else self._window(account, subject, end))
        return own_baseline(windows)

    def _level(self, seen: tuple[int, int], usual: Baseline) -> int:
        if seen[1] < MIN_DAYS:
            return 0
        expected = usual.expected(seen[1])
        drop = drop_share(seen[0], expected)
        level = max((level for level, share in self.steps if drop >= share), default=0)
        return level if level and significant_drop(seen[0], expected, usual.spread(seen[1])) else 0

    def _describe(self, verdict: Verdict, seen: tuple[int, int], usual: Baseline) -> None:
        expected = usual.expected(seen[1])
        need = -int(-self.clears_at * expected // 1)
        verdict.numbers = {
            "observed": seen[0],
            "expected": f"{expected:.0f}",
            "drop": f"{drop_share(seen[0], expected):.0%}",
            "share": f"{1 - drop_share(seen[0], expected):.0%}",
            "days": seen[1],
        }
        verdict.evidence = (Evidence(self.name, seen[0], round(expected, 1), "actions", f"{self.days}d"),)
        verdict.clears = Clears(f"{amount(need, 'action')} in {amount(self.days, 'day')}", self.name, at_least=need)
