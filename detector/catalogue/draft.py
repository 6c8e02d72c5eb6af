"""A draft: rows in the same closed vocabulary as a pack, of which some cannot be run yet. Nothing of it is in a plan.

Every word and name of a draft must be known, as in a pack. Each row is then given to the compiler: it either compiles,
and could be moved into the pack, or it is planned, and the reason says what there is no code for.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from detector.catalogue.compiler import (
    Compiler,
    check_explain,
    operator_of,
    section_of,
    sections_known,
)
from detector.catalogue.draft_rows import DRAFTS, EXPLAINS, DraftOnce, DraftRow
from detector.catalogue.load import Document, PackError, nearest
from detector.catalogue.matching import fields_of
from detector.catalogue.names import Names
from detector.catalogue.operators import kind_of
from detector.catalogue.reading import read
from detector.catalogue.rows import MeasureRow
from detector.catalogue.words import MomentSource, PartOf, SeenSource, StateSource, Table, Universe, Words
from detector.domain.events import EVENT_TYPES
from detector.domain.matchers import Matcher
from detector.domain.moments import MOMENTS
from detector.domain.plan import Rule

Used = dict[str, dict[str, None]]
SECTIONS: Final = ("matchers", "measures", "rules")
WORKED_OUT: Final = frozenset({"way", "day"})
"""Fields that only a draft may read: how far of its way a goal has come, and the day of an event."""


_SAY_IT_THEMSELVES: Final = frozenset({"silence", "conjunction", "obligation"})
"""The operators whose `build` refuses every word that there is no code for."""


class Ready(NamedTuple):
    """A row that compiles: it could be moved into the pack."""

    rule: Rule
    row: DraftRow


class Planned(NamedTuple):
    """A row that cannot be run yet, and what there is no code for."""

    id: str
    row: DraftRow
    reasons: tuple[str, ...]


class Draft(NamedTuple):
    """A draft: its rows as they are written, each either ready or planned."""

    rows: Mapping[str, Any]
    ready: tuple[Ready, ...]
    planned: tuple[Planned, ...]


def read_draft(path: Path, pack: Compiler) -> Draft:
    """A draft on top of a pack, whose names it may use. Raises PackError with file, line and the nearest word."""
    document = Document(path)
    sections_known(document, SECTIONS)
    names = Names(document, pack.names)
    for section in SECTIONS:
        taken = section_of(pack.document, section)
        for name in section_of(document, section):
            if name in taken:
                raise document.error((section, name), f"{name} is already in the pack")
    for name, what in section_of(document, "matchers").items():
        names.add_matcher(name, what)
    rows, measures = section_of(document, "rules"), section_of(document, "measures")
    names.declared = tuple(measures)
    used: Used = {"matcher": {}, "measure": {}, "rule": {}}
    context = {
        "document": document,
        "matcher": {**names.matchers, **EVENT_TYPES},
        "measure": {**names.measures, **measures},
        "rule": {**section_of(pack.document, "rules"), **rows},
        "used": used,
    }
    kept = {name: _measure(names, name, measures[name], context) for name in measures}
    ready: list[Ready] = []
    planned: list[Planned] = []
    compiler = Compiler(document, names, pack.release)
    for rule_id in sorted(rows):
        one = _row(compiler, rule_id, rows[rule_id], context, kept)
        if isinstance(one, Ready):
            ready.append(one)
        else:
            planned.append(one)
    for section, kind in (("matchers", "matcher"), ("measures", "measure")):
        for name in section_of(document, section):
            if name not in used[kind]:
                raise document.error((section, name), "nothing uses it: leave it out")
    return Draft(rows, tuple(ready), tuple(planned))


class Kept(NamedTuple):
    """A measure of a draft: what there is no code for (empty: there is), and the measures that it is made of."""

    lacks: str
    of: tuple[str, ...]


def _measure(names: Names, name: str, what: Any, context: dict[str, Any]) -> Kept:
    document, where = names.document, ("measures", name)
    used: Used = {"matcher": {}, "measure": {}, "rule": {}}
    row = read(document, MeasureRow, what, where, {**context, "used": used})
    for kind, found in used.items():
        context["used"][kind].update(found)
    if len(row.kinds) != 1:
        raise document.error(
            where, "a measure says one of last_seen, count, distinct, log, sum, latest, share, first …"
        )
    if row.kinds[0] in ("distinct", "latest", "ahead") and row.of is None:
        raise document.error(where, f"`{row.kinds[0]}: FIELD` goes with `of: MATCHER`")
    if row.source is not None:
        matcher = names.matcher(row.source, where)
        context["used"]["matcher"][row.source] = None
        _check_fields(document, matcher, row, where)
    try:
        names.add_measure(name, what)
    except PackError as error:
        words = _extra(MeasureRow, what, context)
        return Kept(", ".join(words) if words else error.problem.replace("'", "`"), tuple(used["measure"]))
    return Kept("", tuple(used["measure"]))


def _with_parts(names: Iterable[str], kept: Mapping[str, Kept]) -> dict[str, None]:
    """Measures, and the measures that they are made of."""
    found: dict[str, None] = {}
    for name in names:
        found[name] = None
        found.update(_with_parts(kept[name].of if name in kept else (), kept))
    return found


def _check_fields(document: Document, matcher: Matcher, row: MeasureRow, where: tuple[str, ...]) -> None:
    known = WORKED_OUT.union(*(fields_of(cls) for cls in matcher.alternatives))
    for field in row.fields_read:
        if field not in known:
            raise document.error(where, f"{matcher.name} has no field {field!r}{nearest(field, known)}")


def _row(
    compiler: Compiler, rule_id: str, what: Any, context: dict[str, Any], kept: Mapping[str, Kept]
) -> Ready | Planned:
    document, where = compiler.document, ("rules", rule_id)
    operator = operator_of(document, what, where)
    model = DraftOnce if operator == "threshold" and "once" in what else DRAFTS[operator]
    used: Used = {"matcher": {}, "measure": {}, "rule": {}}
    row = read(document, model, what, where, {**context, "used": used})
    for kind, found in used.items():
        context["used"][kind].update(found)
    measures = _with_parts(used["measure"], kept)
    check_explain(document, row.explain, {"subject", *EXPLAINS[operator], *measures}, where)
    complete = {"examples": f"examples/{rule_id.replace('.', '_')}.yaml", **what}
    reasons = list(_reasons(operator, complete, row, context))
    reasons += [f"measure {name}: {kept[name].lacks}" for name in measures if name in kept and kept[name].lacks]
    if reasons:
        return Planned(rule_id, row, tuple(dict.fromkeys(reasons)))
    try:
        return Ready(compiler.rule(rule_id, complete, 0), row)
    except PackError as error:
        return Planned(rule_id, row, (error.problem,))


def _reasons(operator: str, what: Mapping[str, Any], row: DraftRow, context: dict[str, Any]) -> Iterator[str]:
    """What of a row there is no code for, in its own words."""
    kind = kind_of(what)
    if kind is None:
        yield f"the operator {operator}"
        return
    words = _extra(kind.model, what, context)
    if words:
        yield ", ".join(words)
    for part in () if operator in _SAY_IT_THEMSELVES else _parts(row):
        match part:
            case Table():
                yield "a table by " + " or ".join(part.by.model_fields_set)
            case PartOf():
                yield f"a part of the limit of {part.of}"
            case Universe() if operator != "change":
                yield f"one subject for each {part.subject}"
            case MomentSource() if part.moment not in MOMENTS:
                yield f"the moment {part.moment}"
            case StateSource():
                yield f"the state {part.state}"
            case SeenSource():
                yield f"a fact of the account itself ({part.seen})"


def _parts(value: Any) -> Iterator[BaseModel]:
    """A row and all its parts."""
    if isinstance(value, BaseModel):
        yield value
        for name in value.model_fields_set:
            yield from _parts(getattr(value, name))
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part)


def _extra(model: type[Words], what: Any, context: dict[str, Any]) -> list[str]:
    """The words that a model has not, or not in this form, in backquotes; else those that it cannot do without."""
    extra: dict[str, None] = {}
    missing: dict[str, None] = {}
    try:
        model.model_validate(what, context={**context, "used": {"matcher": {}, "measure": {}, "rule": {}}})
    except ValidationError as error:
        for one in error.errors():
            word = ".".join(part for part in one["loc"] if isinstance(part, str))
            if one["type"] == "extra_forbidden":
                extra[f"`{word}`"] = None
            elif one["type"] == "missing":
                missing["a rule of the account itself" if word == "per" else f"a row without `{word}`"] = None
            elif "business days" in one["msg"]:
                extra[f"`{word}` in business days"] = None
    return list(extra or missing)
