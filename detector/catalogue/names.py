"""The names of a pack: its matchers and measures, looked up by the rows that use them."""

from typing import Any, Final, final

from detector.catalogue.load import Document, Where, nearest
from detector.catalogue.matching import fields_of, read_matcher
from detector.catalogue.reading import read
from detector.catalogue.rows import MeasureRow
from detector.domain.events import EVENT_TYPES, UsageRecorded
from detector.domain.matchers import Matcher
from detector.domain.measures import Count, Log, Mark, Measure
from detector.domain.operators.threshold import UsualWeek

DEFAULT_LOG: Final = 256
DAY_MS: Final = 86_400_000
WORDS: Final = {
    "last_seen": {"in"},
    "count": {"per", "window", "every", "keep"},
    "distinct": {"of", "per", "window", "keep"},
    "log": {"fields", "keep"},
    "sum": {"in"},
}
"""The kinds of measures there is code for, and the other words each may have."""


@final
class Names:
    """The matchers and measures of a document; with `base`, on top of those of another one, which stays as it is.

    All measures of one matcher share one log: read all of them before a rule asks for one.
    """

    def __init__(self, document: Document, base: "Names | None" = None) -> None:
        self.document = document
        self.matchers: dict[str, Matcher] = {} if base is None else dict(base.matchers)
        self.measures: dict[str, MeasureRow] = {} if base is None else dict(base.measures)
        self.rules: tuple[str, ...] = () if base is None else base.rules
        self.used: dict[str, dict[str, None]] = {"matcher": {}, "measure": {}, "rule": {}}
        self._logs: dict[str, tuple[Matcher, dict[str, None], int]] = {}
        for source, (matcher, fields, keep) in ({} if base is None else base._logs).items():  # noqa: SLF001 - its own
            self._logs[source] = (matcher, dict(fields), keep)

    @property
    def known(self) -> dict[str, Any]:
        """What the words of a row may refer to: see `words.refers`."""
        return {
            "document": self.document,
            "matcher": {**self.matchers, **EVENT_TYPES},
            "measure": self.measures,
            "rule": self.rules,
            "used": self.used,
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
        row = read(self.document, MeasureRow, what, where)
        kinds = row.kinds
        if len(kinds) == 1 and kinds[0] not in WORDS:
            raise self.document.error(where, f"there is no code yet for `{kinds[0]}`")
        if len(kinds) != 1 or (row.distinct is not None and row.of is None):
            raise self.document.error(
                where, "a measure says one of last_seen, count, log, sum, or `distinct: FIELD, of: MATCHER`"
            )
        kind = kinds[0]
        for word in sorted(set(what) - WORDS[kind] - {kind}):
            raise self.document.error((*where, word), f"{word!r} does not go with {kind!r}")
        source = row.of or getattr(row, kind)
        matcher = self.matcher(source, (*where, "of" if row.of else kind))
        if row.where == "hot":
            if UsageRecorded not in matcher.alternatives:
                raise self.document.error((*where, "in"), "the hot block keeps usage alone: leave out `in: hot`")
        else:
            if UsageRecorded in matcher.alternatives:
                raise self.document.error(where, "usage.recorded is kept in the hot block alone: write `in: hot`")
            if kind in ("count", "distinct", "log"):
                self._share(source, matcher, row, where)
        self.measures[name] = row

    def _share(self, source: str, matcher: Matcher, row: MeasureRow, where: Where) -> None:
        wanted = [field for field in (row.per, row.distinct, *row.fields) if field is not None]
        for field in wanted:
            known = frozenset().union(*(fields_of(cls) for cls in matcher.alternatives))
            if field not in known:
                raise self.document.error(where, f"{source} has no field {field!r}{nearest(field, known)}")
        keep = row.keep if isinstance(row.keep, int) else DEFAULT_LOG
        _, fields, most = self._logs.setdefault(source, (matcher, {}, 0))
        fields.update(dict.fromkeys(wanted))
        self._logs[source] = (matcher, fields, max(most, keep))

    def measure(self, name: str, where: Where) -> MeasureRow:
        """A measure's row by its name."""
        if name not in self.measures:
            raise self.document.error(where, f"no measure {name!r}{nearest(name, self.measures)}")
        return self.measures[name]

    def mark(self, name: str, where: Where) -> Mark:
        """A `last_seen` measure."""
        row = self.measure(name, where)
        if row.last_seen is None or row.where == "hot":
            raise self.document.error(where, f"{name!r} must be a last_seen measure of the record")
        return Mark(name, self.matcher(row.last_seen, where))

    def log(self, source: str) -> Log:
        """The log that all measures of a matcher share."""
        matcher, fields, keep = self._logs[source]
        return Log(source, matcher, tuple(fields), keep)

    def count(self, name: str, where: Where) -> Count:
        """A `count` or `distinct` measure."""
        row = self.measure(name, where)
        source = row.of or row.count
        if source is None or row.every is not None:
            raise self.document.error(where, f"{name!r} must be a count or distinct measure with a window, or none")
        window = None if row.window is None else row.window.elapsed_ms
        return Count(name, self.log(source), window, row.per, row.distinct)

    def reading(self, name: str, where: Where) -> Measure:
        """A measure that reads a number or a word."""
        return self.count(name, where)

    def weeks(self, name: str, where: Where) -> UsualWeek:
        """A `count … every 1w` measure."""
        row = self.measure(name, where)
        keep = None if row.keep is None or isinstance(row.keep, int) else row.keep.elapsed_ms
        if row.count is None or str(row.every) != "1w" or keep is None:
            raise self.document.error(where, f"{name!r} must be a count with `every: 1w` and `keep: 8w`")
        return UsualWeek(name, Count(name, self.log(row.count), None, row.per), keep // (7 * DAY_MS))
