"""Change, as a row says it: a measure against the account's own past, by windows, by value or as a slide added up."""

from collections.abc import Callable
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import MeasureRow, Row
from detector.catalogue.words import (
    SUBJECT_KINDS,
    Days,
    MeasureName,
    Per,
    Positive,
    Severity,
    Share,
    Span,
    Universe,
    Words,
)
from detector.domain.cusum import Slope
from detector.domain.facts import NAMED_ROLES
from detector.domain.features import NEW_AFTER_DAYS, PEOPLE
from detector.domain.layout import MONTH_DAYS
from detector.domain.measures import SubjectSums
from detector.domain.operators.change import BASELINE_WINDOWS, Change
from detector.domain.operators.cut import Cut
from detector.domain.operators.fall import Fall
from detector.domain.operators.growth import MONTHS, Growth
from detector.domain.operators.slide import WEEK, Slide
from detector.domain.series import Actions, PersonActions
from detector.domain.verdict import SEVERITIES
from detector.domain.watched import DAYS as WATCHED_DAYS
from detector.domain.windows import FeaturesUsed, Metered, Windows

EXPLAINS: Final = frozenset({"observed", "expected", "drop", "days"})
OVER: Final = EXPLAINS | {"share"}
CUT: Final = frozenset({"observed", "expected", "drop"})
GROWTH: Final = frozenset({"growth", "days"})
EXPIRES_DAYS: Final = 56  # R2.4, where a row does not say it


class Reference(Words):
    """What a day is compared with: the mean of the same weekday among the days before."""

    same_weekday: Span


class Cusum(Words):
    """A slide added up: S = min(h, max(0, S - x/sd - k)), x the logarithm of a day against its reference."""

    k: Annotated[float, Field(gt=0)]
    h: Annotated[float, Field(gt=0)]
    reference: Reference
    times_mad: Annotated[float, Field(gt=0)]
    least_sd: Annotated[float, Field(gt=0)]


class NewFeature(Words):
    """A feature that is first used so long after the account was first seen, by so many people within a time."""

    after: Days
    people: Positive
    within: Days


class ChangeStep(Words):
    """A rung of a change: a drop or a rise as a share, a slide added up, or a new feature."""

    severity: Severity
    drop: Share | None = None
    rise: Annotated[float, Field(gt=0)] | None = None
    cusum: Cusum | None = None
    new_feature: NewFeature | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(word is not None for word in (self.drop, self.rise, self.cusum, self.new_feature)) != 1:
            raise ValueError("a change opens at one of drop, rise, cusum or new_feature")
        return self


class ChangeEnds(Words):
    """It clears `at_least` at a share of what it was, over the `last` days where given; or `lasts` so long after."""

    at_least: Share | None = None
    last: Span | None = None
    lasts: Days | None = None
    keep: Span | None = None


class ChangeRow(Row):
    """A measure against the account's own baseline, or `against` the window (or the value) before.

    It holds on two `evaluations`, or `for` so many days; `from_least`: less than that before is no basis.
    """

    operator: Literal["change"]
    measure: MeasureName
    per: Per | None = None
    window: Days | None = None
    against: Literal["window_before", "value_before"] | None = None
    days: Literal["business"] | None = None
    from_least: Positive | None = None
    opens: Annotated[list[ChangeStep], Field(min_length=1)]
    evaluations: Literal[2] | None = None
    for_: Days | None = Field(default=None, alias="for")
    clears: ChangeEnds = ChangeEnds()
    expires: Days | None = None


FORMS: Final = {
    "a slide": {"days", "evaluations", "expires"},
    "a change against the value before": {"against"},
    "growth": {"against", "window", "from_least"},
    "a change against the window before": {"against", "window", "per", "from_least", "expires"},
    "a change against its baseline": {"window", "per", "evaluations", "for_", "expires"},
}
"""The words of each form that not every form has."""


