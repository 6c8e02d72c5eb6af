"""The facts that every pack has: profile, stage and onboarding, people and goals, folded from events.

Each function takes one event into an account's record. What it leaves does not depend on the order of arrival.
"""

from bisect import insort
from collections.abc import Callable
from typing import Any, Final

import msgspec

from detector.domain import events as e
from detector.domain.account import COMPLETED, STARTED, TOUCHED, Account
from detector.domain.measures import evict, make_room_for_goal, widen
from detector.domain.state import Goal, Person, put

WEEKDAYS: Final = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
MAX_PEOPLE: Final = 512
MAX_POINTS: Final = 24
MAX_ACKS: Final = 24
VERIFIED: Final = frozenset({"measured", "customer_confirmed"})  # vendor_asserted satisfies nothing (rules.md 1)
_PROFILE: Final = (
    "segment", "stage", "touch_model", "arr_minor", "currency", "contract_start", "renewal_date", "owner_id", "time_zone",
    "working_days", "holidays",
)  # fmt: skip
_CALENDAR: Final = frozenset({"time_zone", "working_days", "holidays"})


def _profile_value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in ("contract_start", "renewal_date"):
        return value.toordinal()
    if name == "holidays":
        return sorted(day.toordinal() for day in value)
    if name == "working_days":
        return sorted(WEEKDAYS[day] for day in value)
    return value


def account_updated(event: e.AccountUpdated, account: Account) -> None:
    """Replace the profile fields that are given; null clears."""
    profile = account.record.profile
    for name in _PROFILE:
        value = getattr(event, name)
        if value is not msgspec.UNSET and put(profile, name, _profile_value(name, value), event.occurred_at) and name in _CALENDAR:
            account.calendar_changed()


def stage_entered(event: e.StageEntered, account: Account) -> None:
    """Note the stage."""
    put(account.record.profile, "stage", event.stage, event.occurred_at)


def owner_assigned(event: e.OwnerAssigned, account: Account) -> None:
    """Note the owner; null means nobody."""
    put(account.record.profile, "owner_id", event.owner_id, event.occurred_at)


def onboarding(event: e.Event, account: Account) -> None:
    """Note that onboarding was seen, started or completed."""
    marks = account.record.marks
    widen(marks, TOUCHED, event.occurred_at)
    if isinstance(event, e.OnboardingStarted):
        widen(marks, STARTED, event.occurred_at)
    elif isinstance(event, e.OnboardingCompleted):
        widen(marks, COMPLETED, event.occurred_at)


def _person(account: Account, stakeholder_id: str) -> Person:
    people = account.record.people
    person = people.get(stakeholder_id)
    if person is None:
        person = people[stakeholder_id] = Person()
        if len(people) > MAX_PEOPLE:
            del people[min(people, key=lambda who: (max(people[who].role_at, people[who].active_at) if who != stakeholder_id else 1 << 62, who))]
            evict(account, "stakeholder")
    return person


def stakeholder_updated(event: e.StakeholderUpdated, account: Account) -> None:
    """Note a person's role, department and whether they are still there."""
    at = event.occurred_at
    person = _person(account, event.stakeholder_id)
    if (person.role_at, person.role or "") < (at, event.role):
        person.role, person.role_at = event.role, at
    if event.department is not None and (person.department_at, person.department or "") < (at, event.department):
        person.department, person.department_at = event.department, at
    _presence(person, event.active, at)


def stakeholder_left(event: e.StakeholderLeft, account: Account) -> None:
    """Note that a person has left."""
    _presence(_person(account, event.stakeholder_id), present=False, at=event.occurred_at)


def _presence(person: Person, present: bool, at: int) -> None:
    if at > person.active_at or (at == person.active_at and not present):
        person.active, person.active_at = present, at


def _goal(account: Account, goal_id: str) -> Goal:
    goals = account.record.goals
    goal = goals.get(goal_id)
    if goal is None:
        goal = goals[goal_id] = Goal(fields={}, points=[], acks=[])
        make_room_for_goal(account, goals)
    return goal


def goal_set(event: e.GoalSet, account: Account) -> None:
    """Note a goal or the fields of it that are given anew; its measures stay."""
    goal = _goal(account, event.goal_id)
    at = event.occurred_at
    goal.set_at = at if goal.set_at < 0 else min(goal.set_at, at)
    for name in ("kind", "baseline", "target", "direction"):
        value = getattr(event, name)
        if value is not None:
            put(goal.fields, name, value, at)
    if event.schedule is not None:
        put(goal.fields, "schedule", sorted([point.at, point.expected] for point in event.schedule), at)


def goal_measured(event: e.GoalMeasured, account: Account, event_hash: bytes) -> None:
    """Note a verified measure; one that only the vendor asserts is no proof and is not kept."""
    if event.evidence not in VERIFIED:
        return
    points = _goal(account, event.goal_id).points
    insort(points, (event.occurred_at, event_hash, event.value, event.evidence))
    if len(points) > MAX_POINTS:
        del points[0]
        evict(account, "goal_point")


def goal_acknowledged(event: e.GoalAcknowledged, account: Account) -> None:
    """Note who acknowledged a goal, and when."""
    acks = _goal(account, event.goal_id).acks
    insort(acks, (event.occurred_at, event.stakeholder_id or "", event.role or ""))
    if len(acks) > MAX_ACKS:
        del acks[0]
        evict(account, "goal_ack")


def goal_closed(event: e.GoalClosed, account: Account) -> None:
    """Note that a goal is closed, and as what."""
    goal = _goal(account, event.goal_id)
    if event.occurred_at > goal.closed_at:
        goal.closed_at, goal.closed_as = event.occurred_at, event.closed_as


Fold = Callable[[Any, Account], None]

FOLDS: Final[dict[type[e.Event], Fold]] = {
    e.AccountUpdated: account_updated,
    e.StageEntered: stage_entered,
    e.OwnerAssigned: owner_assigned,
    e.StakeholderUpdated: stakeholder_updated,
    e.StakeholderLeft: stakeholder_left,
    e.GoalSet: goal_set,
    e.GoalAcknowledged: goal_acknowledged,
    e.GoalClosed: goal_closed,
    e.OnboardingStarted: onboarding,
    e.OnboardingKickoffHeld: onboarding,
    e.OnboardingProgressed: onboarding,
    e.OnboardingReopened: onboarding,
    e.OnboardingBlocked: onboarding,
    e.OnboardingCompleted: onboarding,
}
WAKE_ALL: Final = frozenset({e.AccountUpdated, e.StageEntered, e.OnboardingStarted, e.OnboardingCompleted})
