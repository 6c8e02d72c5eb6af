"""States of an account that a rule may ask for: whether one holds at an instant, and since when.

All times are epoch milliseconds (UTC), by event time.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from detector.domain import events as e
from detector.domain.account import Account
from detector.domain.moments import OWNER_EVENTS, Needs, is_outcome, specified_at
from detector.domain.state import Goal

Since: TypeAlias = Callable[[Account, str | None, int], int | None]


class Kind(NamedTuple):
    """One state: `since` when it has held of the account, or of a subject, at an instant; None where it did not.

    `noun` is what would bring it about. `classes` and `needs` are as in `moments.Kind`.
    """

    since: Since
    classes: tuple[type[e.Event], ...]
    needs: Needs
    noun: str


def _first_open(found: Iterable[tuple[Goal, int | None]], at: int) -> int | None:
    """When the first of these goals that is open, or was at an instant, began to be what is asked for.

    One that begins later counts too: it ends what was missing from then on.
    """
    return min((since for goal, since in found if since is not None and not 0 <= goal.closed_at <= at), default=None)


def _outcome_goal(account: Account, subject: str | None, at: int) -> int | None:
    del subject
    goals = account.record.goals.values()
    return _first_open(((goal, goal.set_at if is_outcome(goal) else None) for goal in goals), at)


def _complete_outcome_goal(account: Account, subject: str | None, at: int) -> int | None:
    del subject
    goals = account.record.goals.values()
    return _first_open(((goal, specified_at(goal) if is_outcome(goal) else None) for goal in goals), at)


def _role_goal(account: Account, subject: str | None, at: int) -> int | None:
    """A goal that somebody in the role set: in the role that is known of them, else in the one the event carried."""

    def theirs(goal: Goal) -> bool:
        return any(account.role_of(who or None, carried or None) == subject for who, carried in goal.setters)

    goals = account.record.goals.values()
    return _first_open(((goal, goal.set_at if goal.set_at >= 0 and theirs(goal) else None) for goal in goals), at)


def _owner(account: Account, subject: str | None, at: int) -> int | None:
    del subject, at
    told = account.record.told.get("owner_id", ())
    if not told or told[-1][1] is None:
        return None
    gained = [after[0] for before, after in pairwise(told) if before[1] is None and after[1] is not None]
    return gained[-1] if gained else told[0][0]


STATES: Final[Mapping[str, Kind]] = {
    "outcome_goal": Kind(_outcome_goal, (e.GoalSet, e.GoalClosed), ({"event": "goal.set"},), "a goal of the customer"),
    "complete_outcome_goal": Kind(
        _complete_outcome_goal,
        (e.GoalSet, e.GoalClosed),
        ({"event": "goal.set"},),
        "a goal with a baseline, a target and a schedule",
    ),
    "role_goal": Kind(
        _role_goal,
        (e.GoalSet, e.GoalClosed, e.StakeholderUpdated),
        ({"event": "goal.set"},),
        "a goal set by that role",
    ),
    "owner": Kind(_owner, (e.OwnerAssigned, e.AccountUpdated), OWNER_EVENTS, "an owner"),
}
