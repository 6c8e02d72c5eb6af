"""Cut: a number that the customer sets, such as seats, against the number before."""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import final

from detector.domain.account import Account
from detector.domain.baseline import drop_share
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.measures import Log
from detector.domain.state import Episode
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict, earliest
from detector.domain.wording import amount


@final
class Cut(EventDriven, frozen=True):
    """A field of the latest event against the one before it: ON at once where it is less by a share.

    `steps` are (severity step, drop as a share), smallest first. It is over when the number is back at `clears_at` of
    what it was before the first of these cuts, or `lasts_days` after the last one.
    """

    name: str
    log: Log
    field: str
    steps: tuple[tuple[int, float], ...]
    clears_at: float
    lasts_days: int
    unit: str = "seats"
    kind: None = None

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """What sets the number."""
        return [(cls, None) for cls in self.log.matcher.alternatives]

    @property
    def measures(self) -> Iterable[Log]:
        """The last numbers."""
        return (self.log,)

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON from the cut until the number is back or the time is over."""
        del subject
        entries = account.record.logs.get(self.log.name, [])
        told = [(int(entry[0]), self.log.field(entry, self.field, account)) for entry in entries]
        ahead = next((at for at, _ in told if at > moment.now), None)
        told = [(at, value) for at, value in told if at <= moment.now]
        lasts = self.lasts_days * DAY_MS
        top, level, since, last = -1.0, 0, -1, -1  # top: what it was before the first cut that still counts
        for (_, before), (at, value) in pairwise(told):
            if top >= 0 and (at >= last + lasts or value >= self.clears_at * top):
                top = -1.0
            step = max((step for step, share in self.steps if drop_share(value, before) >= share), default=0)
            if step:
                if top < 0:
                    top, since, level = before, at, 0
                level, last = max(level, step), at
        over = top >= 0 and moment.settled >= last + lasts
        if top < 0 or over:
            verdict = Verdict(due=ahead, off=episode is not None, by_calendar=over)
        else:
            verdict = Verdict(level=level, since=since, due=earliest(ahead, last + lasts))
        if since >= 0:
            self._describe(verdict, told[-1][1], top if top >= 0 else told[-1][1], over=over)
        return verdict

    def _describe(self, verdict: Verdict, now: float, before: float, *, over: bool) -> None:
        need = -(-self.clears_at * before // 1)
        noun, verb = self.unit.removesuffix("s"), "is" if now == 1 else "are"
        shown = amount(now, noun)
        verdict.numbers = {
            "observed": f"{now:g}",
            "expected": f"{before:g}",
            "drop": f"{drop_share(now, before):.0%}",
            "how": f"it is {amount(self.lasts_days, 'day')} old" if over else f"there {verb} {shown} again",
        }
        verdict.evidence = (Evidence(self.name, now, before, self.unit),)
        verdict.clears = Clears(
            f"{amount(need, noun)}, or {amount(self.lasts_days, 'day')} after the cut", self.name, at_least=need
        )
