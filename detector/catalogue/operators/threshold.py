"""Threshold, as a row says it: a count against bounds."""

from typing import Annotated, Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.words import SUBJECT_KINDS, AtLeast, Positive, Severity, ShareAtLeast, Span, Words
from detector.domain.operators.threshold import Bounds, Threshold, UsualWeek
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "expected", "total"})


class TimesMean(Words):
    """A bound in units of the usual week."""

    of: str
    at_least: float | None = None
    below: float | None = None


class ThresholdStep(Words):
    """A rung of a threshold; one that says only `also` adds to the rung before."""

    severity: Severity
    at_least: Positive | None = None
    times_own_mean: TimesMean | None = None
    share_of_account: ShareAtLeast | None = None
    also: dict[str, AtLeast] = Field(default={})


class Below(Words):
    """One way to clear."""

    below: Positive | None = None
    times_own_mean: TimesMean | None = None


class AnyBelow(Words):
    """Cleared by any of these."""

    any: Annotated[list[Below], Field(min_length=1)]
    keep: Span | None = None


class ThresholdRow(Row):
    """A count against bounds."""

    operator: Literal["threshold"]
    measure: str
    per: str | None = None
    opens: Annotated[list[ThresholdStep], Field(min_length=1)]
    clears: AnyBelow


def build(names: Names, row: ThresholdRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    measure = names.count(row.measure, (*where, "measure"))
    if measure.window_ms is None or measure.per != row.per:
        raise names.document.error(
            (*where, "measure"), f"{row.measure!r} needs a window, and `per: {row.per}` as the rule has it"
        )
    steps: list[Bounds] = []
    usual: UsualWeek | None = None
    for at, step in enumerate(row.opens):
        place = (*where, "opens", at)
        also = tuple((names.count(name, (*place, "also", name)), bound.at_least) for name, bound in step.also.items())
        if step.times_own_mean is not None:
            usual = names.weeks(step.times_own_mean.of, (*place, "times_own_mean", "of"))
        if step.at_least is None:
            if not steps:
                raise names.document.error(place, "the first rung needs `at_least`")
            before = steps[-1]
            steps.append(
                Bounds(
                    SEVERITIES.index(step.severity),
                    before.at_least,
                    before.times_usual,
                    before.share,
                    before.also + also,
                )
            )
            continue
        times = None if step.times_own_mean is None else step.times_own_mean.at_least
        share = None if step.share_of_account is None else step.share_of_account.at_least
        steps.append(Bounds(SEVERITIES.index(step.severity), step.at_least, times, share, also))
    below = next((way.below for way in row.clears.any if way.below is not None), 1)
    for at, way in enumerate(row.clears.any):
        if way.times_own_mean is not None:
            names.weeks(way.times_own_mean.of, (*where, "clears", "any", at, "times_own_mean", "of"))
    times_below = next((way.times_own_mean.below for way in row.clears.any if way.times_own_mean is not None), None)
    kind = None if row.per is None else SUBJECT_KINDS.get(row.per, row.per)
    built = Threshold(row.measure, measure, tuple(steps), below, times_below, usual, kind)
    return Built(built, EXPLAINS, EXPLAINS)
