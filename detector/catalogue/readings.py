"""Measures as a pack writes them become what rules read: one function for each kind."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from detector.catalogue.load import Where
from detector.catalogue.rows import MeasureRow
from detector.catalogue.words import SUBJECT_KINDS
from detector.domain.calendar import DAY_MS
from detector.domain.lasts import LastSeen, Unanswered
from detector.domain.levels import ActivePeople, Ahead, Extreme, KnownPeople, Largest, Latest, NamedRoles, Share
from detector.domain.measures import Count, DaySums, Log, Mark, Measure, Track
from detector.domain.moments import MOMENTS, MomentOf
from detector.domain.sums import Sum, Unprompted

if TYPE_CHECKING:  # the names ask this module for a reading, and it asks them for the parts
    from detector.catalogue.names import Names

SUM_DAYS: Final = 70
PEOPLE_LOG: Final = 64
PER_PERSON: Final = ("stakeholder_id", "role")


def reading_of(names: "Names", name: str, where: Where) -> Measure:
    """A measure by its name. Raises PackError."""
    row = names.measure(name, where)
    build = BUILDS.get(row.kinds[0])
    if build is None:
        raise names.document.error(where, f"{name!r} is a {row.kinds[0]} and reads no number or word")
    return build(names, name, row, where)


def last_seen(names: "Names", name: str, where: Where) -> LastSeen:
    """When something last was. Raises PackError."""
    row = names.measure(name, where)
    if row.last_seen is None:
        raise names.document.error(where, f"{name!r} must be a last_seen measure")
    moments = []
    for moment in row.moments:
        if moment not in MOMENTS:
            raise names.document.error(where, f"measure {name}: there is no code yet for the moment {moment}")
        moments.append(MomentOf(moment))
    matcher = names.matcher(row.last_seen, where)
    source: Mark | Track | Log | None = Mark(name, matcher)
    if row.where == "hot":
        source = None
    elif row.per == "role" or row.roles:
        source = Log(f"{name} by person", matcher, PER_PERSON, PEOPLE_LOG, PER_PERSON)
    elif row.per is not None:
        source = Track(SUBJECT_KINDS[row.per], row.per, matcher.name, matcher)
    return LastSeen(name, source, frozenset(row.roles), tuple(moments))


def day_sum(names: "Names", name: str, where: Where) -> Sum:
    """A sum by day, of which a window or a usual week is read. Raises PackError."""
    row = names.measure(name, where)
    window = row.window or row.every
    if row.sum is None or row.of is None or row.per or window is None or (window.elapsed_ms or 0) % DAY_MS:
        raise names.document.error(where, f"{name!r} must be a sum of a field with a window of whole days")
    sums = DaySums(f"{row.of} {row.sum} by day", names.matcher(row.of, where), row.sum, SUM_DAYS)
    return Sum(name, sums, (window.elapsed_ms or 0) // DAY_MS, unit=row.sum)


def _counted(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    if row.where == "hot":
        if row.distinct != "stakeholder_id" or row.window is None:
            raise names.document.error(where, f"measure {name}: there is no code yet for `distinct: {row.distinct}`")
        return ActivePeople(name, (row.window.elapsed_ms or 0) // DAY_MS)
    if row.echoes is None:
        return names.count(name, where)
    window = None if row.window is None else row.window.elapsed_ms
    of = Count(row.count or "", names.log(row.count or ""), window)
    return Unprompted(name, of, Count(row.echoes.of, names.log(row.echoes.of), window), row.echoes.within * DAY_MS)


def _latest(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    extreme = row.extreme
    return Latest(
        name,
        names.log(row.of or ""),
        row.latest or "",
        row.per,
        None if row.fresh is None else row.fresh * DAY_MS,
        None if extreme is None else Extreme(extreme.at_most, extreme.at_least, extreme.fresh * DAY_MS),
        None if row.else_ is None else reading_of(names, row.else_, where),
    )


def _share(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    part = row.share or ""
    if row.largest is not None:
        of = names.count(part, where)
        if row.largest not in of.log.fields:
            raise names.document.error(where, f"measure {name}: say `fields: [{row.largest}]` at {part}")
        return Largest(name, of, row.largest)
    if row.over is None:
        raise names.document.error(where, f"measure {name}: a share is `over` a measure, or the `largest` of a field")
    return Share(name, reading_of(names, part, where), reading_of(names, row.over, where))


def _first(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    if row.unless is None or row.within is None or row.within.elapsed_ms is None:
        raise names.document.error(
            where, f"measure {name}: the first of what is not answered says `unless` and `within`"
        )
    return Unanswered(name, names.log(row.first or ""), names.log(row.unless), row.within.elapsed_ms)


def _ahead(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    return Ahead(name, Mark(name, names.matcher(row.of or "", where), row.ahead))


def _known(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    del names, row, where
    return KnownPeople(name)


def _named(names: "Names", name: str, row: MeasureRow, where: Where) -> Measure:
    del names, where
    return NamedRoles(name, tuple(frozenset(group) for group in row.named or ()))


BUILDS: Final[dict[str, Callable[["Names", str, MeasureRow, Where], Measure]]] = {
    "last_seen": lambda names, name, _row, where: last_seen(names, name, where),
    "sum": lambda names, name, _row, where: day_sum(names, name, where),
    "count": _counted,
    "distinct": _counted,
    "latest": _latest,
    "share": _share,
    "first": _first,
    "named": _named,
    "people": _known,
    "ahead": _ahead,
}
"""Every kind of measure that reads a number, a word or an instant."""
