"""Fall: the last window against the one before it, where four windows would reach back too far (R2.4: 28 days)."""

from collections.abc import Collection, Iterable
from typing import final

from detector.domain.account import Account
from detector.domain.baseline import drop_share
from detector.domain.calendar import DAY_MS, MONDAY_TO_FRIDAY, Week
from detector.domain.measures import Kept
from detector.domain.state import Episode
from detector.domain.usage import settled_day
from detector.domain.verdict import Clears, Daily, Evidence, Moment, Verdict
from detector.domain.windows import Both, Windows
from detector.domain.wording import amount


@final
class Fall(Daily, frozen=True):
    """An amount in the last `days` whole UTC days against the same number of days before.

    `steps` are (severity step, drop as a share), smallest first; less than `from_least` before is no basis. The amount
    before stays frozen until the episode ends; it clears at `clears_at` of it. After `expires_days` it ends (R2.4).
    """

    windows: Windows
    days: int
    steps: tuple[tuple[int, float], ...]
    clears_at: float
    from_least: int = 1
    expires_days: int = 56

    @property
    def name(self) -> str:
        """What it looks at."""
        return self.windows.name

    @property
    def kind(self) -> str | None:
        """That of its subjects."""
        return self.windows.kind

    @property
    def measures(self) -> Collection[Kept]:
        """What the amounts are made of."""
        return self.windows.kept

    @property
    def history_days(self) -> int | None:
        """Both windows."""
        return 2 * self.days

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """Whether the hot block, as far as it knows, shows no fall."""
        del week  # in windows that long every week has enough working days
        both = self.windows.from_block(block, settled_day(now), self.days)
        return both is None or not self._level(both)

    def needs_record(self, account: Account) -> bool:
        """Where there is anything that the record alone knows of."""
        return bool(self.windows.kept) and any(True for _ in self.windows.subjects(account))

    def warm(self, account: Account, now: int) -> bool:
        """Whether both windows of any subject are known, and the one before is a basis."""
        found = (self.windows.both(account, one, settled_day(now), self.days) for one in self.windows.subjects(account))
        return any(both is not None and both.before >= self.from_least * self.windows.scale for both in found)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        """Those of its windows."""
        del moment
        return self.windows.subjects(account)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while the window shows the fall; OFF at `clears_at` of what was before, which stays frozen."""
        if subject is not None and subject not in self.windows.subjects(account):
            return Verdict(ended="superseded", says=f"Nothing more is kept of {subject}, which came to rest long ago.")
        day = settled_day(moment.now)
        both = self.windows.both(account, subject, day, self.days)
        if both is None:
            return self._explained(self._unknown(episode, moment), account, subject, day, episode)
        if episode is None or not episode.frozen:
            verdict = Verdict(level=self._level(both))
            if verdict.level:
                verdict.since = (day - self.days + 1) * DAY_MS
                verdict.frozen = [both.before, both.days_before]
                self._describe(verdict, both)
            return self._explained(verdict, account, subject, day, episode)
        both = Both(both.now, both.days, *episode.frozen)
        verdict = Verdict(level=self._level(both), since=episode.since)
        verdict.off = both.now >= self.clears_at * _expected(both)
        then = self.windows.both(account, subject, settled_day(episode.opened), self.days)
        if then is not None and not verdict.level and not self._level(Both(then.now, then.days, *episode.frozen)):
            verdict.off = verdict.superseded = True  # what was reported late fills the window in which it was seen
        elif not verdict.off:
            self._expire(verdict, episode, moment)
        self._describe(verdict, both)
        return verdict

    def _unknown(self, episode: Episode | None, moment: Moment) -> Verdict:
        """Nothing can be said: an alert stays as it is, until it expires."""
        verdict = Verdict()
        if episode is not None and episode.frozen:
            verdict = Verdict(level=episode.level if episode.status == "open" else 0, since=episode.since)
            verdict.off = episode.status != "open"
            self._expire(verdict, episode, moment)
            self._describe(verdict, Both(0, 1, *episode.frozen))
            verdict.numbers |= {"observed": "?", "drop": "?", "share": "?"}
        return verdict

    def _explained(
        self, verdict: Verdict, account: Account, subject: str | None, day: int, episode: Episode | None
    ) -> Verdict:
        """What would be a fall if holidays counted is none: it says that it is a holiday (R2.10)."""
        if episode is None and not verdict.level and account.calendar.has_holidays:
            whole = self.windows.both(account, subject, day, self.days, holidays=True)
            if whole is not None and self._level(whole):
                verdict.explained = ("holiday", (day - self.days + 1) * DAY_MS)
        return verdict

    def _expire(self, verdict: Verdict, episode: Episode, moment: Moment) -> None:
        if not verdict.off and moment.now >= episode.opened + self.expires_days * DAY_MS:
            verdict.ended = "expired"

    def _level(self, both: Both) -> int:
        if both.before < self.from_least * self.windows.scale:
            return 0
        drop = drop_share(both.now, _expected(both))
        return max((level for level, share in self.steps if drop >= share), default=0)

    def _describe(self, verdict: Verdict, both: Both) -> None:
        expected, scale = _expected(both) / self.windows.scale, self.windows.scale
        need = -(-self.clears_at * expected * scale // 1) / scale
        drop = drop_share(both.now / scale, expected)
        verdict.numbers = {
            "observed": f"{both.now / scale:g}",
            "expected": f"{expected:g}",
            "drop": f"{drop:.0%}",
            "share": f"{1 - drop:.0%}",
            "days": self.days,
        }
        verdict.evidence = (
            Evidence(self.name, both.now / scale, round(expected, 3), self.windows.unit, f"{self.days}d"),
        )
        verdict.clears = Clears(
            f"{amount(need, self.windows.unit.removesuffix('s'))} in {amount(self.days, 'day')}",
            self.name,
            at_least=need,
        )


def _expected(both: Both) -> float:
    """What was before, in as many usable days as there are now."""
    return both.before * both.days / both.days_before
