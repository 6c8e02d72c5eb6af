"""Threshold in its simplest form, as a row says it: one event is enough, at once."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.readings import last_seen
from detector.catalogue.rows import Row
from detector.catalogue.whens import within
from detector.catalogue.words import (
    SUBJECT_KINDS,
    Bounds,
    Days,
    MatcherName,
    MeasureName,
    Role,
    Severity,
    Span,
    SubjectField,
    Words,
)
from detector.domain.calendar import DAY_MS
from detector.domain.measures import Mark, Track
from detector.domain.operators.once import Once, Rung
from detector.domain.operators.threshold import Departure
from detector.domain.verdict import SEVERITIES

DEPARTURE: Final = frozenset({"role", "severity"})
DEPARTURE_OVER: Final = frozenset({"role", "how"})
EXPLAINS: Final = frozenset({"at"})
OVER: Final = EXPLAINS | {"how"}
LASTS_DAYS: Final = 30  # R2.2, where a row does not say it


class ByRole(Words):
    """A table by role."""

    role: dict[Role, Severity]


class OnceStep(Words):
    """How severe one event is, and what else must be so when it comes."""

    severity: Severity
    also: dict[MeasureName, Bounds] = Field(default={})


class OnceBetween(Words):
    """Only between two facts about the subject."""

    after: MatcherName
    until: MatcherName


class OnceEnds(Words):
    """How it clears: `lasts` so long after the event, once something is `seen`; or by a contact with another `with`."""

    lasts: Days | None = None
    seen: MeasureName | None = None
    contact: MeasureName | None = None
    with_: Literal["same_role"] | None = Field(default=None, alias="with")
    keep: Span | None = None


class OnceRow(Row):
    """One event is enough, at once."""

    operator: Literal["threshold"]
    once: MatcherName
    per: SubjectField | None = None
    by: ByRole | None = None
    same: Literal["feature"] | None = None
    between: OnceBetween | None = None
    opens: list[OnceStep] = Field(default=[])
    clears: OnceEnds = OnceEnds()

    @model_validator(mode="after")
    def _severe(self) -> Self:
        if (self.by is None) == (not self.opens):
            raise ValueError("say how severe it is: either `by` role, or `opens`")
        return self


def build(names: Names, row: OnceRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    matcher = names.matcher(row.once, (*where, "once"))
    if row.per is not None and row.between is None:
        for cls in matcher.alternatives:
            if row.per not in cls.__struct_fields__:
                raise names.document.error((*where, "per"), f"{cls.__struct_config__.tag} has no {row.per!r}")
    if row.by is not None:
        return _departure(names, row, row.by, where)
    if row.between is not None or row.same is not None:
        raise names.document.error((*where, "between"), "there is no code yet for `between`")
    source: Mark | Track = Mark(matcher.name, matcher)
    if row.per is not None:
        source = Track(SUBJECT_KINDS[row.per], row.per, matcher.name, matcher)
    steps = tuple(
        Rung(
            SEVERITIES.index(step.severity),
            tuple(
                within(names.reading(name, (*where, "opens", at, "also", name)), bounds)
                for name, bounds in step.also.items()
            ),
        )
        for at, step in enumerate(row.opens)
    )
    seen = None if row.clears.seen is None else last_seen(names, row.clears.seen, (*where, "clears", "seen"))
    lasts = LASTS_DAYS if row.clears.lasts is None else row.clears.lasts
    return Built(Once(row.once, source, steps, lasts * DAY_MS, seen), EXPLAINS, OVER)


def _departure(names: Names, row: OnceRow, by: ByRole, where: Where) -> Built:
    if row.per != "stakeholder_id" or row.clears.contact is None:
        raise names.document.error(where, "by role goes with `per: stakeholder_id` and `clears: {contact: …}`")
    contact = names.measure(row.clears.contact, (*where, "clears", "contact"))
    if contact.log is None or contact.fields != ["stakeholder_id", "role"]:
        raise names.document.error(
            (*where, "clears", "contact"), "a contact is a log with `fields: [stakeholder_id, role]`"
        )
    levels: dict[str, int] = {role: SEVERITIES.index(severity) for role, severity in by.role.items()}
    track = Track("stakeholder", row.per, row.once, names.matcher(row.once, where))
    return Built(Departure(row.once, levels, track, names.log(contact.log)), DEPARTURE, DEPARTURE_OVER)
