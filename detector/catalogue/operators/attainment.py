"""Attainment, as a row says it: a goal against its schedule."""

from typing import Annotated, Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import KeptShare, Row
from detector.catalogue.words import Days, Severity, Share, Words
from detector.domain.operators.attainment import Attainment
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "expected", "ratio", "at", "measured"})


class AttainmentStep(Words):
    """A rung of an attainment: a highest ratio."""

    severity: Severity
    at_most: Share


class Judged(Words):
    """When a schedule date is judged without a measure."""

    after: Days
    measured_from: Days
    from_share: Annotated[float, Field(ge=0, lt=1)]


class AttainmentRow(Row):
    """A goal against its schedule."""

    operator: Literal["attainment"]
    opens: Annotated[list[AttainmentStep], Field(min_length=1)]
    clears: KeptShare
    judged: Judged


def build(names: Names, row: AttainmentRow, where: Where) -> Built:
    """The operator of a row."""
    del names, where
    steps = tuple((SEVERITIES.index(step.severity), step.at_most) for step in row.opens)
    judged = row.judged
    built = Attainment(steps, row.clears.at_least, judged.after, judged.measured_from, judged.from_share)
    return Built(built, EXPLAINS, EXPLAINS, ({"event": "goal.set"},), ({"event": "goal.measured"},))
