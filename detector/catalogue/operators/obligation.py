"""Obligation, as a row says it: Y is expected within T of X, unless Z, per subject."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.reading import read
from detector.catalogue.rows import Row
from detector.catalogue.sources import Sources, needs_for
from detector.catalogue.words import Days, Limit, PartOf, Per, Severity, Source, Span, Table, Universe, Words
from detector.domain.allowance import Allowance
from detector.domain.calendar import DAY_MS, Duration
from detector.domain.events import TicketCreated
from detector.domain.operators.obligation import Obligation
from detector.domain.sources import AboutFeature, FeatureUsed, OfSubject
from detector.domain.verdict import SEVERITIES

EXPLAINS: Final = frozenset({"observed", "expected", "unit", "limit"})
OVER: Final = frozenset({"observed", "expected", "unit", "at", "how"})
PRIORITIES: Final = get_args(TicketCreated.__annotations__["priority"])


class Within(Words):
    """The limit of another rule."""

    within: Limit


class Repeat(Words):
    """Expected again and again, until."""

    every: Span
    until: Source | None = None


class ObligationStep(Words):
    """A rung of an obligation; the first one is reached `within`, the others `after`."""

    severity: Severity
    after: Span | None = None


class Ends(Words):
    """Cleared when the missing thing arrives, kept for a while; `lasts`: it cannot be made good, and ends so later."""

    keep: Span | None = None
    lasts: Days | None = None


class ObligationRow(Row):
    """Y within T of X, unless Z, per subject.

    `again`: each X starts it anew once it was met, counted from the `first` X since. `early`: a Y from so long before
    X counts; `any`: from however long before. `counts_from`: the limit runs from the date in this field of X, as it was
    last given. `same`: Y is about what X is about: the present owner, the stage, the ticket, the feature.
    """

    operator: Literal["obligation"]
    per: Per | None = None
    after: Source
    expect: Source
    unless: Source | None = None
    within: Limit
    again: Literal["first"] | None = None
    early: Days | Literal["any"] | None = None
    counts_from: Literal["due_at"] | None = None
    same: Literal["feature", "owner_id", "stage", "ticket_id"] | None = None
    repeat: Repeat | None = None
    opens: Annotated[list[ObligationStep], Field(min_length=1)]
    clears: Ends = Ends()


def build(names: Names, row: ObligationRow, where: Where) -> Built:
    """The operator of a row. Raises PackError."""
    sources = Sources(names, row.per, row.same, row.again is not None, row.counts_from)
    after = sources.beginning(row.after, (*where, "after"))
    expect = sources.awaited(row.expect, (*where, "expect"))
    until = None
    if row.repeat is not None:
        found = None if row.repeat.until is None else sources.awaited(row.repeat.until, (*where, "repeat", "until"))
        if not (isinstance(after, OfSubject) and isinstance(expect, OfSubject) and isinstance(found, OfSubject | None)):
            raise names.document.error((*where, "repeat"), "what is repeated is about events of the subject alone")
        until = found
    within = _allowance(sources, row.within, after, (*where, "within"))
    steps = [(step, within if step.after is None else Allowance(step.after)) for step in row.opens]
    obligation = Obligation(
        name=expect.noun.removeprefix("one ").removesuffix(" event"),
        kind=sources.kind,
        id_field=None if sources.field == "role" else sources.field,  # a role is looked up, whatever the event says
        after=after,
        expect=expect,
        steps=tuple((SEVERITIES.index(step.severity), allowed) for step, allowed in steps),
        unless=None if row.unless is None else sources.awaited(row.unless, (*where, "unless")),
        universe=_universe(names, row.per, where),
        early_ms=None if row.early == "any" or row.counts_from is not None else (row.early or 0) * DAY_MS,
        lasting_ms=(row.clears.lasts or 0) * DAY_MS,
        again=row.again is not None,
        looked_for=isinstance(expect, FeatureUsed),
        repeat=None if row.repeat is None else row.repeat.every,
        until=until,
    )
    began = after.track if isinstance(after, OfSubject | AboutFeature) else None
    return Built(obligation, EXPLAINS, OVER, needs_for(after), needs_for(expect), keep_ms=0, proves=True, began=began)


def _universe(names: Names, per: Any, where: Where) -> tuple[str, ...]:
    if not isinstance(per, Universe):
        return ()
    if isinstance(per.of, str):
        raise names.document.error((*where, "per", "of"), f"there is no code yet for `of: {per.of}` in an obligation")
    return tuple(per.of)


def _allowance(sources: Sources, limit: Any, after: Any, where: Where) -> Allowance:
    if isinstance(limit, Duration):
        return Allowance(limit)
    if isinstance(limit, PartOf):
        within = sources.names.rules[limit.of].get("within") if limit.whole is None else limit.whole
        whole = read(sources.names.document, Within, {"within": within}, ("rules", limit.of)).within
        if isinstance(whole, PartOf):
            raise sources.names.document.error(where, f"the limit of {limit.of} is a part of another one already")
        found = _allowance(sources, whole, after, where)
        return Allowance(found.usual, found.table, found.by, limit.times)
    assert isinstance(limit, Table)  # noqa: S101 - a limit is one of the three
    table = limit.by.priority
    if table is None or not isinstance(after, OfSubject):
        raise sources.names.document.error(where, "there is no code yet for this table in an obligation")
    usual = table.get(limit.default or "normal")  # type: ignore[call-overload]
    if usual is None:
        raise sources.names.document.error(where, "say which row of the table counts where nothing else is known")
    by = sources.given(after.track.matcher, "priority", where, PRIORITIES)
    return Allowance(usual, tuple((PRIORITIES.index(name), span) for name, span in table.items()), by)
