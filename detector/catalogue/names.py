"""The names of a pack: its matchers and measures, looked up by the rows that use them."""

from typing import TYPE_CHECKING, Any, Final, final

from detector.catalogue.load import Document, Where, nearest
from detector.catalogue.matching import fields_of, read_matcher
from detector.catalogue.reading import read
from detector.catalogue.readings import day_sum, reading_of
from detector.catalogue.rows import MeasureRow
from detector.domain.events import EVENT_TYPES, UsageRecorded
from detector.domain.matchers import Matcher
from detector.domain.measures import DAY, Count, Log, Mark, Measure
from detector.domain.operators.threshold import UsualWeek

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LOG: Final = 256  # of a log of which no measure says how much of it to `keep`
UNSAID: Final = 0
LATEST_LOG: Final = 4  # of a field that is read as last told: some may be dated ahead, or tell it not
DAY_MS: Final = 86_400_000
WORDS: Final = {
    "last_seen": {"in", "per", "roles", "moments"},
    "count": {"per", "fields", "window", "every", "keep", "once_per", "roles", "echoes"},
    "distinct": {"of", "per", "window", "keep", "roles", "once_per", "in"},
    "log": {"fields", "keep", "once_per"},
    "sum": {"in", "of", "per", "window", "every", "keep"},
    "latest": {"of", "per", "fresh", "extreme", "else", "keep"},
    "share": {"over", "largest"},
    "first": {"unless", "within", "keep"},
    "named": set(),
    "people": set(),
    "ahead": {"of"},
}
"""The kinds of measures there is code for, and the other words each may have."""


