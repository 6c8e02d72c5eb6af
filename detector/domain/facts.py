"""The facts that every pack has: profile, stage and onboarding, people and goals, folded from events.

Each function takes one event into an account's record. What it leaves does not depend on the order of arrival.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from detector.domain import events as e
from detector.domain import hot, watched
from detector.domain.account import CHURNED, COMPLETED, DEAL, PAST, STARTED, TOUCHED, Account
from detector.domain.calendar import DAY_MS
from detector.domain.measures import evict, make_room_for_goal, widen
from detector.domain.state import Goal, Person, put
from detector.domain.verdict import GRACE_MS

WEEKDAYS: Final = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
MAX_PEOPLE: Final = 512
MAX_POINTS: Final = 24
MAX_ACKS: Final = 24
MAX_MILESTONES: Final = 64
MAX_TOLD: Final = 8
MAX_SETTERS: Final = 8
_WATCHED_FIRST: Final = ("sponsor", "executive", "champion", "admin")
NAMED_ROLES: Final = frozenset(_WATCHED_FIRST)
VERIFIED: Final = frozenset({"measured", "customer_confirmed"})  # vendor_asserted satisfies nothing (rules.md 1)
_PROFILE: Final = (
    "segment", "stage", "touch_model", "arr_minor", "currency", "contract_start", "renewal_date", "owner_id",
    "time_zone", "working_days", "holidays",
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
        if (
            value is not msgspec.UNSET
            and put(profile, name, _profile_value(name, value), event.occurred_at)
            and name in _CALENDAR
        ):
            account.calendar_changed()
    if event.stage is not msgspec.UNSET:
        _told(account, "stage", event.stage, event.occurred_at)
        _staged(account, event.stage, event.occurred_at)
    if event.owner_id is not msgspec.UNSET:
        _told(account, "owner_id", event.owner_id, event.occurred_at)


def stage_entered(event: e.StageEntered, account: Account) -> None:
    """Note the stage."""
    put(account.record.profile, "stage", event.stage, event.occurred_at)
    _told(account, "stage", event.stage, event.occurred_at)
    _staged(account, event.stage, event.occurred_at)


def _staged(account: Account, stage: str | None, at: int) -> None:
    """Note when another stage than onboarding was first seen: a stage that is told again and again was entered once."""
    if stage is not None and stage != "onboarding":
        widen(account.record.marks, PAST, at)


def owner_assigned(event: e.OwnerAssigned, account: Account) -> None:
    """Note the owner; null means nobody."""
    put(account.record.profile, "owner_id", event.owner_id, event.occurred_at)
    _told(account, "owner_id", event.owner_id, event.occurred_at)


def _told(account: Account, name: str, value: str | None, at: int) -> None:
    """Keep what a field was told to be, so that its changes are known however often it is told again.

    Of too many the first goes that only repeats what was said before and after it; if none does, the oldest.
    """
    told = account.record.told.setdefault(name, [])
    place = bisect_left(told, (at, str(value)), key=lambda entry: (entry[0], str(entry[1])))
    if place < len(told) and told[place] == (at, value):
        return
    told.insert(place, (at, value))
    if len(told) > MAX_TOLD:
        values = [value for _, value in told]
        repeats = (n for n in range(1, len(told) - 1) if values[n - 1] == values[n] == values[n + 1])
        del told[next(repeats, 0)]


def onboarding(event: e.Event, account: Account) -> None:
    """Note that onboarding was seen, started or completed."""
    marks = account.record.marks
    widen(marks, TOUCHED, event.occurred_at)
    if isinstance(event, e.OnboardingStarted):
        widen(marks, STARTED, event.occurred_at)
    elif isinstance(event, e.OnboardingCompleted):
        widen(marks, COMPLETED, event.occurred_at)


def outcome_recorded(event: e.OutcomeRecorded, account: Account) -> None:
    """Note that the customer has left; what else may become of a contract is no fact that a rule reads."""
    if event.outcome == "churned":
        widen(account.record.marks, CHURNED, event.occurred_at)


def deal_closed(event: e.DealClosed, account: Account) -> None:
    """Note that a deal was closed."""
    widen(account.record.marks, DEAL, event.occurred_at)


def milestone_set(event: e.MilestoneSet, account: Account) -> None:
    """Note whether a milestone is private; of too many the one that was set first is forgotten."""
    private = account.record.private
    put(private, hot.hash8(event.milestone_id).hex(), event.visibility == "private", event.occurred_at)
    if len(private) > MAX_MILESTONES:
        del private[min(private, key=lambda name: (private[name][1], name))]
        evict(account, "subject")


def _person(account: Account, stakeholder_id: str) -> Person:
    people = account.record.people
    person = people.get(stakeholder_id)
    if person is None:
        if len(people) >= MAX_PEOPLE:
            del people[next(least_wanted(people))]
            evict(account, "stakeholder")
        person = people[stakeholder_id] = Person(gone=[], named={})
    return person


def least_wanted(people: Mapping[str, Person]) -> Iterator[str]:
    """People in the order in which they are dropped: whose role no rule names, of them who left, then the stalest."""

    def worth(who: str) -> tuple[bool, bool, int, str]:
        person = people[who]
        return person.role in NAMED_ROLES, not person.gone, max(person.role_at, person.back_at, *person.gone), who

    return iter(sorted(people, key=worth))


def stakeholder_updated(event: e.StakeholderUpdated, account: Account) -> None:
    """Note a person's role, department and whether they are still there."""
    at = event.occurred_at
    person = _person(account, event.stakeholder_id)
    if (person.role_at, person.role or "") < (at, event.role):
        person.role, person.role_at = event.role, at
    person.named[event.role] = min(at, person.named.get(event.role, at))
    if event.department is not None and (person.department_at, person.department or "") < (at, event.department):
        person.department, person.department_at = event.department, at
    if event.active:
        _present(person, at)
    else:
        _absent(person, at)
    _watch(account, event.stakeholder_id, person)


