"""States of an account that a rule may ask for: whether one holds at an instant, and since when.

All times are epoch milliseconds (UTC), by event time.
"""

from collections.abc import Callable, Mapping
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


def _outcome(goal: Goal, begun: int) -> int | None:
    return begun if is_outcome(goal) else None


def _complete_outcome(goal: Goal, begun: int) -> int | None:
    return specified_at(goal, begun) if is_outcome(goal) else None


def _first_open(account: Account, at: int, asked: Callable[[Goal, int], int | None]) -> int | None:
    """When the first of the goals that is open, or was at an instant, began to be what is asked for.

    One that begins later counts too: it ends what was missing from then on.
    """
    begun = ((goal, goal.begun_by(at)) for goal in account.record.goals.values())
    found = (asked(goal, since) for goal, since in begun if since is not None)
    return min((since for since in found if since is not None), default=None)


def _outcome_goal(account: Account, subject: str | None, at: int) -> int | None:
    del subject
    return _first_open(account, at, _outcome)


def _complete_outcome_goal(account: Account, subject: str | None, at: int) -> int | None:
    del subject
    return _first_open(account, at, _complete_outcome)


def _role_goal(account: Account, subject: str | None, at: int) -> int | None:
    """A goal that somebody in the role set: in the role that is known of them, else in the one the event carried."""

    def theirs(goal: Goal, begun: int) -> int | None:
        setters = (account.role_of(who or None, carried or None) for who, carried in goal.setters)
        return begun if subject in setters else None

    return _first_open(account, at, theirs)


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
