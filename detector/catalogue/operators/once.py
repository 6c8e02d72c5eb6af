"""Threshold in its simplest form, as a row says it: one event is enough, at once."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from detector.catalogue.built import Built
from detector.catalogue.entries import needs_of
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
from detector.domain.events import UsageRecorded
from detector.domain.matchers import Matcher
from detector.domain.measures import Log, Mark, Track
from detector.domain.operators.once import Once, Rung
from detector.domain.operators.once_between import OnceBetween
from detector.domain.operators.threshold import Departure
from detector.domain.verdict import SEVERITIES

DEPARTURE: Final = frozenset({"role", "severity"})
DEPARTURE_OVER: Final = frozenset({"role", "how"})
EXPLAINS: Final = frozenset({"at"})
OVER: Final = EXPLAINS | {"how"}
SUBJECTS_KEPT: Final = 64
LASTS_DAYS: Final = 30  # R2.2, where a row does not say it


class ByRole(Words):
    """A table by role."""

    role: dict[Role, Severity]


class OnceStep(Words):
    """How severe one event is, and what else must be so when it comes."""

    severity: Severity
    also: dict[MeasureName, Bounds] = Field(default={})


class Between(Words):
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
    between: Between | None = None
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
    if row.between is not None:
        return _between(names, row, row.between, where)
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


def _between(names: Names, row: OnceRow, between: Between, where: Where) -> Built:
    """One event about what a subject is about, between two facts about the subject."""
    if row.per is None or row.same is None or row.clears.seen is None or len(row.opens) != 1 or row.opens[0].also:
        raise names.document.error(
            where, "`between` goes with `per`, with `same: feature`, one rung, and `clears: {seen: …}` of what ends it"
        )
    began = names.matcher(between.after, (*where, "between", "after"))
    told = names.matcher(between.until, (*where, "between", "until"))
    until = Track(SUBJECT_KINDS[row.per], row.per, told.name, told)
    if last_seen(names, row.clears.seen, (*where, "clears", "seen")).source != until:
        raise names.document.error((*where, "clears", "seen"), f"it clears with the last {told.name} of each {row.per}")
    for cls in (*began.alternatives, *told.alternatives):
        if row.per not in cls.__struct_fields__:
            raise names.document.error((*where, "between"), f"{cls.__struct_config__.tag} has no {row.per!r}")
    about = names.matcher(row.once, (*where, "once"))
    rest = {cls: tests for cls, tests in about.alternatives.items() if cls is not UsageRecorded}
    operator = OnceBetween(
        name=row.once,
        level=SEVERITIES.index(row.opens[0].severity),
        began=Log(f"{began.name} by {row.per}", began, (row.per, row.same), SUBJECTS_KEPT, (row.per,)),
        until=until,
        seen=Log(f"{about.name} by {row.same}", Matcher(about.name, rest), (row.same,), SUBJECTS_KEPT, (row.same,)),
        used=len(rest) < len(about.alternatives),
    )
    return Built(operator, EXPLAINS, OVER, needs_of(began), needs_of(told))
