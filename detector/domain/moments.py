"""Moments: times that are worked out of several facts, such as when a goal's target was first met."""

from collections.abc import Callable, Iterable
from typing import Final, final

import msgspec

from detector.domain import events as e
from detector.domain.account import Account
from detector.domain.state import Goal

Times = tuple[int, int]


@final
class MomentOf(msgspec.Struct, frozen=True):
    """A named moment of each goal; `roles` are those whose act counts, empty for anybody's."""

    name: str
    roles: frozenset[str] = frozenset()

    @property
    def classes(self) -> tuple[type[e.Event], ...]:
        """The event classes that can move it."""
        return MOMENTS[self.name][1]

    def subjects(self, account: Account) -> Iterable[str]:
        """The goals of the account."""
        return account.record.goals

    def times(self, account: Account, subject: str) -> Times | None:
        """The first and the last time it happened; None when never."""
        goal = account.record.goals.get(subject)
        return None if goal is None else MOMENTS[self.name][0](account, goal, self.roles)


def way(goal: Goal) -> tuple[float, float] | None:
    """Where a goal starts and where it leads: (baseline, target); None where either is missing or they are equal."""
    baseline, target = goal_field(goal, "baseline"), goal_field(goal, "target")
    if baseline is None or target is None or baseline == target:
        return None
    return float(baseline), float(target)


def goal_field(goal: Goal, name: str) -> float | None:
    """A numeric field of a goal as last given; None when it never was."""
    stamped = goal.fields.get(name)
    return None if stamped is None else stamped[0]


def ended_as(goal: Goal) -> str | None:
    """What the alerts of a closed goal resolve as (R2.12); None while it is open."""
    if goal.closed_at < 0:
        return None
    return "acted" if goal.closed_as == "achieved" else "superseded"


def _target_met(account: Account, goal: Goal, roles: frozenset[str]) -> Times | None:
    del account, roles
    target, direction = goal_field(goal, "target"), goal.fields.get("direction")
    if target is None:
        return None
    down = direction is not None and direction[0] == "down"
    met = [at for at, _, value, _ in goal.points if (value <= target if down else value >= target)]
    return (met[0], met[-1]) if met else None


def _acknowledged(account: Account, goal: Goal, roles: frozenset[str]) -> Times | None:
    times = [
        at for at, who, carried in goal.acks if not roles or account.role_of(who or None, carried or None) in roles
    ]
    return (times[0], times[-1]) if times else None


def _step_reached(account: Account, goal: Goal, roles: frozenset[str]) -> Times | None:
    """When a verified measure first was at or beyond a point of the schedule, of each point (rules.md 1)."""
    del account, roles
    stamped, direction = goal.fields.get("schedule"), goal.fields.get("direction")
    down = direction is not None and direction[0] == "down"
    steps = [] if stamped is None else [expected for _, expected in stamped[0]]
    firsts = (
        next((at for at, _, value, _ in goal.points if (value <= step if down else value >= step)), None)
        for step in steps
    )
    times = [at for at in firsts if at is not None]
    return (min(times), max(times)) if times else None


MOMENTS: Final[dict[str, tuple[Callable[[Account, Goal, frozenset[str]], Times | None], tuple[type[e.Event], ...]]]] = {
    "goal.target_met": (_target_met, (e.GoalSet, e.GoalMeasured)),
    "goal.step_reached": (_step_reached, (e.GoalSet, e.GoalMeasured)),
    "goal.acknowledged": (_acknowledged, (e.GoalAcknowledged, e.StakeholderUpdated)),
}
