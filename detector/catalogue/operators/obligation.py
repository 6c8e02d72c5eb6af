"""Obligation, as a row says it: Y is expected within T of X, unless Z, per subject."""

from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from detector.catalogue.built import Built
from detector.catalogue.entries import Needs, needs_of
from detector.catalogue.load import Where, nearest
from detector.catalogue.matching import read_matcher
from detector.catalogue.names import Names
from detector.catalogue.rows import Row
from detector.catalogue.words import SUBJECT_KINDS, Role, Severity, Span, Words
from detector.domain.measures import Track
from detector.domain.moments import MomentOf
from detector.domain.operators.obligation import Obligation
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "expected", "unit"})
OVER: Final = EXPLAINS | {"at", "how"}


class Moment(Words):
    """A moment that is worked out of facts."""

    moment: Literal["goal.target_met", "goal.acknowledged"]
    roles: list[Role] = Field(default=[])


def _kind(value: Any) -> str:
    return "~moment" if isinstance(value, dict) and "moment" in value else "~event"


Source = Annotated[
    Annotated[Moment, Tag("~moment")] | Annotated[dict[str, Any], Tag("~event")],
    Discriminator(_kind),
]


class Repeat(Words):
    """Expected again and again, until."""

    every: Span
    until: dict[str, Any] | None = None


class ObligationStep(Words):
    """A rung of an obligation; the first one is reached `within`, the others `after`."""

    severity: Severity
    after: Span | None = None


class KeptFor(Words):
    """Cleared when the missing thing arrives, kept for a while."""

    keep: Span | None = None


class ObligationRow(Row):
    """Y within T of X, unless Z, per subject."""

    operator: Literal["obligation"]
    per: str
    after: Source
    expect: Source
    within: Span
    repeat: Repeat | None = None
    opens: Annotated[list[ObligationStep], Field(min_length=1)]
    clears: KeptFor = KeptFor()


def build(names: Names, row: ObligationRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    if row.per not in SUBJECT_KINDS:
        raise names.document.error((*where, "per"), f"unknown subject {row.per!r}{nearest(row.per, SUBJECT_KINDS)}")
    after = _source(names, row.after, row.per, (*where, "after"))
    expect = _source(names, row.expect, row.per, (*where, "expect"))
    until = None
    if row.repeat is not None and row.repeat.until is not None:
        until = _source(names, row.repeat.until, row.per, (*where, "repeat", "until"))
    steps = tuple((SEVERITIES.index(step.severity), step.after or row.within) for step in row.opens)
    obligation = Obligation(
        name=expect.name if isinstance(expect, MomentOf) else expect.slot,
        per=SUBJECT_KINDS[row.per],
        id_field=row.per,
        after=after,
        expect=expect,
        steps=steps,
        repeat=None if row.repeat is None else row.repeat.every,
        until=until,
        noun=(expect.name if isinstance(expect, MomentOf) else expect.slot) + " event",
    )
    starts, satisfies = _source_needs(after), _source_needs(expect)
    return Built(obligation, EXPLAINS, OVER, starts, satisfies, keep_ms=0, proves=True)


def _source(names: Names, what: Moment | dict[str, Any], per: str, where: Where) -> Track | MomentOf:
    if isinstance(what, Moment):
        return MomentOf(what.moment, frozenset(what.roles))
    if set(what) == {"matcher"} and isinstance(what["matcher"], str):
        matcher = names.matcher(what["matcher"], (*where, "matcher"))
    else:
        matcher = read_matcher(names.document, str(what.get("event", "any")), what, where)
        if set(what) != {"event"}:  # what is kept is known by the matcher's name
            raise names.document.error(where, "give these events a name under `matchers` and write `{matcher: NAME}`")
    for cls in matcher.alternatives:
        if per not in cls.__struct_fields__:
            raise names.document.error(
                where, f"{cls.__struct_config__.tag} has no {per!r}: it cannot be kept per subject"
            )
    return Track(SUBJECT_KINDS[per], per, matcher.name, matcher)


def _source_needs(source: Track | MomentOf) -> Needs:
    if isinstance(source, Track):
        return needs_of(source.matcher)
    return ({"event": {"goal.target_met": "goal.measured"}.get(source.name, source.name)},)
