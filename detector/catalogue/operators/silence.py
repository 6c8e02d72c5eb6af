"""Silence, as a row says it: something that ought to come has not come."""

from typing import Annotated, Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.entries import needs_of
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.words import AtLeast, ElapsedSpan, Positive, Severity, Span, Words
from detector.domain.operators.silence import Silence, Step, UsualGap
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"days", "limit", "holidays"})
OVER: Final = EXPLAINS | {"at"}


class UsualGapRow(Words):
    """A limit of the account's own."""

    of: str
    percentile: Annotated[int, Field(ge=1, le=100)]
    above: Annotated[float, Field(gt=0)]
    last: Positive
    needs: Positive


class SilenceStep(Words):
    """A rung of a silence."""

    severity: Severity
    after: ElapsedSpan
    also: dict[str, AtLeast] = Field(default={})
    times_usual_gap: UsualGapRow | None = None


class Seen(Words):
    """Cleared when this was seen."""

    seen: str | None = None
    keep: Span | None = None


class SilenceRow(Row):
    """Something that ought to come has not come."""

    operator: Literal["silence"]
    measure: str
    counts_from: Literal["onboarding_end"] | None = None
    skip: list[Literal["holidays"]] = Field(default=[])
    opens: Annotated[list[SilenceStep], Field(min_length=1)]
    clears: Seen = Seen()


def build(names: Names, row: SilenceRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    missed = names.measure(row.measure, (*where, "measure"))
    if missed.last_seen is None:
        raise names.document.error((*where, "measure"), f"a silence needs a last_seen measure, {row.measure!r} is none")
    matcher = names.matcher(missed.last_seen, where)
    steps, counted = [], []
    for at, step in enumerate(row.opens):
        place = (*where, "opens", at)
        also = tuple((names.count(name, (*place, "also", name)), bound.at_least) for name, bound in step.also.items())
        usual = None
        if step.times_usual_gap is not None:
            gap = step.times_usual_gap
            usual = UsualGap(
                names.count(gap.of, (*place, "times_usual_gap")),
                gap.percentile,
                gap.above,
                gap.last,
                gap.needs,
            )
        steps.append(Step(SEVERITIES.index(step.severity), step.after, also, usual))
        counted += [count.log.matcher for count, _ in also]
    silence = Silence(
        name=row.measure,
        steps=tuple(steps),
        classes=tuple(matcher.alternatives),
        of=None if missed.where == "hot" else names.mark(row.measure, where),
        breaks=None if row.clears.seen is None else names.mark(row.clears.seen, (*where, "clears", "seen")),
        skip_holidays="holidays" in row.skip,
        from_onboarding_end=row.counts_from == "onboarding_end",
        noun=f"{missed.last_seen} event".replace("_", "-"),
    )
    satisfies = needs_of(matcher if silence.breaks is None else silence.breaks.matcher) + needs_of(matcher)
    starts = tuple(need for matcher in counted[:1] for need in needs_of(matcher))
    return Built(silence, EXPLAINS, OVER, starts, satisfies, proves=True)
