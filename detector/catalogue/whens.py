"""What must be so for a rule to be judged at all: a row's `while` as a condition."""

from detector.catalogue.entries import Needs
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.words import Between, Bounds, While
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import AllOf, Condition, During, GoalOpen, Named, Onboarding, TouchModel, Within
from detector.domain.measures import Measure, Track


def when_of(names: Names, row: While | None, began: Track | None, where: Where) -> Condition | None:
    """The condition of a row's `while`; None where it says none. `began`: what its subjects began with.

    Raises PackError.
    """
    if row is None:
        return None
    found: list[Condition] = []
    if row.onboarding is not None:
        found.append(Onboarding())
    if row.touch_model:
        found.append(TouchModel(frozenset(row.touch_model)))
    if row.named:
        found.append(Named(frozenset(row.named)))
    if row.goal is not None:
        found.append(GoalOpen(outcome=row.goal == "outcome"))
    if row.between is not None:
        found.append(_between(names, row.between, began, (*where, "between")))
    for name, bounds in row.also.items():
        found.append(within(names.reading(name, (*where, "also", name)), bounds))
    return found[0] if len(found) == 1 else AllOf(tuple(found)) if found else None


def starts_of(row: While | None) -> Needs:
    """The events without which a row's `while` never holds: they start what it waits for (R2.7)."""
    if row is None:
        return ()
    named = ({"event": "stakeholder.updated", "role": frozenset(row.named)},) if row.named else ()
    return (*named, *(({"event": "goal.set"},) if row.goal is not None else ()))


def _between(names: Names, row: Between, began: Track | None, where: Where) -> During:
    if began is None:
        raise names.document.error(where, "`between` asks when the subject began: `after` must be events of it")
    tracks = []
    for word, name in (("after", row.after), ("until", row.until)):
        matcher = names.matcher(name, (*where, word))
        if any("incident_id" not in cls.__struct_fields__ for cls in matcher.alternatives):
            raise names.document.error((*where, word), f"{name} is about no incident")
        tracks.append(Track("incident", "incident_id", matcher.name, matcher))
    opened, over = tracks
    return During(began, opened, over, (row.and_ or 0) * DAY_MS)


def within(measure: Measure, bounds: Bounds) -> Within:
    """A measure within bounds."""
    return Within(measure, bounds.at_least, bounds.at_most, bounds.above, bounds.below)
