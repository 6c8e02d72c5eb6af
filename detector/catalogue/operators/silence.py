"""Silence, as a row says it: something that ought to come has not come."""

from typing import Annotated, Final, Literal

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.entries import Needs, needs_of
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.readings import last_seen
from detector.catalogue.rows import Row
from detector.catalogue.words import (
    AtLeast,
    Limit,
    MeasureName,
    MomentName,
    Per,
    Positive,
    Severity,
    Span,
    Table,
    Universe,
    Words,
)
from detector.domain.calendar import Duration
from detector.domain.lasts import LastSeen, Unanswered
from detector.domain.matchers import Matcher
from detector.domain.operators.silence import Silence, Step, UsualGap
from detector.domain.tables import ByTouchModel
from detector.domain.turns import SponsorChanged, Turn
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"days", "limit", "holidays", "turned"})
OVER: Final = EXPLAINS | {"at"}
TURNS: Final[dict[str, tuple[Turn, str]]] = {"sponsor.changed": (SponsorChanged(), " since the sponsor changed")}
"""The moments a rung may count from, and how an explanation says so."""


class UsualGapRow(Words):
    """A limit of the account's own."""

    of: MeasureName
    percentile: Annotated[int, Field(ge=1, le=100)]
    above: Annotated[float, Field(gt=0)]
    last: Positive
    needs: Positive


class SilenceStep(Words):
    """A rung of a silence.

    `since` and `since_first`: it counts from this moment, or from the first unanswered event of this measure, after
    what is missed was last seen; the explanation may say so (`turned`).
    """

    severity: Severity
    after: Limit
    also: dict[MeasureName, AtLeast] = Field(default={})
    times_usual_gap: UsualGapRow | None = None
    since: MomentName | None = None
    since_first: MeasureName | None = None


class Seen(Words):
    """Cleared when this was seen."""

    seen: MeasureName | None = None
    keep: Span | None = None


class SilenceRow(Row):
    """Something that ought to come has not come; `per` each role that is named, where it says so."""

    operator: Literal["silence"]
    measure: MeasureName
    per: Per | None = None
    counts_from: Literal["onboarding_end"] | None = None
    skip: list[Literal["holidays"]] = Field(default=[])
    opens: Annotated[list[SilenceStep], Field(min_length=1)]
    clears: Seen = Seen()
    evidence: list[MeasureName] = Field(default=[])


def build(names: Names, row: SilenceRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    if row.per not in (None, Universe(subject="role", of="named")):
        raise names.document.error((*where, "per"), "a silence is of the account, or `{subject: role, of: named}`")
    missed = _seen(names, row.measure, (*where, "measure"))
    steps = tuple(_step(names, step, (*where, "opens", at), row) for at, step in enumerate(row.opens))
    silence = Silence(
        of=missed,
        steps=steps,
        breaks=None if row.clears.seen is None else _seen(names, row.clears.seen, (*where, "clears", "seen")),
        skip_holidays="holidays" in row.skip,
        from_onboarding_end=row.counts_from == "onboarding_end",
        per_role=row.per is not None,
        shows=tuple(names.reading(name, (*where, "evidence")) for name in row.evidence),
        noun=f"{names.measure(row.measure, where).last_seen} event".replace("_", "-"),
    )
    awaited = [missed] if silence.breaks is None else [silence.breaks, missed]
    satisfies = tuple(need for one in awaited for need in needs_of(_matcher(names, one.name, where)))
    more = frozenset(row.evidence)
    starts = _starts(steps) if row.per is None else ({"event": "stakeholder.updated"},)
    return Built(silence, EXPLAINS | more, OVER | more, starts, satisfies, proves=True)


def _matcher(names: Names, measure: str, where: Where) -> Matcher:
    return names.matcher(names.measure(measure, where).last_seen or "", where)


def _starts(steps: tuple[Step, ...]) -> Needs:
    """What a silence that only counts among something else needs of that (R2.7)."""
    counted = [count.log.matcher for step in steps for count, _ in step.also]
    return tuple(need for matcher in counted[:1] for need in needs_of(matcher))


def _seen(names: Names, name: str, where: Where) -> LastSeen:
    if names.measure(name, where).last_seen is None:
        raise names.document.error(where, f"a silence needs a last_seen measure, {name!r} is none")
    return last_seen(names, name, where)


def _step(names: Names, step: SilenceStep, where: Where, row: SilenceRow) -> Step:
    also = tuple((names.count(name, (*where, "also", name)), bound.at_least) for name, bound in step.also.items())
    usual = None
    if step.times_usual_gap is not None:
        gap = step.times_usual_gap
        usual = UsualGap(
            names.count(gap.of, (*where, "times_usual_gap")), gap.percentile, gap.above, gap.last, gap.needs
        )
    since, turned = _turn(names, step, where)
    if row.per is not None and since is None and step.also:
        raise names.document.error((*where, "also"), "what is counted beside it is the account's: leave out `also`")
    limit = _limit(names, step, where)
    fixed = [limit] if isinstance(limit, Duration) else limit.limits.values()
    if (row.skip or usual is not None) and any(each.elapsed_ms is None for each in fixed):
        raise names.document.error(
            (*where, "after"), "business days have no fixed length, and skip holidays already: write m, h, d or w here"
        )
    return Step(SEVERITIES.index(step.severity), limit, also, usual, since, turned)


def _turn(names: Names, step: SilenceStep, where: Where) -> tuple[Turn | None, str]:
    if step.since_first is not None:
        found = names.reading(step.since_first, (*where, "since_first"))
        if not isinstance(found, Unanswered):
            raise names.document.error(
                (*where, "since_first"), f"{step.since_first!r} must be a measure with `first` and `unless`"
            )
        return found, f" since the {step.since_first.replace('_', ' ')}"
    if step.since is None:
        return None, ""
    if step.since not in TURNS:
        raise names.document.error((*where, "since"), f"there is no code yet for the moment {step.since}")
    return TURNS[step.since]


def _limit(names: Names, step: SilenceStep, where: Where) -> Duration | ByTouchModel:
    after = step.after
    if isinstance(after, Duration):
        return after
    if not isinstance(after, Table) or after.by.touch_model is None or after.by.priority is not None:
        raise names.document.error((*where, "after"), "a silence has one limit, or a table by touch_model")
    if after.default not in after.by.touch_model:
        raise names.document.error((*where, "after"), "a table by touch_model needs a `default` that it has a row for")
    return ByTouchModel({str(model): span for model, span in after.by.touch_model.items()}, after.default)