def stakeholder_left(event: e.StakeholderLeft, account: Account) -> None:
    """Note that a person has left, and the role that the event carries where none is known."""
    person = _person(account, event.stakeholder_id)
    if event.role is not None and (person.role_at, person.role or "") < (-1, event.role):
        person.role = event.role
    _absent(person, event.occurred_at)
    _watch(account, event.stakeholder_id, person)


def _watch(account: Account, who: str, person: Person) -> None:
    """Have the actions of the people in a named role counted by day, of at most 32: leaders first, then by id.

    What is counted begins with the first UTC day that lies later than the grace after the record that named them.
    """
    known = set(watched.watched(account.hot))
    if person.role not in NAMED_ROLES and hot.member_hash(who) not in known:
        return
    people = account.record.people
    named = sorted(
        (who for who, one in people.items() if one.role in NAMED_ROLES and not one.gone),
        key=lambda who: (_WATCHED_FIRST.index(people[who].role), who),
    )
    chosen = {hot.member_hash(who) for who in named[: watched.MOST]}
    dropped = {hot.member_hash(who) for who in named[watched.MOST :]} & (known | {hot.member_hash(who)})
    if dropped:
        evict(account, "watched", len(dropped))
    watched.watch(account.hot, chosen, (account.last + GRACE_MS) // DAY_MS + 1)


def _present(person: Person, at: int) -> None:
    if at > person.back_at:
        person.back_at = at
        person.gone = [left for left in person.gone if left >= at]


def _absent(person: Person, at: int) -> None:
    if at >= person.back_at and at not in person.gone:
        insort(person.gone, at)
        del person.gone[2:-1]


def _goal(account: Account, goal_id: str) -> Goal:
    goals = account.record.goals
    goal = goals.get(goal_id)
    if goal is None:
        make_room_for_goal(account, goals)
        goal = goals[goal_id] = Goal(fields={}, points=[], acks=[], setters=[], again=[])
    return goal


def goal_set(event: e.GoalSet, account: Account) -> None:
    """Note a goal or the fields of it that are given anew; its measures stay."""
    goal = _goal(account, event.goal_id)
    at = event.occurred_at
    goal.note_set(at)
    if event.stakeholder_id is not None or event.role is not None:
        _insert(goal.setters, (event.stakeholder_id or "", event.role or ""))
        del goal.setters[MAX_SETTERS:]
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
    _insert(points, (event.occurred_at, event_hash, event.value, event.evidence))
    if len(points) > MAX_POINTS:
        del points[0]
        evict(account, "goal_point")


def _insert(entries: list[Any], entry: tuple[Any, ...]) -> None:
    """Keep an entry where it belongs, once however often it comes."""
    at = bisect_left(entries, entry)
    if at == len(entries) or entries[at] != entry:
        entries.insert(at, entry)


def goal_acknowledged(event: e.GoalAcknowledged, account: Account) -> None:
    """Note who acknowledged a goal, and when."""
    acks = _goal(account, event.goal_id).acks
    _insert(acks, (event.occurred_at, event.stakeholder_id or "", event.role or ""))
    if len(acks) > MAX_ACKS:
        del acks[0]
        evict(account, "goal_ack")


def goal_closed(event: e.GoalClosed, account: Account) -> None:
    """Note that a goal is closed, and as what."""
    goal = _goal(account, event.goal_id)
    if (event.occurred_at, event.closed_as) > (goal.closed_at, goal.closed_as or ""):
        goal.closed_at, goal.closed_as = event.occurred_at, event.closed_as
        goal.note_set()


Fold = Callable[[Any, Account], None]

FOLDS: Final[dict[type[e.Event], Fold]] = {
    e.AccountUpdated: account_updated,
    e.StageEntered: stage_entered,
    e.OwnerAssigned: owner_assigned,
    e.OutcomeRecorded: outcome_recorded,
    e.DealClosed: deal_closed,
    e.MilestoneSet: milestone_set,
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
NOT_IN_MEASURES: Final = frozenset({
    *FOLDS, e.GoalMeasured, e.UsageRecorded, e.UsageActiveUsers, e.DocsViewed, e.DataExported, e.StakeholderErased,
})  # fmt: skip
"""Events that change more than measures do: which rules they concern cannot be told by the measures that take them."""
WAKE_ALL: Final = frozenset({
    e.AccountUpdated, e.StageEntered, e.OnboardingStarted, e.OnboardingCompleted, e.StakeholderErased,
})  # fmt: skip
