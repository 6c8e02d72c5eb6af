"""How long is allowed: a duration, one out of a table by what is known of the subject, or a part of either."""

from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS, Duration
from detector.domain.measures import Given
from detector.domain.wording import amount

_UNITS: Final = {"m": "minute", "h": "hour", "d": "day", "w": "week", "bd": "business day"}
_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000


@final
class Allowance(msgspec.Struct, frozen=True):
    """`usual`, or what `table` says for the value that `by` keeps of the subject; times `part`.

    A part of business days is hours of business days: half of 1bd are 12 hours.
    """

    usual: Duration
    table: tuple[tuple[int, Duration], ...] = ()
    by: Given | None = None
    part: float = 1.0

    def _whole(self, account: Account, subject: str | None) -> Duration:
        if self.by is None:
            return self.usual
        given = self.by.given(account, subject)
        return next((span for value, span in self.table if given is not None and value == given[1]), self.usual)

    def after(self, account: Account, subject: str | None, t_ms: int) -> int:
        """The instant at which it is used up, counted from `t_ms`, on the account's calendar."""
        whole = self._whole(account, subject)
        if self.part == 1:
            return whole.after(account.calendar, t_ms)
        if whole.elapsed_ms is None:
            return account.calendar.add_business_span(t_ms, int(whole.amount * DAY_MS * self.part))
        return t_ms + int(whole.elapsed_ms * self.part)

    def text(self, account: Account, subject: str | None) -> str:
        """In words: `2 business days`, `30 minutes`."""
        whole = self._whole(account, subject)
        if self.part == 1:
            return amount(whole.amount, _UNITS[whole.unit])
        if whole.elapsed_ms is None:
            return amount(whole.amount * 24 * self.part, "hour") + " of business days"
        milliseconds = whole.elapsed_ms * self.part
        return (
            amount(milliseconds / _HOUR_MS, "hour")
            if milliseconds >= _HOUR_MS
            else amount(milliseconds / _MINUTE_MS, "minute")
        )
