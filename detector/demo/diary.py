"""One account's diary: events are written into it by day and clock, counted from the end of the demo's history."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from detector.demo.moments import SECONDS_A_DAY, moment, stamp

TENANT: Final = "demo"
FIRST_DAY: Final = -182
"""The first day of the history; the last is -1."""

Event = dict[str, object]

_SOURCES: Final = {"ticket": "helpdesk", "survey": "surveys", "incident": "statuspage"}
_PRODUCT: Final = frozenset({"usage", "docs", "data", "integration", "training"})


class Diary:
    """Collects the bare events of one account; days are negative integers, day -1 ends at `until`.

    `weekdays` are the working days (0 = Monday), `holidays` days off. What would lie at or after `until` is not
    written: it has not happened yet.
    """

    def __init__(
        self, account_id: str, until: datetime, seed: int, weekdays: Collection[int], holidays: Collection[int] = ()
    ) -> None:
        self.events: list[Event] = []
        self.until = until
        self.account_id = account_id
        self._seed = seed
        self._weekdays = weekdays
        self._holidays = holidays

    def chance(self, habit: str) -> random.Random:
        """The chance of one habit, its own, so that a change of one habit leaves the others as they are."""
        return random.Random(f"{self._seed}/{self.account_id}/{habit}")

    def add(self, event_type: str, day: int, clock: str | int, /, **fields: object) -> None:
        """Write an event at `clock`: "14:05", or seconds into the day."""
        second = clock if isinstance(clock, int) else _seconds(clock)
        if day * SECONDS_A_DAY + second >= 0:
            return
        family = event_type.partition(".")[0]
        self.events.append(
            {
                "event_id": f"{self.account_id}-{len(self.events) + 1:05d}",
                "event_type": event_type,
                "account_id": self.account_id,
                "occurred_at": moment(self.until, day, second),
                "source": "product" if family in _PRODUCT else _SOURCES.get(family, "crm"),
                "tenant_id": TENANT,
                **fields,
            }
        )

    def record_later(self, event_type: str, day: int, delay: timedelta) -> None:
        """Let what is written of a type on a day be recorded so much later than it occurred."""
        for event in self.events:
            at = str(event["occurred_at"])
            if event["event_type"] == event_type and at[:10] == self.date(day):
                event["_record_time"] = stamp(datetime.fromisoformat(at) + delay)

    def date(self, day: int) -> str:
        """The date of a day, which may lie in the future, YYYY-MM-DD."""
        return moment(self.until, day)[:10]

    def is_workday(self, day: int) -> bool:
        """Whether people work on that day."""
        return day not in self._holidays and (self.until + timedelta(days=day)).weekday() in self._weekdays

    def workday(self, day: int) -> int:
        """The day itself or the next one on which people work."""
        while not self.is_workday(day):
            day += 1
        return day

    def workday_before(self, day: int) -> int:
        """The day itself or the last one before it on which people worked."""
        while not self.is_workday(day):
            day -= 1
        return day

    def workdays_ago(self, count: int) -> int:
        """The working day that is so many working days before the end; 1 is the last one."""
        day = 0
        for _ in range(count):
            day = self.workday_before(day - 1)
        return day


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60
