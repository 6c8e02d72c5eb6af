"""Conditions as a pack writes them become what a conjunction asks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from detector.catalogue import words as w
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.readings import last_seen
from detector.catalogue.whens import within
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import AllOf, AnyOf, Condition, GoalOpen, Not, Within
from detector.domain.measures import Count, Measure
from detector.domain.others import ConfidenceIs, FamilyIs, IndexIs, SignalIs
from detector.domain.signs import Before, GoalMoved, Most, OfUsual, Repeated, SilentFor, Unbroken
from detector.domain.sums import Unprompted
from detector.domain.verdict import SEVERITIES


def condition_of(names: Names, row: w.Condition, where: Where) -> Condition:
    """A condition. Raises PackError where there is no code for what it says."""
    return _BUILDS[type(row)](names, row, where)


def conditions_of(names: Names, rows: Sequence[w.Condition], where: Where) -> tuple[Condition, ...]:
    """Several, of which each has its own place."""
    return tuple(condition_of(names, row, (*where, at)) for at, row in enumerate(rows))


def _silent(names: Names, row: w.SilentFor, where: Where) -> Condition:
    return SilentFor(last_seen(names, row.silent, where), row.for_ * DAY_MS)


def _signal(names: Names, row: w.SignalIs, where: Where) -> Condition:
    del names, where
    return SignalIs(row.signal, SEVERITIES.index(row.severity))


def _family(names: Names, row: w.FamilyIs, where: Where) -> Condition:
    del where
    return FamilyIs(row.family, names.signals.get(row.family, frozenset()), SEVERITIES.index(row.severity))


def _index(names: Names, row: w.IndexIs, where: Where) -> Condition:
    _only(names, row.index, ("at_least", "below"), where)
    return IndexIs(row.index.at_least, row.index.below, row.for_ or 0)


def _confidence(names: Names, row: w.ConfidenceIs, where: Where) -> Condition:
    _only(names, row.confidence, ("below",), where)
    return ConfidenceIs(row.confidence.below or 0.0)


def _way(names: Names, row: w.WayMoved, where: Where) -> Condition:
    _only(names, row.way, ("above", "at_most"), where)
    window = None if row.window is None else row.window * DAY_MS
    return GoalMoved(row.way.above, row.way.at_most, window, other=row.of == "other")


def _all_of(names: Names, row: w.AllOf, where: Where) -> Condition:
    return AllOf(conditions_of(names, row.all, (*where, "all")))


def _any_of(names: Names, row: w.AnyOf, where: Where) -> Condition:
    return AnyOf(conditions_of(names, row.any, (*where, "any")))


def _only(names: Names, bounds: w.Bounds, allowed: tuple[str, ...], where: Where) -> None:
    for word in sorted(bounds.model_fields_set - set(allowed)):
        raise names.document.error(where, f"there is no code yet for `{word}` here: write {' or '.join(allowed)}")


def _state(names: Names, row: w.StateIs, where: Where) -> Condition:
    if row.state != "outcome_goal":
        raise names.document.error(where, f"there is no code yet for the state {row.state}")
    there = GoalOpen(outcome=True)
    return there if row.holds else Not(there)


def _measure_is(names: Names, row: w.MeasureIs, where: Where) -> Condition:
    if row.of_usual is not None:
        if names.measure(row.measure, where).where != "hot":
            raise names.document.error(where, "only actions in the hot block have a usual of their own here")
        return OfUsual(row.of_usual.at_least, row.of_usual.window)
    measure: Measure = names.reading(row.measure, where)
    if row.unbroken_by is not None:
        return _unbroken(names, row, measure, where)
    if row.lasts is not None:
        if not isinstance(measure, Count):
            raise names.document.error(where, f"`lasts` goes with a count, {row.measure!r} is none")
        return Repeated(measure, _whole(names, row, where), row.lasts * DAY_MS)
    if isinstance(measure, Count) and measure.per is not None:
        measure = Most(measure)
    found = within(measure, row)
    if row.is_ is not None:
        found = Within(measure, words=frozenset({row.is_}))
    return found if row.before is None else Before(found, row.before * DAY_MS)


def _unbroken(names: Names, row: w.MeasureIs, measure: Measure, where: Where) -> Unbroken:
    window = measure.of.window_ms if isinstance(measure, Unprompted) else None
    window = measure.window_ms if isinstance(measure, Count) else window
    if window is None or not isinstance(measure, Count | Unprompted):
        raise names.document.error(where, f"`unbroken_by` goes with a count in a window, {row.measure!r} is none")
    return Unbroken(measure, window, _whole(names, row, where), last_seen(names, row.unbroken_by or "", where))


def _whole(names: Names, row: w.MeasureIs, where: Where) -> int:
    _only(names, row, ("at_least", "measure", "lasts", "unbroken_by"), where)
    return int(row.at_least or 1)


_BUILDS: Final[Mapping[type, Callable[[Names, Any, Where], Condition]]] = {
    w.MeasureIs: _measure_is,
    w.SilentFor: _silent,
    w.SignalIs: _signal,
    w.FamilyIs: _family,
    w.IndexIs: _index,
    w.ConfidenceIs: _confidence,
    w.StateIs: _state,
    w.WayMoved: _way,
    w.AllOf: _all_of,
    w.AnyOf: _any_of,
}
