"""Conditions: what must hold of an account for a rule to be judged at all, or for a conjunction to be on.

Pure functions of the account's facts and the moment. All times are epoch milliseconds.
"""

from collections.abc import Collection
from typing import Final, Protocol, final

import msgspec

from detector.domain import events as e
from detector.domain.account import Account
from detector.domain.events import Event
from detector.domain.measures import Count, Kept, Measure, Track
from detector.domain.moments import is_outcome
from detector.domain.state import Goal
from detector.domain.verdict import Evidence, Moment, earliest


class Held(msgspec.Struct, frozen=True, gc=False):
    """Whether a condition holds: `since` when, -1 where that is not told, and when it may change though nothing comes.

    `text` says what holds (or does not) in a few words with the numbers, `evidence` the same as rows.
    """

    holds: bool
    since: int = -1
    due: int | None = None
    text: str = ""
    evidence: tuple[Evidence, ...] = ()


class Condition(Protocol):
    """One thing that holds of an account, or does not."""

    @property
    def kept(self) -> Collection[Kept]:
        """What must be kept for it."""
        ...

    @property
    def classes(self) -> Collection[type[Event]]:
        """The event classes that can change whether it holds."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """What it asks of other rules: their ids, `family:` and a family, `index` or `confidence`; empty: nothing."""
        ...

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Whether it holds of the account, or of one subject, at a moment."""
        ...


class OfFacts(msgspec.Struct, frozen=True):
    """What is common to conditions over the account's own facts."""

    @property
    def kept(self) -> Collection[Kept]:
        """Nothing of its own."""
        return ()

    @property
    def names(self) -> frozenset[str]:
        """No other rule."""
        return frozenset()


@final
class Onboarding(OfFacts, frozen=True):
    """The account is in onboarding (R2.8): from its start until it is completed, or for so many days."""

    @property
    def classes(self) -> Collection[type[Event]]:
        """Those that wake every rule anyway."""
        return (e.OnboardingStarted, e.OnboardingCompleted, e.StageEntered, e.AccountUpdated)

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """From the account's start to the end of its onboarding, the end excluded."""
        del subject
        start, end = account.start(moment.first_event), account.onboarding_end(moment.first_event)
        if moment.now >= end:
            return Held(holds=False, text="the onboarding is over")
        return Held(holds=True, since=start, due=end, text="the onboarding goes on")


@final
class TouchModel(OfFacts, frozen=True):
    """The account is served in one of these ways; `default` is what counts where that is not known."""

    models: frozenset[str]
    default: str = "mid"

    @property
    def classes(self) -> Collection[type[Event]]:
        """What says how an account is served."""
        return (e.AccountUpdated,)

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """As the profile says."""
        del moment, subject
        stamped = account.record.profile.get("touch_model")
        model = self.default if stamped is None or stamped[0] is None else stamped[0]
        since = -1 if stamped is None else stamped[1]
        return Held(holds=model in self.models, since=since, text=f"it is served {model} touch")


