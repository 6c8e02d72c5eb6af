"""Snowball, as a row says it: negatives that pile up across roles and departments."""

from typing import Annotated, Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.words import Days, MeasureName, Positive, Role, Severity, Span, Words
from detector.domain.calendar import DAY_MS
from detector.domain.operators.snowball import Snowball
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "negatives", "cells"})
NEEDS: Final = ("stakeholder_id", "role", "department")


class Weights(Words):
    """What a negative weighs: by the person's role, and for all others."""

    role: dict[Role, Annotated[float, Field(gt=0)]]
    others: Annotated[float, Field(gt=0)]


class Cells(Words):
    """Each distinct combination of these fields within the window beyond the first adds `each` of the sum."""

    fields: Annotated[list[Literal["role", "department"]], Field(min_length=2, max_length=2)]
    window: Days
    each: Annotated[float, Field(gt=0)]


class Shrinking(Words):
    """When the last gaps shrink, each shorter than the one before, it is so many steps more severe."""

    gaps: Annotated[int, Field(ge=2)]
    steps: Positive


class SnowballEnds(Words):
    """Cleared below a sum."""

    below: Annotated[float, Field(gt=0)]
    keep: Span | None = None


class SnowballStep(Words):
    """A rung of a snowball: a least sum."""

    severity: Severity
    at_least: Annotated[float, Field(gt=0)]


class SnowballRow(Row):
    """Weights of negatives, each halved every `half_life`, times the spread over roles and departments."""

    operator: Literal["snowball"]
    measure: MeasureName
    weights: Weights
    half_life: Days
    cells: Cells
    shrinking: Shrinking
    opens: Annotated[list[SnowballStep], Field(min_length=1)]
    clears: SnowballEnds


def build(names: Names, row: SnowballRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    measure = names.measure(row.measure, (*where, "measure"))
    if measure.log is None or not set(NEEDS) <= set(measure.fields):
        raise names.document.error((*where, "measure"), f"a snowball needs a log with `fields: [{', '.join(NEEDS)}]`")
    snowball = Snowball(
        name=row.measure,
        log=names.log(measure.log, tuple(measure.once_per)),
        weights={str(role): weight for role, weight in row.weights.role.items()},
        other=row.weights.others,
        half_life_ms=row.half_life * DAY_MS,
        cells_ms=row.cells.window * DAY_MS,
        each=row.cells.each,
        steps=tuple((SEVERITIES.index(step.severity), step.at_least) for step in row.opens),
        clears_below=row.clears.below,
        gaps=row.shrinking.gaps,
        faster=row.shrinking.steps,
    )
    return Built(snowball, EXPLAINS, EXPLAINS)
