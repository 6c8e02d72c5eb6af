"""What a draft's row of each operator may say: every word of `rows`, and those there is no code for yet."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detector.catalogue import rows as r
from detector.catalogue.operators import attainment, conjunction, obligation, once, silence, snowball, threshold, trend
from detector.catalogue.words import (
    Days,
    MeasureName,
    Per,
    Positive,
    Severity,
    Share,
    Span,
    Words,
)


class DraftRow(r.Row):
    """What every row of a draft says. Its timelines are still to be written, so `examples` may be left out."""

    examples: str = ""
    evidence: list[MeasureName] = Field(default=[])


class Ends(Words):
    """How it clears: `lasts` so long after the fact, once something is `seen`, once ON is `not_so`; for `keep`."""

    keep: Span | None = None
    lasts: Days | None = None
    seen: MeasureName | None = None
    not_so: Literal[True] | None = None


class DraftSilence(DraftRow, silence.SilenceRow):
    """Something that ought to come has not come."""


class DraftObligation(DraftRow, obligation.ObligationRow):
    """Y within T of X, unless Z, per subject."""


class DraftAttainment(DraftRow, attainment.AttainmentRow):
    """A goal against its schedule."""


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


class ChangeEnds(Ends):
    """It clears `at_least` at a share of what it was, over the `last` days where they are given."""

    at_least: Share | None = None
    last: Span | None = None


class DraftChange(DraftRow):
    """A measure against the account's own baseline, or `against` the window (or the value) before."""

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


class DraftThreshold(DraftRow, threshold.ThresholdRow):
    """A count, share or level against bounds."""


class DraftOnce(DraftRow, once.OnceRow):
    """One event is enough, at once."""


class DraftSnowball(DraftRow, snowball.SnowballRow):
    """Negatives that pile up."""


class DraftTrend(DraftRow, trend.TrendRow):
    """The value index against its own past."""


class DraftConjunction(DraftRow, conjunction.ConjunctionRow):
    """Several conditions and signals together."""


DRAFTS: dict[str, type[DraftRow]] = {
    "threshold": DraftThreshold,
    "change": DraftChange,
    "silence": DraftSilence,
    "obligation": DraftObligation,
    "attainment": DraftAttainment,
    "snowball": DraftSnowball,
    "trend": DraftTrend,
    "conjunction": DraftConjunction,
}
EXPLAINS: dict[str, tuple[str, ...]] = {
    "threshold": ("observed", "expected", "total", "role", "severity", "at"),
    "change": ("observed", "expected", "drop", "rise", "days"),
    "silence": tuple(silence.EXPLAINS),
    "obligation": ("observed", "expected", "unit", "limit"),
    "attainment": ("observed", "expected", "ratio", "at", "measured"),
    "snowball": tuple(snowball.EXPLAINS),
    "trend": ("observed", "expected", "points", "days", "course", "outlook"),
    "conjunction": tuple(conjunction.EXPLAINS),
}
