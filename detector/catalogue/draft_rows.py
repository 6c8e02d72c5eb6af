"""What a draft's row of each operator may say: every word of `rows`, and those there is no code for yet."""

from typing import Literal

from pydantic import Field

from detector.catalogue import rows as r
from detector.catalogue.operators import (
    attainment,
    change,
    conjunction,
    obligation,
    once,
    silence,
    snowball,
    threshold,
    trend,
)
from detector.catalogue.words import (
    Days,
    MeasureName,
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


class DraftChange(DraftRow, change.ChangeRow):
    """A measure against the account's own past."""


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
    "change": ("observed", "expected", "drop", "growth", "days"),
    "silence": tuple(silence.EXPLAINS),
    "obligation": ("observed", "expected", "unit", "limit"),
    "attainment": ("observed", "expected", "ratio", "at", "measured"),
    "snowball": tuple(snowball.EXPLAINS),
    "trend": ("observed", "expected", "points", "days", "course", "outlook"),
    "conjunction": tuple(conjunction.EXPLAINS),
}
