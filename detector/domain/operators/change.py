"""Change: a measure against the account's own baseline."""

from collections.abc import Collection, Iterable
from typing import Final, final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.baseline import MIN_DAYS, Baseline, drop_share, own_baseline, significant_drop
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.state import Episode
from detector.domain.usage import reaches, settled_day, window_of
from detector.domain.verdict import Clears, Evidence, Moment, Verdict

BASELINE_WINDOWS: Final = 4


@final
class Change(msgspec.Struct, frozen=True):
    """Actions in the last `days` whole UTC days against the median of the four windows before (R2.4, R2.5).

    `steps` are (severity step, drop as a share), smallest first. The drop must hold on two evaluations, the second
    against the baseline of the first, which stays frozen until the episode ends; it clears at `clears_at` of it. After
    `expires_days` the episode ends and the new level becomes the baseline. Days are judged once `SETTLES_MS` old.
    """

    name: str
    rule_id: str
    days: int
    steps: tuple[tuple[int, float], ...]
    clears_at: float
    expires_days: int = 56
    kind: None = None

    @property
    def daily(self) -> bool:
        """Once a day, over the whole days before."""
        return True

    def quiet(self, block: bytes | bytearray, now: int) -> bool:
        """Whether the hot block alone shows that nothing opens today.

        In weeks of Monday to Friday, with nothing left out, every window has as many business days, so that this is
        what `judge` asks first.
        """
        day = settled_day(now)
        days = self.days
        if days % 7:
            return False
        if not self._reaches(block, day):
            return True
        counts = hot.day_counts(block, day - days * (BASELINE_WINDOWS + 1), day)
        business = days // 7 * 5
        usual = own_baseline(
            [(sum(counts[at : at + days]), business) for at in range(0, days * BASELINE_WINDOWS, days)]
        )
        return usual is None or not self._level((sum(counts[-days:]), business), usual)

    def needs_record(self, account: Account) -> bool:
        """The hot block shows everything."""
        del account
        return False

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """No event: it is judged once a day."""
        return ()

    @property
    def names(self) -> frozenset[str]:
        """Nothing but actions."""
        return frozenset()

    @property
    def measures(self) -> Iterable[object]:
        """Nothing of its own: daily actions are in every hot block."""
        return ()

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON when today's and yesterday's evaluation both see the drop; OFF at `clears_at` of the frozen baseline."""
        del subject
        day = settled_day(moment.now)
        seen = self._window(account, day)
        if episode is not None and episode.frozen:
            return self._against_frozen(account, day, seen, episode, moment)
        verdict = Verdict()
        if not self.warm(account, moment.now) or seen[1] < MIN_DAYS:
            return verdict
        before = self._baseline(account, day - 1)
        today = 0 if before is None else self._level(seen, before)
        if before is None or not today:
            return verdict
        verdict.level = min(today, self._level(self._window(account, day - 1), before))
        if verdict.level:
            verdict.since = (day - self.days + 1) * DAY_MS
            verdict.frozen = [before.median, before.mad, before.windows]
            self._describe(verdict, seen, before)
        return verdict

    def _against_frozen(
        self, account: Account, day: int, seen: tuple[int, int], episode: Episode, moment: Moment
    ) -> Verdict:
        frozen = Baseline(*episode.frozen)
        verdict = Verdict(since=episode.since)
        if seen[1] < MIN_DAYS:
            verdict.level = episode.level if episode.status == "open" else 0
            verdict.off = episode.status != "open"
            self._describe(verdict, seen, frozen)
            return verdict
        yesterday = self._window(account, day - 1)
        today = self._level(seen, frozen)
        verdict.level = min(today, self._level(yesterday, frozen)) if yesterday[1] >= MIN_DAYS else today
        verdict.off = seen[0] >= self.clears_at * frozen.expected(seen[1])
        if verdict.level == 0 and self._never_held(account, episode, frozen):
            verdict.off = verdict.superseded = True
        if not verdict.off and moment.now >= episode.opened + self.expires_days * DAY_MS:
            verdict.ended = "expired"
        self._describe(verdict, seen, frozen)
        return verdict

    def _never_held(self, account: Account, episode: Episode, frozen: Baseline) -> bool:
        """Whether usage that was reported late fills the windows in which the drop was seen (R2.11)."""
        opened_on = settled_day(episode.opened)
        return any(self._level(self._window(account, day), frozen) == 0 for day in (opened_on - 1, opened_on))

    @property
    def needs_history(self) -> bool:
        """As much as the windows cover."""
        return True

    def warm(self, account: Account, now: int) -> bool:
        """Whether usage goes back as far as the windows reach."""
        return self._reaches(account.hot, settled_day(now))

    def _reaches(self, block: bytes | bytearray, day: int) -> bool:
        return reaches(block, day, self.days * (BASELINE_WINDOWS + 1))

    def _window(self, account: Account, last_day: int) -> tuple[int, int]:
        return window_of(account, last_day, self.days)

    def _baseline(self, account: Account, last_day: int) -> Baseline | None:
        spans = account.record.spans.get(self.rule_id, ())
        windows = []
        for back in range(1, BASELINE_WINDOWS + 1):
            end = last_day - back * self.days
            inside = any(first <= end and last > end - self.days for first, last in spans)
            windows.append((0, 0) if inside else self._window(account, end))
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
        verdict.clears = Clears(f"{need} actions in {self.days} days", self.name, at_least=need)