def build(names: Names, row: ChangeRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    measure = names.measure(row.measure, (*where, "measure"))
    form = _form(row)
    for word in sorted(row.model_fields_set & set().union(*FORMS.values()) - FORMS[form]):
        raise names.document.error((*where, word.rstrip("_")), f"{word.rstrip('_')!r} does not go with {form}")
    return BUILDS[form](names, row, measure, where)


def _form(row: ChangeRow) -> str:
    if row.opens[0].cusum is not None:
        return "a slide"
    if row.against == "value_before":
        return "a change against the value before"
    if any(step.rise is not None or step.new_feature is not None for step in row.opens):
        return "growth"
    return "a change against its baseline" if row.against is None else "a change against the window before"


def _drops(names: Names, row: ChangeRow, where: Where) -> tuple[tuple[int, float], ...]:
    """Its rungs, smallest drop first."""
    for at, step in enumerate(row.opens):
        if step.drop is None:
            raise names.document.error((*where, "opens", at), "every rung of this change is a `drop`")
    return tuple(
        sorted(((SEVERITIES.index(step.severity), step.drop or 0.0) for step in row.opens), key=lambda step: step[1])
    )


def _window(names: Names, row: ChangeRow, where: Where) -> int:
    if row.window is None:
        raise names.document.error(where, "say how long the `window` is")
    return row.window


def _share(names: Names, row: ChangeRow, where: Where) -> float:
    if row.clears.at_least is None:
        raise names.document.error((*where, "clears"), "say `at_least` which share of what it was clears it")
    return row.clears.at_least


def _drop(names: Names, row: ChangeRow, measure: MeasureRow, where: Where) -> Built:
    """Windows of actions against the four before."""
    if measure.sum != "usage.recorded" or measure.where != "hot":
        raise names.document.error(
            (*where, "measure"),
            "a change against its baseline is judged over `{sum: usage.recorded, in: hot}`, of one person `per: …`",
        )
    window, evaluations = _window(names, row, where), row.evaluations or 1 + (row.for_ or 0)
    series: Actions | PersonActions = Actions(row.measure)
    if isinstance(row.per, Universe) and row.per.subject == measure.per == "stakeholder_id":
        if not NAMED_ROLES.issuperset(row.per.of):
            raise names.document.error((*where, "per"), f"daily counts are kept of {', '.join(sorted(NAMED_ROLES))}")
        if window * (BASELINE_WINDOWS + 1) + evaluations > WATCHED_DAYS:
            raise names.document.error((*where, "window"), f"daily counts are kept for {WATCHED_DAYS} days")
        series = PersonActions(row.measure, frozenset(row.per.of))
    elif row.per is not None or measure.per is not None:
        raise names.document.error((*where, "per"), "the measure is kept `per: stakeholder_id`, of people in roles")
    change = Change(
        series,
        str(where[-1]),
        window,
        _drops(names, row, where),
        _share(names, row, where),
        evaluations,
        row.expires or EXPIRES_DAYS,
    )
    return Built(change, EXPLAINS, OVER)


def _fall(names: Names, row: ChangeRow, measure: MeasureRow, where: Where) -> Built:
    """A window against the one before."""
    windows: Windows
    if measure.distinct == "feature" and measure.where == "hot" and row.per is None:
        windows = FeaturesUsed(row.measure)
    elif measure.sum is not None and measure.of is not None and measure.per in SUBJECT_KINDS and measure.per == row.per:
        matcher = names.matcher(measure.of, (*where, "measure"))
        sums = SubjectSums(f"{measure.of} {measure.sum} by {row.per}", matcher, measure.sum, str(row.per))
        windows = Metered(row.measure, sums, SUBJECT_KINDS[str(row.per)])
    else:
        raise names.document.error(
            (*where, "measure"), "against the window before stand features used or sums per subject, as the rule has it"
        )
    days, steps = _window(names, row, where), _drops(names, row, where)
    fall = Fall(windows, days, steps, _share(names, row, where), row.from_least or 1, row.expires or EXPIRES_DAYS)
    return Built(fall, EXPLAINS, OVER)


def _slide(names: Names, row: ChangeRow, measure: MeasureRow, where: Where) -> Built:
    """Business days added up."""
    cusum = row.opens[0].cusum
    if cusum is None or len(row.opens) != 1 or row.days is None or row.evaluations is None:
        raise names.document.error(where, "a slide has one rung and says `days: business` and `evaluations: 2`")
    reference, last = cusum.reference.same_weekday, row.clears.last
    if reference.unit != "bd" or reference.amount % WEEK or not reference.amount:
        raise names.document.error(
            (*where, "opens", 0, "cusum", "reference"), "the reference is whole weeks of business days, such as 20bd"
        )
    if last is None or last.unit != "bd" or not last.amount:
        raise names.document.error((*where, "clears"), "say over which `last` business days, such as 10bd")
    if measure.sum != "usage.recorded" or measure.where != "hot" or measure.per:
        raise names.document.error(
            (*where, "measure"), "a slide is looked for in the account's own `{sum: usage.recorded, in: hot}`"
        )
    slide = Slide(
        row.measure,
        str(where[-1]),
        SEVERITIES.index(row.opens[0].severity),
        Slope(cusum.k, cusum.h, reference.amount, cusum.times_mad, cusum.least_sd),
        _share(names, row, where),
        last.amount,
        row.expires or EXPIRES_DAYS,
    )
    return Built(slide, EXPLAINS, OVER)


def _cut(names: Names, row: ChangeRow, measure: MeasureRow, where: Where) -> Built:
    """A value against the one before."""
    if measure.latest is None or measure.of is None or measure.per is not None:
        raise names.document.error((*where, "measure"), "a value before needs `{latest: FIELD, of: MATCHER}`")
    if row.clears.lasts is None:
        raise names.document.error((*where, "clears"), "say how long it `lasts`")
    log = names.log(measure.of)
    steps, share = _drops(names, row, where), _share(names, row, where)
    cut = Cut(row.measure, log, measure.latest, steps, share, row.clears.lasts)
    return Built(cut, CUT, CUT | {"how"}, keep_ms=0)


def _growth(names: Names, row: ChangeRow, measure: MeasureRow, where: Where) -> Built:
    """People by month, and features that are new."""
    rise = next((step.rise for step in row.opens if step.rise is not None), None)
    new = next((step.new_feature for step in row.opens if step.new_feature is not None), None)
    if rise is None or new is None or len(row.opens) != 2 or len({step.severity for step in row.opens}) != 1:
        raise names.document.error((*where, "opens"), "growth is one `rise` and one `new_feature`, equally severe")
    if measure.distinct != "stakeholder_id" or measure.where != "hot" or row.window != MONTHS * MONTH_DAYS:
        raise names.document.error(
            (*where, "measure"), f"a rise is one of people in the hot block, over {MONTHS * MONTH_DAYS}d"
        )
    if new.after != NEW_AFTER_DAYS or new.people > PEOPLE or row.clears.lasts is None:
        raise names.document.error(
            where, f"of a feature that is new after {NEW_AFTER_DAYS}d {PEOPLE} people are kept; say how long it `lasts`"
        )
    growth = Growth(
        row.measure,
        SEVERITIES.index(row.opens[0].severity),
        rise,
        row.from_least or 1,
        new.people,
        new.within,
        row.clears.lasts,
    )
    return Built(growth, GROWTH, GROWTH, keep_ms=0)


BUILDS: Final[dict[str, Callable[[Names, ChangeRow, MeasureRow, Where], Built]]] = {
    "a slide": _slide,
    "a change against the value before": _cut,
    "growth": _growth,
    "a change against the window before": _fall,
    "a change against its baseline": _drop,
}
