"""Change, as a row says it: a measure against the account's own baseline."""

from typing import Annotated, Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.rows import KeptShare, Row
from detector.catalogue.words import Days, Severity, Share, Words
from detector.domain.operators.change import Change
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "expected", "drop", "days"})
OVER: Final = EXPLAINS | {"share"}


class ChangeStep(Words):
    """A rung of a change: a drop as a share."""

    severity: Severity
    drop: Share


class ChangeRow(Row):
    """A measure against the account's own baseline."""

    operator: Literal["change"]
    measure: str
    window: Days
    opens: Annotated[list[ChangeStep], Field(min_length=1)]
    evaluations: Literal[2]
    clears: KeptShare
    expires: Days


def build(names: Names, row: ChangeRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    measure = names.measure(row.measure, (*where, "measure"))
    if measure.sum != "usage.recorded" or measure.where != "hot":
        raise names.document.error((*where, "measure"), "a change is judged over `{sum: usage.recorded, in: hot}`")
    steps = tuple(
        sorted(((SEVERITIES.index(step.severity), step.drop) for step in row.opens), key=lambda step: step[1])
    )
    change = Change(row.measure, str(where[-1]), row.window, steps, row.clears.at_least, row.expires)
    return Built(change, EXPLAINS, OVER)
