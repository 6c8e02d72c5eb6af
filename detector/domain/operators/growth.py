"""Growth: more people than before, or a new feature that several of them begin with: good news."""

from collections.abc import Iterable
from typing import Final, final

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS, MONDAY_TO_FRIDAY, Week
from detector.domain.features import NEW_AFTER_DAYS, Newcomer, newcomers
from detector.domain.layout import MONTH_DAYS
from detector.domain.members import distinct_in_months
from detector.domain.state import Episode
from detector.domain.usage import reaches, settled_day
from detector.domain.verdict import Clears, Daily, Evidence, Moment, Verdict
from detector.domain.wording import amount, told

MONTHS: Final = 3  # of 30 days, in each of the two windows


@final
class Growth(Daily, frozen=True):
    """`level` while people in 90 days are more by a share (`rise`) than in the 90 days before, from `from_least` on.

    The windows are the last six months of 30 days by day number that are over. Or while a feature was first used more
    than 60 days after the account was first seen, by `people` within `within_days`. It ends `lasts_days` after.
    """

    name: str
    level: int
    rise: float
    from_least: int
    people: int
    within_days: int
    lasts_days: int
    kind: None = None

    @property
    def history_days(self) -> int | None:
        """A feature is new so long after the account was first seen; people are counted over longer."""
        return NEW_AFTER_DAYS

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        """Whether neither people nor features have grown."""
        del week  # people are counted by the month
        day = settled_day(now)
        if self._reaches(block, day) and self._people(block, day)[2]:
            return False
        return not any(self._began(new, day) for new in newcomers(block))

    @property
    def by_business_days(self) -> bool:
        """People are counted by the month, features by the day."""
        return False

    def subjects(self, account: Account, moment: Moment) -> Iterable[None]:
        """The account itself."""
        del account, moment
        return (None,)

    def warm(self, account: Account, now: int) -> bool:
        """Whether usage goes back as far as both windows do."""
        return self._reaches(account.hot, settled_day(now))

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while it has grown; OFF once the time is over."""
        del subject
        day = settled_day(moment.now)
        now, before, grown = self._people(account.hot, day)
        began = [new for new in newcomers(account.hot) if self._began(new, day)]
        over = episode is not None and moment.settled >= episode.opened + self.lasts_days * DAY_MS
        verdict = Verdict(level=self.level if grown or began else 0, off=over, by_calendar=over)
        if began and not grown:
            verdict.since = max(new.began[self.people - 1] for new in began) * DAY_MS
        features = f"{len(began)} new features" if len(began) > 1 else "a new feature"
        numbers = {"now": now, "before": before, "people": self.people, "what": features, "days": self.within_days}
        said = [told("{now:person was|people were} active in 90 days, {before} in the 90 days before", numbers)] * grown
        said += [told("{people:person|people} or more began with {what} within {days:day|days}", numbers)] * bool(began)
        verdict.numbers = {"growth": "; ".join(said) or "it has grown no further", "days": self.lasts_days}
        verdict.evidence = (
            Evidence(self.name, now, before, "people", f"{MONTHS * MONTH_DAYS}d"),
            Evidence("new_features", len(began), None, "features", f"{self.within_days}d"),
        )
        verdict.clears = Clears(f"time: it ends {amount(self.lasts_days, 'day')} after it was seen")
        return verdict

    def _reaches(self, block: bytes | bytearray, day: int) -> bool:
        return reaches(block, day, day + 1 - _first_month(day) * MONTH_DAYS)

    def _people(self, block: bytes | bytearray, day: int) -> tuple[int, int, bool]:
        """People in the last three months that are over, in the three before, and whether that is a rise."""
        first = _first_month(day)
        now = distinct_in_months(block, first + MONTHS, first + 2 * MONTHS - 1)
        before = distinct_in_months(block, first, first + MONTHS - 1)
        grown = self._reaches(block, day) and before >= self.from_least and now >= round(before * (1 + self.rise), 9)
        return now, before, grown

    def _began(self, new: Newcomer, day: int) -> bool:
        """Whether so many people had begun with a feature by a day, soon enough."""
        if len(new.began) < self.people:
            return False
        last = new.began[self.people - 1]
        return last <= min(day, new.first_day + self.within_days)


def _first_month(day: int) -> int:
    """The first of the six months that are over at the end of a day."""
    return (day + 1) // MONTH_DAYS - 2 * MONTHS
