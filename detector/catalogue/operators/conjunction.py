"""Conjunction, as a row says it: several conditions and signals together."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from detector.catalogue.built import Built
from detector.catalogue.conditions import conditions_of
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.readings import last_seen
from detector.catalogue.rows import Row
from detector.catalogue.words import (
    Condition,
    IndexIs,
    MeasureName,
    Positive,
    Severity,
    Span,
    SubjectField,
    WayMoved,
    Words,
)
from detector.domain.operators.conjunction import Conjunction, Ends, Rung
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"signals", "count"})


class ConjunctionStep(Words):
    """A rung: so many of the `signals`, and these other conditions."""

    severity: Severity
    at_least: Positive | None = None
    all: list[Condition] = Field(default=[])


class ConjunctionEnds(Words):
    """Cleared once something is `seen`, none of the signals is left, by any of these conditions, or it is `not_so`."""

    keep: Span | None = None
    seen: MeasureName | None = None
    signals: Literal["none"] | None = None
    any: list[Condition] = Field(default=[])
    not_so: Literal[True] | None = None

    @model_validator(mode="after")
    def _says(self) -> Self:
        if not (self.seen or self.signals or self.any or self.not_so):
            raise ValueError("say what clears it: seen, signals, any or not_so")
        return self


class ConjunctionRow(Row):
    """`all` of these conditions, and `at_least` so many of these `signals`."""

    operator: Literal["conjunction"]
    per: SubjectField | None = None
    all: list[Condition] = Field(default=[])
    signals: list[Condition] = Field(default=[])
    opens: Annotated[list[ConjunctionStep], Field(min_length=1)]
    clears: ConjunctionEnds

    @model_validator(mode="after")
    def _says(self) -> Self:
        most = max(step.at_least or 0 for step in self.opens)
        if not (self.all or self.signals) or most > len(self.signals) or (self.signals and not most):
            raise ValueError("a conjunction has `all`, or `signals` of which each rung needs `at_least` so many")
        return self


def build(names: Names, row: ConjunctionRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    if row.per not in (None, "goal_id"):
        raise names.document.error((*where, "per"), f"there is no code yet for a conjunction of each {row.per}")
    rungs = tuple(
        Rung(
            SEVERITIES.index(step.severity),
            step.at_least or 0,
            conditions_of(names, step.all, (*where, "opens", at, "all")),
        )
        for at, step in enumerate(row.opens)
    )
    conjunction = Conjunction(
        conditions=conditions_of(names, row.all, (*where, "all")),
        signals=conditions_of(names, row.signals, (*where, "signals")),
        rungs=rungs,
        ends=_ends(names, row.clears, (*where, "clears")),
        per_goal=row.per is not None,
    )
    return Built(conjunction, EXPLAINS, EXPLAINS)


def _ends(names: Names, row: ConjunctionEnds, where: Where) -> Ends:
    ways = [f"one {names.measure(row.seen, where).last_seen} event".replace("_", "-")] if row.seen else []
    ways += ["an end of all these signs"] if row.signals else []
    ways += [_said(one) for one in row.any]
    return Ends(
        seen=None if row.seen is None else last_seen(names, row.seen, (*where, "seen")),
        signals_over=row.signals is not None,
        any=conditions_of(names, row.any, (*where, "any")),
        not_so=row.not_so is not None,
        text=" or ".join(ways) or "an end of what it says",
    )


def _said(row: Condition) -> str:
    match row:
        case IndexIs():
            return f"an index below {row.index.below:g}" if row.index.below is not None else "a higher index"
        case WayMoved():
            return "a verified measure that moves it its way"
        case _:
            return "what it is cleared by"
