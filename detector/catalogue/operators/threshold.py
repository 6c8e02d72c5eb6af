"""Threshold, as a row says it: a count, a share or a level against bounds."""

from typing import Annotated, Final, Literal, Self

from msgspec.structs import replace
from pydantic import Field, model_validator

from detector.catalogue.built import Built
from detector.catalogue.entries import Needs, needs_of
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.whens import within
from detector.catalogue.words import (
    SUBJECT_KINDS,
    Bounds,
    Days,
    MatcherName,
    MeasureName,
    MomentName,
    Severity,
    ShareAtLeast,
    Span,
    SubjectField,
    Words,
)
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import Condition, Within
from detector.domain.levels import ActivePeople, KnownPeople, Largest, Latest, NamedRoles, Share
from detector.domain.measures import Count, Mark, Measure
from detector.domain.operators.threshold import FromDate, Rung, Threshold, UsualWeek, Way
from detector.domain.sums import Sum
from detector.domain.tenure import Tenure
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "expected", "total"})
_USAGE: Final[Needs] = ({"event": "usage.recorded"}, {"event": "usage.active_users"})
_PEOPLE: Final[Needs] = ({"event": "stakeholder.updated"},)


class TimesMean(Words):
    """A bound in units of the usual week."""

    of: MeasureName
    at_least: float | None = None
    below: float | None = None


class OwnBounds(Words):
    """Bounds of the measure itself; `at_least` and `at_most` include their value, `above` and `below` do not."""

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    @property
    def own(self) -> Bounds | None:
        """The bounds, where there is one."""
        given = {word: getattr(self, word) for word in Bounds.model_fields if getattr(self, word) is not None}
        return Bounds(**given) if given else None


class ThresholdStep(OwnBounds):
    """A rung of a threshold; one without a bound adds to the rung before. `tenure` is in months of 30 days."""

    severity: Severity
    times_own_mean: TimesMean | None = None
    share_of_account: ShareAtLeast | None = None
    also: dict[MeasureName, Bounds] = Field(default={})
    tenure: Bounds | None = None


class ThresholdWay(OwnBounds):
    """One way to clear: every word must hold."""

    times_own_mean: TimesMean | None = None
    also: dict[MeasureName, Bounds] = Field(default={})


class ThresholdEnds(Words):
    """Cleared in `any` of these ways; once no rung holds (`not_so`); or `lasts` so long after the last event."""

    any: list[ThresholdWay] = Field(default=[])
    not_so: Literal[True] | None = None
    lasts: Days | None = None
    keep: Span | None = None


class AtDate(Words):
    """A date: so long after a moment or the first event."""

    moment: MomentName | None = None
    event: MatcherName | None = None
    after: Span

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.moment is None) == (self.event is None):
            raise ValueError("a date is `after` either a moment or an event")
        return self


class ThresholdRow(Row):
    """A count, share or level against bounds: from a date on (`at`, or `since` by the day), for so long (`for`)."""

    operator: Literal["threshold"]
    measure: MeasureName
    per: SubjectField | None = None
    at: AtDate | None = None
    since: AtDate | None = None
    judged: Literal["daily"] | None = None
    for_: Days | None = Field(default=None, alias="for")
    opens: Annotated[list[ThresholdStep], Field(min_length=1)]
    clears: ThresholdEnds = ThresholdEnds()