@final
class Names:
    """The matchers and measures of a document; with `base`, on top of those of another one, which stays as it is.

    All measures of one matcher share one log: read all of them before a rule asks for one. `declared` are the measures
    that are still to be read: one may be made of another that stands after it.
    """

    def __init__(self, document: Document, base: "Names | None" = None) -> None:
        self.document = document
        self.matchers: dict[str, Matcher] = {} if base is None else dict(base.matchers)
        self.measures: dict[str, MeasureRow] = {} if base is None else dict(base.measures)
        self.declared: tuple[str, ...] = ()
        self.rules: dict[str, Any] = {} if base is None else base.rules
        self.signals: Mapping[str, frozenset[str]] = {} if base is None else base.signals
        self._logs: dict[tuple[str, ...], tuple[Matcher, dict[str, None], int]] = {}
        for source, (matcher, fields, keep) in ({} if base is None else base._logs).items():  # noqa: SLF001 - its own
            self._logs[source] = (matcher, dict(fields), keep)

    @property
    def known(self) -> dict[str, Any]:
        """What the words of a row may refer to: see `words.refers`."""
        return {
            "document": self.document,
            "matcher": {**self.matchers, **EVENT_TYPES},
            "measure": {**self.measures, **dict.fromkeys(self.declared)},
            "rule": self.rules,
        }

    def add_matcher(self, name: str, what: Any) -> None:
        """Read one row of the section `matchers`."""
        self.matchers[name] = read_matcher(self.document, name, what, ("matchers", name))

    def matcher(self, name: str, where: Where) -> Matcher:
        """A matcher by its name, or the one of an event type."""
        if name in self.matchers:
            return self.matchers[name]
        if name in EVENT_TYPES:
            return Matcher(name, {EVENT_TYPES[name]: ((),)})
        raise self.document.error(where, f"no matcher or event {name!r}{nearest(name, [*self.matchers, *EVENT_TYPES])}")

    def add_measure(self, name: str, what: Any) -> None:
        """Read one row of the section `measures`."""
        where = ("measures", name)
        row = read(self.document, MeasureRow, what, where, self.known)
        kinds = row.kinds
        if len(kinds) != 1 or (kinds[0] in ("distinct", "latest", "ahead") and row.of is None):
            raise self.document.error(
                where,
                f"a measure says one of {', '.join(WORDS)}; distinct, latest and ahead FIELD go with `of: MATCHER`",
            )
        kind = kinds[0]
        for word in sorted(set(what) - WORDS[kind] - {kind}):
            raise self.document.error((*where, word), f"{word!r} does not go with {kind!r}")
        if row.source is not None:
            self._keep(row, kind, where)
        self.measures[name] = row

    def _keep(self, row: MeasureRow, kind: str, where: Where) -> None:
        """Note what must be kept for a measure. Raises PackError."""
        source = row.source or ""
        matcher = self.matcher(source, (*where, "of" if row.of else kind))
        if row.where == "hot":
            if UsageRecorded not in matcher.alternatives:
                raise self.document.error((*where, "in"), "the hot block keeps usage alone: leave out `in: hot`")
            return
        if UsageRecorded in matcher.alternatives:
            raise self.document.error(where, "usage.recorded is kept in the hot block alone: write `in: hot`")
        people = ["stakeholder_id", "role"] if row.roles or "role" in (row.per, row.distinct) else []
        wanted = [field for field in [*row.fields_read, *people] if field != DAY]
        known = frozenset().union(*(fields_of(cls) for cls in matcher.alternatives))
        for field in wanted:
            if field not in known:
                raise self.document.error(where, f"{source} has no field {field!r}{nearest(field, known)}")
        if kind in ("count", "distinct", "log", "latest", "first"):
            most = row.keep if isinstance(row.keep, int) else LATEST_LOG if kind == "latest" else UNSAID
            self._share((source, *row.once_per), matcher, wanted, most)
        for other in (row.unless, None if row.echoes is None else row.echoes.of):
            if other is not None:
                self._share((other,), self.matcher(other, where), [], UNSAID)

    def _share(self, source: tuple[str, ...], matcher: Matcher, wanted: list[str], keep: int) -> None:
        _, fields, most = self._logs.setdefault(source, (matcher, {}, 0))
        fields.update(dict.fromkeys(wanted))
        self._logs[source] = (matcher, fields, max(most, keep))

    def measure(self, name: str, where: Where) -> MeasureRow:
        """A measure's row by its name."""
        if name not in self.measures:
            raise self.document.error(where, f"no measure {name!r}{nearest(name, self.measures)}")
        return self.measures[name]

    def mark(self, name: str, where: Where) -> Mark:
        """A `last_seen` measure of the account itself."""
        row = self.measure(name, where)
        if row.last_seen is None or row.where == "hot" or row.per or row.roles or row.moments:
            raise self.document.error(where, f"{name!r} must be a last_seen measure of the record")
        return Mark(name, self.matcher(row.last_seen, where))

    def log(self, source: str, once_per: tuple[str, ...] = ()) -> Log:
        """The log that all measures of a matcher share; of those that keep one of each, one of their own."""
        matcher, fields, keep = self._logs[source, *once_per]
        name = " once per ".join(filter(None, (source, " and ".join(once_per))))
        return Log(name, matcher, tuple(fields), keep or DEFAULT_LOG, once_per)

    def count(self, name: str, where: Where) -> Count:
        """A `count` or `distinct` measure."""
        row = self.measure(name, where)
        source = row.count if row.distinct is None else row.of
        if source is None or row.every is not None or row.where == "hot" or row.echoes is not None:
            raise self.document.error(where, f"{name!r} must be a count or distinct measure with a window, or none")
        window = None if row.window is None else row.window.elapsed_ms
        log = self.log(source, tuple(row.once_per))
        return Count(name, log, window, row.per, row.distinct, frozenset(row.roles))

    def reading(self, name: str, where: Where) -> Measure:
        """A measure that reads a number or a word. Raises PackError."""
        return reading_of(self, name, where)

    def weeks(self, name: str, where: Where) -> UsualWeek:
        """A `count … every 1w` or `sum … every 1w` measure."""
        row = self.measure(name, where)
        keep = None if row.keep is None or isinstance(row.keep, int) else row.keep.elapsed_ms
        if (row.count is None and row.sum is None) or str(row.every) != "1w" or keep is None:
            raise self.document.error(where, f"{name!r} must be a count or sum with `every: 1w` and `keep: 8w`")
        weeks = keep // (7 * DAY_MS)
        if row.count is None:
            return UsualWeek(name, day_sum(self, name, where), weeks, least_weeks=weeks)
        return UsualWeek(name, Count(name, self.log(row.count), None, row.per), weeks)
