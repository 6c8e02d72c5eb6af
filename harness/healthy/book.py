"""One account's book: events are written into it by day and the local hour, counted from the start of the history."""

from datetime import date, timedelta
from functools import cached_property
from random import Random
from typing import Any, Final

from harness.healthy.customers import START, WINTER_BREAK, Customer

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
FIRST_MS: Final = (START - date(1970, 1, 1)).days * DAY_MS
_SOURCES: Final = {"ticket": "helpdesk", "survey": "surveys", "incident": "statuspage"}
_PRODUCT: Final = frozenset({"usage", "docs", "pricing", "data", "integration", "training"})


class Book:
    """Collects the bare events of one account over `days` days; what lies outside of them is left out."""

    def __init__(self, customer: Customer, seed: int, days: int) -> None:
        self.customer = customer
        self.days = days
        self.first = max(0, customer.since)
        self.events: list[dict[str, Any]] = []
        self._seed = seed

    def chance(self, habit: str) -> Random:
        """The chance of one habit, its own, so that a change of one habit leaves the others as they are."""
        return Random(f"{self._seed}/{self.customer.account_id}/{habit}")

    def at(self, day: int, hour: float) -> int:
        """Epoch milliseconds of a local hour (in winter time) of a day."""
        return FIRST_MS + day * DAY_MS + round((hour - self.customer.place.ahead) * HOUR_MS)

    def add(self, event_type: str, day: int, hour: float, /, **fields: Any) -> None:
        """Write an event."""
        at = self.at(day, hour)
        if not self.at(self.first, 0) <= at < FIRST_MS + self.days * DAY_MS:
            return
        family = event_type.partition(".")[0]
        self.events.append(
            {
                "event_id": f"{self.customer.account_id}-{len(self.events)}",
                "event_type": event_type,
                "account_id": self.customer.account_id,
                "occurred_at": at,
                "source": "product" if family in _PRODUCT else _SOURCES.get(family, "crm"),
                **fields,
            }
        )

    def told_by(self, role: str) -> dict[str, str]:
        """The envelope's fields of an event that the first person of a role takes part in."""
        return {"stakeholder_id": self.customer.one_of(role).who, "role": role}

    # -- the calendar ---------------------------------------------------------------------------------------------

    def date_of(self, day: int) -> date:
        """The date of a day."""
        return START + timedelta(days=day)

    @cached_property
    def holidays(self) -> tuple[date, ...]:
        """The days off, which the account is known to have; of this year and the next."""
        named = {*self.customer.place.holidays, *(WINTER_BREAK if self.customer.winter_break else ())}
        found = [date.fromisoformat(f"{year}-{day}") for year in (START.year, START.year + 1) for day in named]
        return tuple(sorted(found))

    def is_workday(self, day: int) -> bool:
        """Whether people work on that day."""
        local = self.date_of(day)
        return local.weekday() in self.customer.place.weekdays and local not in self.holidays

    def workday(self, day: int, later: int = 0) -> int:
        """The day itself or the next one on which people work; then so many working days later."""
        while not self.is_workday(day):
            day += 1
        for _ in range(later):
            day = self.workday(day + 1)
        return day