def build(names: Names, row: ThresholdRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    measure = names.reading(row.measure, (*where, "measure"))
    per = measure.per if isinstance(measure, Count) else None
    counted = isinstance(measure, Count | Sum)
    if per != row.per or (isinstance(measure, Count) and measure.window_ms is None):
        raise names.document.error(
            (*where, "measure"), f"{row.measure!r} needs a window, and `per: {row.per}` as the rule has it"
        )
    steps, usual = _steps(names, row, measure, where)
    ways = tuple(_way(names, way, measure, (*where, "clears", "any", at)) for at, way in enumerate(row.clears.any))
    lasts = row.clears.lasts
    if lasts is not None and not counted:
        raise names.document.error((*where, "clears", "lasts"), f"{row.measure!r} counts no events: say what clears it")
    since = row.since or row.at
    whole = not (ways or lasts or row.clears.not_so)  # R2.2: where a row gives no OFF
    operator = Threshold(
        name=row.measure,
        measure=measure,
        steps=steps,
        ways=ways,
        not_so=row.clears.not_so or whole,
        lasts_ms=None if lasts is None else lasts * DAY_MS,
        usual=usual,
        kind=None if row.per is None else SUBJECT_KINDS[row.per],
        since=None if since is None else _date(names, since, (*where, "since" if row.since else "at")),
        shown=_shown(measure, steps),
        rises_only=counted and all(_rises(one) for step in steps for one in (step.own, *step.when)),
        holds_ms=(row.for_ or 0) * DAY_MS,
        by_day=row.judged == "daily",
    )
    shown = EXPLAINS.union(other.name for other in operator.shown)
    built = Built(operator, shown, shown | {"how"}, *_arming(operator), hold_ms=operator.holds_ms)
    if lasts is not None:
        return built._replace(keep_ms=0)
    return built._replace(keep_ms=operator.window_ms) if whole and operator.window_ms else built


def _steps(
    names: Names, row: ThresholdRow, measure: Measure, where: Where
) -> tuple[tuple[Rung, ...], UsualWeek | None]:
    steps: list[Rung] = []
    usual: UsualWeek | None = None
    for at, step in enumerate(row.opens):
        place = (*where, "opens", at)
        when: tuple[Condition, ...] = tuple(
            within(names.reading(name, (*place, "also", name)), bounds) for name, bounds in step.also.items()
        )
        if step.tenure is not None:
            when += (Tenure(step.tenure.at_least, step.tenure.below),)
        if step.times_own_mean is not None:
            usual = names.weeks(step.times_own_mean.of, (*place, "times_own_mean", "of"))
        level = SEVERITIES.index(step.severity)
        if step.own is None:
            if not steps:
                raise names.document.error(place, "the first rung needs `at_least`, or another bound")
            steps.append(replace(steps[-1], level=level, when=steps[-1].when + when))
            continue
        times = None if step.times_own_mean is None else step.times_own_mean.at_least
        share = None if step.share_of_account is None else step.share_of_account.at_least
        steps.append(Rung(level, within(measure, step.own), times, share, when))
    return tuple(steps), usual


def _way(names: Names, way: ThresholdWay, measure: Measure, where: Where) -> Way:
    when = tuple(within(names.reading(name, (*where, "also", name)), bounds) for name, bounds in way.also.items())
    mean = way.times_own_mean
    if mean is not None:
        names.weeks(mean.of, (*where, "times_own_mean", "of"))
    own = None if way.own is None else within(measure, way.own)
    return Way(own, None if mean is None else mean.below, when)


def _date(names: Names, row: AtDate, where: Where) -> FromDate:
    if row.event is not None:
        matcher = names.matcher(row.event, (*where, "event"))
        return FromDate(row.after, Mark(matcher.name, matcher))
    if row.moment != "start":
        raise names.document.error((*where, "moment"), f"there is no code yet for a date after {row.moment}")
    return FromDate(row.after)


def _shown(measure: Measure, steps: tuple[Rung, ...]) -> tuple[Measure, ...]:
    """The measures that an explanation may name: what the measure is made of, and what rungs ask for."""
    parts: list[Measure] = []
    if isinstance(measure, Share):
        parts += [measure.part, measure.whole]
    elif isinstance(measure, Largest):
        parts.append(measure.of)
    for step in steps:
        for one in step.when:
            if isinstance(one, Within):
                parts.append(one.measure)
                if isinstance(one.measure, Share):
                    parts += [one.measure.part, one.measure.whole]
    return tuple({part.name: part for part in parts if part.name != measure.name}.values())


def _rises(condition: Condition) -> bool:
    """Whether only an event can bring it about: a least number of what is counted."""
    return (
        isinstance(condition, Within)
        and isinstance(condition.measure, Count | Sum)
        and (condition.at_most, condition.below) == (None, None)
    )


def _arming(operator: Threshold) -> tuple[Needs, Needs]:
    """What starts and what satisfies a rule about too little of something (R2.7); nothing for one about too much."""
    if not any(_falls(step.own) for step in operator.steps):
        return (), ()
    mark = None if operator.since is None else operator.since.mark
    measure = operator.measure
    starts = needs_of(mark.matcher) if mark is not None else ()
    if isinstance(measure, Share):
        return starts or _needs(measure.whole), _needs(measure.part)
    return starts, _needs(measure)


def _falls(own: Within) -> bool:
    return own.below is not None or own.at_most is not None


def _needs(measure: Measure) -> Needs:
    """The events that make it more."""
    if isinstance(measure, ActivePeople):
        return _USAGE
    if isinstance(measure, KnownPeople | NamedRoles):
        return _PEOPLE
    found = tuple(need for kept in measure.kept for need in needs_of(kept.matcher))
    return found + (_needs(measure.otherwise) if isinstance(measure, Latest) and measure.otherwise is not None else ())
