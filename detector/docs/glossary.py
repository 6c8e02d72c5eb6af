"""The names of a pack in plain words: what a matcher takes, what a measure keeps, and how a sentence names either."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from detector.docs.text import both, bounds, cell, either, moment, number, one, plain, span, words

PAGE: Final = "words.md"
_KNOWN: Final = frozenset({"in", "keep", "fields"})
"""Words of a measure that say how it is kept, not what it is."""


class Glossary(NamedTuple):
    """The matchers and measures of a pack as they are written, and the family of each rule."""

    matchers: Mapping[str, Any]
    measures: Mapping[str, Mapping[str, Any]]
    families: Mapping[str, str]

    def matcher(self, name: str) -> str:
        """An event of a matcher, or of an event type."""
        if name in self.matchers:
            return f"[{name.replace('_', '-')}]({PAGE}#{name}) event"
        return f"`{name}`"

    def measure(self, name: str) -> str:
        """A measure by its name."""
        return f"[{words(name)}]({PAGE}#{name})" if name in self.measures else words(name)

    def missed(self, name: str) -> str:
        """What a `last_seen` measure waits for."""
        row = self.measures.get(name, {})
        seen = row.get("last_seen")
        if seen is None:
            return self.measure(name)
        roles = f" with {one(either(map(words, row['roles'])))}" if row.get("roles") else ""
        return either([f"{self.matcher(seen)}{roles}", *map(moment, row.get("moments", ()))])

    def is_share(self, name: str) -> bool:
        """Whether a measure is a ratio, to be told in percent."""
        return "share" in self.measures.get(name, {})

    def events(self, what: Any) -> str:
        """What a matcher takes, written out: an event type, one with tests of its fields, or any of several."""
        if isinstance(what, str):
            return self.matcher(what)
        if "matcher" in what:
            return self.matcher(what["matcher"])
        if "any" in what:
            parts = [self.events(part) for part in what["any"]]
            return "; or ".join(parts) if any(" with " in part for part in parts) else either(parts)
        tests = [_test(field, wanted) for field, wanted in what.items() if field != "event"]
        return f"`{what['event']}`" + (f" with {', '.join(tests)}" if tests else "")

    def kept(self, row: Mapping[str, Any]) -> str:
        """What a measure keeps, in one phrase."""
        rest = {word: value for word, value in row.items() if word not in _KNOWN}
        kind = next((kind for kind in _KINDS if kind in rest), None)
        of = rest.pop("of", None)
        said = (
            [] if kind is None else [_KINDS[kind](self, rest.pop(kind), rest, "" if of is None else self.matcher(of))]
        )
        for word, value in rest.items():
            said.append(_LIMITS[word](self, value) if word in _LIMITS else f"{words(word)}: {self._plain(value)}")
        return "; ".join(said)

    def _plain(self, value: Any) -> str:
        return self.measure(value) if isinstance(value, str) and value in self.measures else plain(value)

    def page(self) -> str:
        """The page of all names that the rules use."""
        matchers = [(name, name.replace("_", "-"), self.events(self.matchers[name])) for name in sorted(self.matchers)]
        measures = [(name, words(name), self.kept(self.measures[name])) for name in sorted(self.measures)]
        return "".join(
            [
                _HEAD,
                *_table("Matchers: named sets of events", "the events it takes", matchers),
                *_table("Measures: what is kept of each account", "what it is", measures),
            ]
        )


def _table(heading: str, column: str, rows: list[tuple[str, str, str]]) -> Iterator[str]:
    yield f"\n## {heading}\n\n| name | {column} |\n| --- | --- |\n"
    for name, said, text in rows:
        yield f'| <a id="{name}"></a>{said} | {cell(text)} |\n'


_HEAD: Final = """\
# Words that the rules use

