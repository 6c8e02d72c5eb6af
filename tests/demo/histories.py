"""The company's history as plain facts, read without the detector: weekday by weekday, each read once."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from detector.demo import company

ENDS = tuple(datetime(2026, 11, day, tzinfo=UTC) for day in range(16, 23))
"""One end for each weekday: only the weekday moves what people do."""

Fact = dict[str, Any]


@dataclass
class History:
    """One account: days are counted from the end of the history, as fractions, -1.0 to 0 the last day."""

    events: list[Fact] = field(default_factory=list)

    def days(self, *types: str) -> list[float]:
        """When events of these types occurred."""
        return [event["day"] for event in self.of(*types)]

    def of(self, *types: str) -> list[Fact]:
        """The events of these types, in the order of time."""
        return [event for event in self.events if event["event_type"] in types]

    def inbound(self) -> list[float]:
        """When something was heard from the customer."""
        return [
            event["day"]
            for event in self.events
            if event["event_type"] in ("ticket.created", "survey.responded")
            or event.get("author") == "customer"
            or event.get("direction") == "inbound"
        ]

    def actions(self) -> dict[int, int]:
        """Actions by day."""
        total: defaultdict[int, int] = defaultdict(int)
        for event in self.of("usage.recorded"):
            total[math.floor(event["day"])] += event["count"]
        return total

    def weeks(self, day: int) -> int:
        """Actions of the seven days that end with a day."""
        actions = self.actions()
        return sum(actions.get(day - back, 0) for back in range(7))

    def deepest_drop(self) -> float:
        """The least ratio, held for two days, of seven days' actions to the median of the four such weeks before.

        1.0 where there is no five weeks' usage to judge.
        """
        actions = self.actions()
        first = min(actions)
        sums = {day: sum(actions.get(day - back, 0) for back in range(7)) for day in range(first + 6, 0)}
        ratios = {}
        for day in range(first + 34, 0):
            before = sorted(sums[day - 7 * back] for back in range(1, 5))
            ratios[day] = sums[day] / ((before[1] + before[2]) / 2)
        return min(
            (max(ratios[day], ratios[day + 1]) for day in range(first + 34, -1)),
            default=1.0,
        )


def longest_gap(days: Iterable[float]) -> float:
    """The longest silence between the first of some moments and the end of the history, in days."""
    ordered = [*sorted(days), 0.0]
    return max(later - earlier for earlier, later in pairwise(ordered))


@cache
def histories(until: datetime) -> dict[str, History]:
    """Every account's history up to an end."""
    found: defaultdict[str, History] = defaultdict(History)
    for event in company.events(until):
        day = (datetime.fromisoformat(str(event["occurred_at"])) - until) / timedelta(days=1)
        found[str(event["account_id"])].events.append({**event, "day": day})
    return dict(found)
