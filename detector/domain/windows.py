"""Windows: an amount in the last days and in as many before, of the account or of each of its subjects."""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol, final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.baseline import MIN_DAYS
from detector.domain.features import BITS, features_complete_from, features_used
from detector.domain.measures import Kept, SubjectSums
from detector.domain.usage import reaches


class Both(NamedTuple):
    """What there is in a window, and in as many days before it; the days are those that count (R2.4)."""

    now: int
    days: int
    before: int
    days_before: int


class Windows(Protocol):
    """Amounts in windows of days, of the account or of each of its subjects."""

    @property
    def name(self) -> str:
        """As the pack calls it; evidence uses the same name."""
        ...

    @property
    def kind(self) -> str | None:
        """The kind of its subjects; None for the account itself."""
        ...

    @property
    def unit(self) -> str:
        """What it counts, for evidence."""
        ...

    @property
    def scale(self) -> int:
        """In how many parts of its unit it counts."""
        ...

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it in the record."""
        ...

    def subjects(self, account: Account) -> Iterable[str | None]:
        """The subjects that there are now."""
        ...

    def both(
        self, account: Account, subject: str | None, day: int, days: int, *, holidays: bool = False
    ) -> Both | None:
        """The windows of `days` days that end with `day`, and before; None where they are not known.

        Days that were a holiday are left out, unless `holidays` are to count.
        """
        ...

    def from_block(self, block: bytes | bytearray, day: int, days: int) -> Both | None:
        """The same from the hot block, on a calendar without holidays; None where the record alone knows."""
        ...


@final
class FeaturesUsed(msgspec.Struct, frozen=True):
    """How many different features were used."""

    name: str
    kind: None = None
    unit: str = "features"
    scale: int = 1

    @property
    def kept(self) -> Collection[Kept]:
        """Nothing: the hot block has them."""
        return ()

    def subjects(self, account: Account) -> Iterable[None]:
        """The account itself."""
        del account
        return (None,)

    def both(
        self, account: Account, subject: str | None, day: int, days: int, *, holidays: bool = False
    ) -> Both | None:
        """Different ones cannot be counted by the business day, but a window of holidays tells nothing."""
        del subject
        windows = ((day - 2 * days + 1, day - days), (day - days + 1, day))
        usable = min(account.calendar.usable_business_days(*window) for window in windows)
        if usable < MIN_DAYS and not holidays:
            return None
        return self.from_block(account.hot, day, days)

    def from_block(self, block: bytes | bytearray, day: int, days: int) -> Both | None:
        """Both windows, where usage goes back so far, nothing of it was dropped, and the days of use reach back."""
        first = day - 2 * days + 1
        newest = hot.newest_day(block)
        if (
            newest is None
            or not reaches(block, day, 2 * days)
            or not features_complete_from(block) <= first
            or first <= newest - BITS
        ):
            return None
        now, before = features_used(block, day, days)
        return Both(now, 1, before, 1)


@final
class Metered(msgspec.Struct, frozen=True):
    """What each meter counted."""

    name: str
    sums: SubjectSums
    kind: str = "meter"
    unit: str = "units"

    @property
    def scale(self) -> int:
        """That of the sums."""
        return self.sums.scale

    @property
    def kept(self) -> Collection[Kept]:
        """The sums by day."""
        return (self.sums,)

    def subjects(self, account: Account) -> Iterable[str]:
        """The meters that are kept."""
        return list(account.record.sums.get(self.sums.name, {}))

    def both(
        self, account: Account, subject: str | None, day: int, days: int, *, holidays: bool = False
    ) -> Both | None:
        """Both windows, where the meter goes back so far and its days are still kept.

        Machines work at weekends too: amounts are compared by the day, holidays left out, not by the business day.
        """
        sums = account.record.sums[self.sums.name][subject or ""]
        first = day - 2 * days + 1
        if sums.first > first or first <= sums.days[-1][0] - self.sums.keep:
            return None
        known = dict(sums.days)
        holiday, middle = account.calendar.is_holiday_day, day - days
        before = [known.get(at, 0) for at in range(first, middle + 1) if holidays or not holiday(at)]
        now = [known.get(at, 0) for at in range(middle + 1, day + 1) if holidays or not holiday(at)]
        if min(len(before), len(now)) < MIN_DAYS:
            return None
        return Both(sum(now), len(now), sum(before), len(before))

    def from_block(self, block: bytes | bytearray, day: int, days: int) -> Both | None:
        """Nothing: the record keeps it."""
        del block, day, days
        return None