Made by `python -m detector.docs` from [value_decay.yaml](../../detector/catalogue/value_decay.yaml). A rule names
events by **matchers** and numbers by **measures**; here is what each of them takes or keeps.
"""


def _sum(names: Glossary, field: str, row: dict[str, Any], of: str) -> str:
    del row
    return f"the `{field}` of each {of} added up" if of else f"the actions of each day ({names.matcher(field)})"


def _share(names: Glossary, part: str, row: dict[str, Any], of: str) -> str:
    del of
    if "over" in row:
        return f"{names.measure(part)} as a share of {names.measure(row.pop('over'))}"
    largest = subject(row.pop("largest", "value"))
    return f"the largest share that one {largest} has of {names.measure(part)}"


def _extreme(names: Glossary, what: Mapping[str, Any]) -> str:
    del names
    ends = f"{number(what['at_most'])} or less, {number(what['at_least'])} or more"
    return f"an extreme one ({ends}) for {span(what['fresh'])}"


def _echoes(names: Glossary, what: Mapping[str, Any]) -> str:
    return f"and {one(names.matcher(what['of']))} that no such one came {span(what['within'])} or less before"


Kind = Callable[[Glossary, Any, dict[str, Any], str], str]
_KINDS: Final[Mapping[str, Kind]] = {
    "last_seen": lambda names, of, _row, _of: f"when the last {names.matcher(of)} was",
    "count": lambda names, of, _row, _of: f"how often {one(names.matcher(of))} came",
    "distinct": lambda _names, field, _row, of: f"how many different {_plural(field)} had {one(of)}",
    "log": lambda names, of, _row, _of: f"each {names.matcher(of)}",
    "sum": _sum,
    "latest": lambda _names, field, _row, of: f"the `{field}` of the latest {of}",
    "share": _share,
    "first": lambda names, of, _row, _of: f"the first {names.matcher(of)}",
    "named": lambda _names, groups, _row, _of: f"how many are named of: {'; '.join(map(plain, groups))}",
    "people": lambda _names, which, _row, _of: f"how many people are {which}",
    "ahead": lambda _names, field, _row, of: f"how many {of}s have their `{field}` ahead",
}
"""What a measure is, by the word that says so; the rest of its words in `_LIMITS`."""
_LIMITS: Final[Mapping[str, Callable[[Glossary, Any], str]]] = {
    "window": lambda _names, value: f"in {span(value)}",
    "per": lambda _names, value: f"for each {subject(value)}",
    "every": lambda _names, value: f"counted by {span(value).removeprefix('1 ')}",
    "fresh": lambda _names, value: f"for {span(value)} after it came",
    "else": lambda names, value: f"where there is none: {names.measure(value)}",
    "once_per": lambda _names, value: f"once for each {both(map(subject, value))}",
    "unless": lambda names, value: f"without {one(names.matcher(value))} after it",
    "within": lambda _names, value: f"within {span(value)}",
    "roles": lambda _names, value: f"with {one(either(map(words, value)))}",
    "moments": lambda _names, value: f"or {either(map(moment, value))}",
    "extreme": _extreme,
    "echoes": _echoes,
}


def subject(field: str) -> str:
    """What a field names: `goal_id` is a goal."""
    return {"stakeholder_id": "person", "stakeholder": "person"}.get(field, field.removesuffix("_id").replace("_", " "))


def _plural(field: str) -> str:
    return {"stakeholder_id": "people"}.get(field, subject(field) + "s")


def _test(field: str, wanted: Any) -> str:
    name = f"`{field}`"
    if isinstance(wanted, Mapping):
        missing = wanted.get("missing")
        if missing is not None:
            return f"{'no' if missing else 'a'} {name}"
        percent = field == "score_share"
        return f"{'a score share' if percent else name} of {bounds(wanted, percent=percent)}"
    values = wanted if isinstance(wanted, list) else [wanted]
    return f"{name} {either(str(value).lower() if isinstance(value, bool) else str(value) for value in values)}"
