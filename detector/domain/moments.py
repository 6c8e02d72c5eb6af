"""Moments: times that are worked out of several facts, such as when a goal's target was first met.

All times are epoch milliseconds (UTC), by event time, sorted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias, final

import msgspec

from detector.domain import events as e
from detector.domain.account import Account
from detector.domain.state import Goal

Needs: TypeAlias = tuple[Mapping[str, Any], ...]
Times: TypeAlias = Sequence[int]
Work: TypeAlias = Callable[[Account, str | None, frozenset[str]], Times]


class Kind(NamedTuple):
    """One moment: what it is of (`goal`, `role`, `stage`; None: of the account), and how it is worked out.

    `classes` are the events that can move it, `needs` those of which a tenant must send one for it to be known (R2.7).
    """

    of: frozenset[str | None]
    work: Work
    classes: tuple[type[e.Event], ...]
    needs: Needs


@final
class MomentOf(msgspec.Struct, frozen=True):
    """A named moment of each goal, role or stage, or of the account; `roles` are those whose act counts, empty: all."""

    name: str
    roles: frozenset[str] = frozenset()

    @property
    def classes(self) -> tuple[type[e.Event], ...]:
        """The event classes that can move it."""
        return MOMENTS[self.name].classes

    def subjects(self, account: Account) -> Iterable[str | None]:
        """What it may have happened to: the goals, the roles that are named, the account or its present stage."""
        of = MOMENTS[self.name].of
        if "goal" in of:
            return account.record.goals
        if "role" in of:
            return sorted({one.role for one in account.record.people.values() if one.role is not None})
        return (None,) if of == {None} else (account.fact("stage"),)

    def times(self, account: Account, subject: str | None) -> Times:
        """When it happened; empty when never."""
        return MOMENTS[self.name].work(account, subject, self.roles)


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
    if not goal.closed:
        return None
    return "acted" if goal.closed_as == "achieved" else "superseded"


def is_outcome(goal: Goal) -> bool:
    """Whether a goal was set and is no mere activity (rules.md 1)."""
    kind = goal.fields.get("kind")
    return goal.set_at >= 0 and kind is not None and kind[0] != "activity"


def specified_at(goal: Goal, begun: int) -> int | None:
    """Since when a goal begun then can be measured: has a baseline, a target and a schedule; None while it cannot."""
    parts = [goal.fields.get(name) for name in ("baseline", "target", "schedule")]
    known = [part[1] for part in parts if part is not None and part[0] not in (None, [])]
    return max(begun, *known) if len(known) == len(parts) and begun >= 0 else None


def _target_met(goal: Goal) -> Times:
    """When it was met, measure by measure; what was measured before a goal was set again is no news of it."""
    target, direction = goal_field(goal, "target"), goal.fields.get("direction")
    if target is None:
        return ()
    down = direction is not None and direction[0] == "down"
    since = goal.begun if goal.closed_at >= 0 else -1
    met = ((at, value <= target if down else value >= target) for at, _, value, _ in goal.points)
    return [at for at, good in met if good and at >= since]


def _specified(goal: Goal) -> Times:
    at = specified_at(goal, goal.begun)
    return () if at is None else (at,)


def _schedule_dates(goal: Goal) -> Times:
    """Until the target is met a date is one at which a measure is expected; none from before the goal was set."""
    stamped, met = goal.fields.get("schedule"), _target_met(goal)
    if stamped is None or goal.set_at < 0:
        return ()
    return [at for at, _ in stamped[0] or () if at >= goal.begun and (not met or at < met[0])]


def _step_reached(goal: Goal) -> Times:
    """When a verified measure first was at or beyond a point of the schedule, of each point (rules.md 1)."""
    stamped, direction = goal.fields.get("schedule"), goal.fields.get("direction")
    down = direction is not None and direction[0] == "down"
    steps = [] if stamped is None else [expected for _, expected in stamped[0] or ()]
    firsts = (
        next((at for at, _, value, _ in goal.points if (value <= step if down else value >= step)), None)
        for step in steps
    )
    return sorted(at for at in firsts if at is not None)


def _goal(work: Callable[[Goal], Times]) -> Work:
    """The moment of one goal, by what is known of that goal alone."""

    def times(account: Account, subject: str | None, roles: frozenset[str]) -> Times:
        del roles
        goal = account.record.goals.get(subject or "")
        return () if goal is None else work(goal)

    return times


def _acknowledged(account: Account, subject: str | None, roles: frozenset[str]) -> Times:
    goal = account.record.goals.get(subject or "")
    acks = () if goal is None else goal.acks
    return [at for at, who, carried in acks if not roles or account.role_of(who or None, carried or None) in roles]


def _role_named(account: Account, subject: str | None, roles: frozenset[str]) -> Times:
    del roles
    since = account.named_since(subject or "")
    return () if since is None else (since,)


def _stage_entered(account: Account, subject: str | None, roles: frozenset[str]) -> Times:
    """Each change of the stage, or those to the present one; the first stage ever seen is no new one (events.md 3)."""
    del roles
    if subject is not None and subject != account.fact("stage"):
        return ()
    told = [(at, stage) for at, stage in account.record.told.get("stage", ()) if stage is not None]
    changes = [after for before, after in pairwise(told) if before[1] != after[1]]
    return [at for at, stage in changes if subject in (None, stage)]


def _owner_changed(account: Account, subject: str | None, roles: frozenset[str]) -> Times:
    """When the present owner took over from another, or from nobody; the first owner ever seen took over from none."""
    del subject, roles
    told = account.record.told.get("owner_id", ())
    changes = [after for before, after in pairwise(told) if before[1] != after[1]]
    return [at for at, owner in changes[-1:] if owner is not None]


def _owner_lost(account: Account, subject: str | None, roles: frozenset[str]) -> Times:
    """When the account was told to have no owner, the last time; of one that nobody spoke of it is not known."""
    del subject, roles
    told = [(-1, ""), *account.record.told.get("owner_id", ())]
    return [at for (_, before), (at, owner) in pairwise(told) if owner is None and before is not None][-1:]


OWNER_EVENTS: Final[Needs] = ({"event": "owner.assigned"}, {"event": "account.updated"})
_SET: Final[Needs] = ({"event": "goal.set"},)
_MEASURED: Final[Needs] = ({"event": "goal.measured"},)
_OF_GOAL: Final = frozenset({"goal"})
_OF_ACCOUNT: Final = frozenset({None})

MOMENTS: Final[Mapping[str, Kind]] = {
    "goal.target_met": Kind(_OF_GOAL, _goal(_target_met), (e.GoalSet, e.GoalMeasured), _MEASURED),
    "goal.step_reached": Kind(_OF_GOAL, _goal(_step_reached), (e.GoalSet, e.GoalMeasured), _MEASURED),
    "goal.acknowledged": Kind(
        _OF_GOAL, _acknowledged, (e.GoalAcknowledged, e.StakeholderUpdated), ({"event": "goal.acknowledged"},)
    ),
    "goal.measured": Kind(_OF_GOAL, _goal(lambda goal: [at for at, *_ in goal.points]), (e.GoalMeasured,), _MEASURED),
    "goal.outcome_set": Kind(
        _OF_GOAL, _goal(lambda goal: (goal.begun,) if is_outcome(goal) else ()), (e.GoalSet,), _SET
    ),
    "goal.specified": Kind(_OF_GOAL, _goal(_specified), (e.GoalSet,), _SET),
    "goal.schedule_date": Kind(_OF_GOAL, _goal(_schedule_dates), (e.GoalSet, e.GoalMeasured), _SET),
    "role.named": Kind(
        frozenset({"role"}),
        _role_named,
        (e.StakeholderUpdated, e.StakeholderLeft),
        ({"event": "stakeholder.updated"},),
    ),
    "stage.entered": Kind(
        frozenset({"stage", None}),
        _stage_entered,
        (e.StageEntered, e.AccountUpdated),
        ({"event": "stage.entered"}, {"event": "account.updated"}),
    ),
    "owner.changed": Kind(_OF_ACCOUNT, _owner_changed, (e.OwnerAssigned, e.AccountUpdated), OWNER_EVENTS),
    "owner.lost": Kind(_OF_ACCOUNT, _owner_lost, (e.OwnerAssigned, e.AccountUpdated), OWNER_EVENTS),
}