@final
class Named(OfFacts, frozen=True):
    """Somebody who is there has one of these roles."""

    roles: frozenset[str]

    @property
    def classes(self) -> Collection[type[Event]]:
        """What names people."""
        return (e.StakeholderUpdated, e.StakeholderLeft)

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the first of those who are there was named."""
        del moment, subject
        since = min((at for at in map(account.named_since, sorted(self.roles)) if at is not None), default=None)
        who = " or ".join(sorted(self.roles))
        if since is None:
            return Held(holds=False, text=f"no {who} is named")
        return Held(holds=True, since=since, text=f"a {who} is named")


@final
class GoalOpen(OfFacts, frozen=True):
    """The goal that is judged is open, or any of the account's; with `outcome` only goals that are no mere activity."""

    outcome: bool = False

    @property
    def classes(self) -> Collection[type[Event]]:
        """What sets and closes goals."""
        return (e.GoalSet, e.GoalClosed)

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the first of the open ones was set."""
        del moment
        goals = account.record.goals
        asked = goals.values() if subject is None else [goals[subject]] if subject in goals else []
        since = min((goal.begun for goal in asked if self._counts(goal)), default=None)
        if since is None:
            return Held(holds=False, text="no goal is open")
        return Held(holds=True, since=since, text="a goal is open")

    def _counts(self, goal: Goal) -> bool:
        return goal.set_at >= 0 and not goal.closed and (not self.outcome or is_outcome(goal))


@final
class Within(OfFacts, frozen=True):
    """A measure reads within bounds; where nothing is known it does not. Ends are as their names say."""

    measure: Measure
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    words: frozenset[str] = frozenset()

    @property
    def kept(self) -> Collection[Kept]:
        """What the measure keeps."""
        return self.measure.kept

    @property
    def classes(self) -> Collection[type[Event]]:
        """What moves the measure."""
        return self.measure.classes

    def admits(self, value: float | str | None) -> bool:
        """Whether a value is within the bounds, or one of the words."""
        if value is None or isinstance(value, str):
            return value in self.words
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """What it reads now; it may change when the measure may."""
        value = self.measure.value(account, moment.now, subject)
        admitted = self.admits(value)
        bound = next((b for b in (self.at_least, self.above, self.at_most, self.below) if b is not None), None)
        shown = "unknown" if value is None else value if isinstance(value, str) else f"{value:g}"
        return Held(
            holds=admitted,
            due=self._due(account, moment.now, subject, admitted=admitted),
            text=f"{self.measure.name} {shown}",
            evidence=(Evidence(self.measure.name, value, bound, self.measure.unit),),
        )

    def _due(self, account: Account, now: int, subject: str | None, *, admitted: bool) -> int | None:
        """Where too few are counted, time alone makes them no more, but for those dated ahead, or by roles learnt."""
        measure, falls = self.measure, self.at_most is not None or self.below is not None
        if not admitted and not falls and isinstance(measure, Count) and not measure.roles:
            return measure.next_after(account, now, subject)
        return measure.next_change(account, now, subject)


@final
class During(msgspec.Struct, frozen=True):
    """The subject began in the course of something, such as a ticket in an incident, or up to `after_ms` after it."""

    began: Track
    opened: Track
    over: Track
    after_ms: int

    @property
    def kept(self) -> Collection[Kept]:
        """When the subject and the others began, and when those were over."""
        return (self.began, self.opened, self.over)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What begins and ends the others; the subject's own beginning wakes the rule anyway."""
        return tuple(dict.fromkeys([*self.opened.matcher.alternatives, *self.over.matcher.alternatives]))

    @property
    def names(self) -> frozenset[str]:
        """No other rule."""
        return frozenset()

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Judged at the time at which the subject began; of one that was opened again the last end counts."""
        del moment
        began = self.began.times(account, subject)
        kind = self.opened.kind
        for name in sorted(account.record.tracks.get(kind, {})) if began else ():
            opened, over = self.opened.times(account, name), self.over.times(account, name)
            if not opened and not over:
                continue
            goes_on = not over or (opened and opened[-1] > over[-1])
            if (opened or over)[0] <= began[0] and (goes_on or began[0] <= over[-1] + self.after_ms):
                return Held(holds=True, text=f"it began around the {kind} {name}")
        return Held(holds=False, text=f"it did not begin around an {kind}")


class Of(msgspec.Struct, frozen=True):
    """What is common to conditions made of others."""

    conditions: tuple[Condition, ...]

    @property
    def kept(self) -> Collection[Kept]:
        """What they keep."""
        return tuple(kept for condition in self.conditions for kept in condition.kept)

    @property
    def classes(self) -> Collection[type[Event]]:
        """What may change any of them."""
        return tuple(dict.fromkeys(cls for condition in self.conditions for cls in condition.classes))

    @property
    def names(self) -> frozenset[str]:
        """What they ask of other rules."""
        return frozenset().union(*(condition.names for condition in self.conditions))


@final
class AllOf(Of, frozen=True):
    """All of these conditions."""

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the last of them began to hold; where one does not, its own words say so.

        Until the last of those that do not hold can, nothing changes.
        """
        found = [condition.held(account, moment, subject) for condition in self.conditions]
        missing = [one for one in found if not one.holds]
        dues = [one.due for one in missing]
        return Held(
            holds=not missing,
            since=max(one.since for one in found),
            due=latest(dues) if missing else earliest(*(one.due for one in found)),
            text=_AND.join(one.text for one in missing or found),
            evidence=tuple(row for one in found for row in one.evidence),
        )


@final
class AnyOf(Of, frozen=True):
    """Any of these conditions."""

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the first of those that hold began to; only they are told, where any does."""
        found = [condition.held(account, moment, subject) for condition in self.conditions]
        holding = [one for one in found if one.holds]
        told = holding or found
        return Held(
            holds=bool(holding),
            since=min((one.since for one in holding), default=-1),
            due=earliest(*(one.due for one in found)),
            text=(_AND if holding else _NOR).join(one.text for one in told),
            evidence=tuple(row for one in told for row in one.evidence),
        )


@final
class Not(OfFacts, frozen=True):
    """A condition over facts does not hold: so its own words tell it."""

    condition: Condition

    @property
    def classes(self) -> Collection[type[Event]]:
        """What may change it."""
        return self.condition.classes

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """The opposite; since when is not told."""
        found = self.condition.held(account, moment, subject)
        return Held(holds=not found.holds, due=found.due, text=found.text, evidence=found.evidence)


def holds(condition: Condition, account: Account, moment: Moment, subject: str | None) -> bool:
    """Whether a condition holds, where nothing is to be told of it: of a number within bounds it alone is read."""
    if isinstance(condition, Within):
        return condition.admits(condition.measure.value(account, moment.now, subject))
    return condition.held(account, moment, subject).holds


def latest(dues: Collection[int | None]) -> int | None:
    """The last of several instants; None, never, where one of them is."""
    known = [due for due in dues if due is not None]
    return max(known) if len(known) == len(dues) else None


_AND: Final = " and "
_NOR: Final = ", and "
