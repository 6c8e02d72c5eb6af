"""Trend, as a row says it: the value index against its own past."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.words import Days, RuleName, Severity, Share, Span, Words
from detector.domain.operators import trend as t
from detector.domain.verdict import SEVERITIES

Points = Annotated[float, Field(gt=0, le=100)]


class Move(Words):
    """A fall of the index by points, against its value so long ago."""

    points: Points
    over: Days


class Rise(Words):
    """A rise of the index by points, against its mean from so long to so long ago."""

    points: Points
    over: Annotated[list[Days], Field(min_length=2, max_length=2)]


class Flat(Words):
    """Within a share of its own mean for so long."""

    within: Share
    for_: Days = Field(alias="for")


class UnderMean(Words):
    """Under the plateau's mean by a share, on two evaluations so far apart, the second lower."""

    share: Share
    evaluations: Literal[2]
    apart: Days
    each_lower: Literal[True]


class OverLow(Words):
    """Points over the low of an alert of one of these rules that has ended."""

    points: Points
    of: Annotated[list[RuleName], Field(min_length=1)]


class TrendStep(Words):
    """A rung of a trend of the index: one of these, `for` so long; a plateau is a `rise` and then `flat`."""

    severity: Severity
    fall: Move | None = None
    rise: Rise | None = None
    flat: Flat | None = None
    under_mean: UnderMean | None = None
    over_low: OverLow | None = None
    below: Points | None = None
    for_: Days | None = Field(default=None, alias="for")

    @model_validator(mode="after")
    def _one(self) -> Self:
        parts = (self.fall, self.rise, self.under_mean, self.over_low, self.below)
        if sum(part is not None for part in parts) != 1 or (self.rise is None) != (self.flat is None):
            raise ValueError("a trend opens at one of fall, below, over_low, under_mean, or rise with flat")
        return self


class TrendWay(Words):
    """One way to clear: at or above its value so long ago, so far over its low or its mean, or flat again."""

    not_under: Days | None = None
    over_low: Points | None = None
    at_least: Points | None = None
    over_mean: Share | None = None
    flat: Flat | None = None

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if self.flat is not None and len(self.model_fields_set) > 1:
            raise ValueError("flat is a way of its own")
        return self


class TrendEnds(Words):
    """Cleared by any of these, or so long after it opened."""

    any: list[TrendWay] = Field(default=[])
    lasts: Days | None = None
    keep: Span | None = None

    @model_validator(mode="after")
    def _says(self) -> Self:
        if not self.any and self.lasts is None:
            raise ValueError("say how it clears: `any` of some ways, or `lasts`")
        return self


class TrendRow(Row):
    """The value index against its own past; `days_until`: the days to this value at the present slope are evidence."""

    operator: Literal["trend"]
    days_until: Points | None = None
    opens: Annotated[list[TrendStep], Field(min_length=1)]
    clears: TrendEnds


def build(names: Names, row: TrendRow, where: Where) -> Built:
    """The operator of a row."""
    del names, where
    lows = [rule for step in row.opens if step.over_low is not None for rule in step.over_low.of]
    steps = tuple(_step(step) for step in row.opens)
    trend = t.Trend(
        steps=steps,
        ways=tuple(_way(way) for way in row.clears.any),
        lasts=row.clears.lasts,
        until=None if row.days_until is None else _tenths(row.days_until),
        lows_of=tuple(dict.fromkeys(lows)),
        looks_back=max(step.reach for step in steps),
    )
    return Built(trend, t.NAMES, t.NAMES)


def _tenths(points: float) -> int:
    return round(points * 10)


def _step(step: TrendStep) -> t.Step:
    held = step.for_ or 0
    return t.Step(SEVERITIES.index(step.severity), _part(step, held), held)


def _part(step: TrendStep, held: int) -> t.Part:
    if step.fall is not None:
        return t.Fall(_tenths(step.fall.points), step.fall.over)
    if step.rise is not None and step.flat is not None:
        until, since = step.rise.over
        return t.Plateau(_tenths(step.rise.points), since, until, step.flat.within, step.flat.for_)
    if step.under_mean is not None:
        return t.UnderMean(step.under_mean.share, step.under_mean.apart)
    if step.over_low is not None:
        return t.OverLow(_tenths(step.over_low.points), held)
    return t.Below(_tenths(step.below or 0), held)


def _way(way: TrendWay) -> t.Clearing:
    return t.Clearing(
        not_under=way.not_under,
        over_low=None if way.over_low is None else _tenths(way.over_low),
        at_least=None if way.at_least is None else _tenths(way.at_least),
        over_mean=way.over_mean,
        back=None if way.flat is None else (way.flat.within, way.flat.for_),
    )
