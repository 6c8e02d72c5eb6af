"""How an account's life departs from the ordinary: one script for each account, most of them the ordinary one."""

from collections.abc import Callable
from dataclasses import dataclass

from detector.demo.accounts import Customer
from detector.demo.diary import Diary
from detector.demo.goals import GoalPlan

NEVER = 1
"""A day after the end of the history."""


def steady(_day: int) -> float:
    """Usage as always."""
    return 1.0


def nothing(_diary: Diary, _customer: Customer) -> None:
    """Nothing but the ordinary happens."""


@dataclass(frozen=True, slots=True)
class Script:
    """`level` is usage on a day relative to the customer's habit. From the days named on, something is over."""

    level: Callable[[int], float] = steady
    heard_until: int = NEVER
    """From this day on nobody there writes, calls or answers."""
    sponsor_until: int = NEVER
    successor_from: int = NEVER
    onboarding_until: int = NEVER
    """From this day on the onboarding stands still."""
    tickets_until: int = NEVER
    """From this day on no ordinary tickets."""
    goal: GoalPlan | None = None
    """In place of the ordinary goal."""
    happens: Callable[[Diary, Customer], None] = nothing


def between(first: int, last: int, level: float) -> Callable[[int], float]:
    """Usage at another level from one day to another, both included; as always before and after."""
    return lambda day: level if first <= day <= last else 1.0
