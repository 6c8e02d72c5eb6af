"""Which event types a rule works with, and in which order types are worth sending: each step the most rules a type.

A rule's needs are groups of types, of each of which one must be sent: what starts it, what satisfies it (R2.7), and
the events behind each measure without which it can say nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, product
from typing import Any, Final, NamedTuple

from detector.docs.glossary import Glossary

Group = frozenset[str]
LARGEST_STEP: Final = 4
"""The most types that one step adds."""

_STATES: Final[Mapping[str, tuple[str, ...]]] = {"owner": ("owner.assigned", "account.updated")}
_GOALS: Final = ("goal.set",)
_PEOPLE: Final = ("stakeholder.updated",)


class Step(NamedTuple):
    """Types to be sent next, and the rules that work from then on."""

    types: tuple[str, ...]
    rules: tuple[str, ...]


class Needs:
    """Works out what rows need, by the names of one pack."""

    def __init__(self, names: Glossary, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._names = names
        self._rows = rows
        self.ranks: dict[str, int] = {}
        """The best place that each type has in a list of the pack: what is written first is meant first."""

    def of(self, rule_id: str, armed: Iterable[Group] = ()) -> list[Group]:
        """The groups of a rule; `armed` are those that arm it. A group that holds another one asks for nothing more."""
        found = dict.fromkeys(group for group in (*armed, *self._row(self._rows[rule_id])) if group)
        return [group for group in found if not any(other < group for other in found)]

    def _row(self, row: Mapping[str, Any]) -> Iterator[Group]:
        if "once" in row:
            yield self._types(row["once"])
        if "measure" in row:
            yield from self._measure(row["measure"])
        for condition in row.get("all", ()):
            yield from self._condition(condition)
        if signals := row.get("signals"):
            yield self._any(signals)
        during = row.get("while") or {}
        for name in during.get("also", {}):
            yield from self._measure(name)
        if during.get("named"):
            yield Group(_PEOPLE)
        if during.get("goal"):
            yield Group(_GOALS)
        if between := during.get("between"):
            yield self._types(between["after"])

    def _any(self, conditions: Iterable[Mapping[str, Any]]) -> Group:
        return Group().union(*(group for each in conditions for group in self._condition(each)))

    def _condition(self, what: Mapping[str, Any]) -> Iterator[Group]:
        if "all" in what:
            for part in what["all"]:
                yield from self._condition(part)
        elif "any" in what:
            yield self._any(what["any"])
        elif "signal" in what and what["signal"] in self._rows:
            yield from self._row(self._rows[what["signal"]])
        elif "way" in what:
            yield Group(_GOALS)
            yield Group(("goal.measured",))
        elif "state" in what:
            yield Group(_STATES.get(what["state"], _GOALS))
        elif name := what.get("measure") or what.get("silent"):
            yield from self._measure(name)

    def _measure(self, name: str) -> Iterator[Group]:
        row = self._names.measures.get(name, {})
        if "share" in row:
            yield from self._measure(row["share"])
            if "over" in row:
                yield from self._measure(row["over"])
        elif "named" in row or "people" in row:
            yield Group(_PEOPLE)
        elif source := row.get("of") or next((row[kind] for kind in _SOURCES if kind in row), None):
            other = [group for each in ([row["else"]] if "else" in row else []) for group in self._measure(each)]
            yield self._types(source).union(*other)

    def _types(self, what: Any, place: int = 0) -> Group:
        if isinstance(what, str) and what in self._names.matchers:
            return self._types(self._names.matchers[what], place)
        if isinstance(what, Mapping) and "matcher" in what:
            return self._types(what["matcher"], place)
        if isinstance(what, Mapping) and "any" in what:
            return Group().union(*(self._types(part, place + at) for at, part in enumerate(what["any"])))
        name = str(what if isinstance(what, str) else what["event"])
        self.ranks[name] = min(place, self.ranks.get(name, place))
        return Group((name,))


_SOURCES: Final = ("last_seen", "count", "log", "sum", "first")


def works(groups: Iterable[Group], sent: frozenset[str]) -> bool:
    """Whether a rule with these needs works when these types are sent."""
    return all(not group.isdisjoint(sent) for group in groups)


def steps(needs: Mapping[str, list[Group]], ranks: Mapping[str, int] | None = None) -> list[Step]:
    """What to send first, next, and so on until every rule works: each step has the most new rules a new type.

    Between steps that are as good the one with fewer types goes first, then the one that more rules are about, then
    what is written first (`ranks`), then by name.
    """
    sent: frozenset[str] = frozenset()
    left = {rule_id: groups for rule_id, groups in needs.items() if groups}
    found = []
    while left:
        worths = {new: _worth(left, sent, new, ranks or {}) for new in _candidates(left, sent)}
        types = min(sorted(worths), key=worths.__getitem__)
        sent |= frozenset(types)
        rules = tuple(sorted(rule_id for rule_id, groups in left.items() if works(groups, sent)))
        found.append(Step(types, rules))
        left = {rule_id: groups for rule_id, groups in left.items() if rule_id not in rules}
    return found


def _candidates(left: Mapping[str, list[Group]], sent: frozenset[str]) -> set[tuple[str, ...]]:
    """The smallest sets with which one more rule works, and those of two rules together."""
    ways = {
        tuple(sorted(set(way)))
        for groups in left.values()
        for way in product(*(sorted(group) for group in groups if group.isdisjoint(sent)))
    }
    several = sorted(way for way in ways if 1 < len(way) < LARGEST_STEP)
    pairs = {tuple(sorted({*a, *b})) for a, b in combinations(several, 2)}
    return {way for way in ways | pairs if len(way) <= LARGEST_STEP} or ways


def _worth(
    left: Mapping[str, list[Group]], sent: frozenset[str], new: tuple[str, ...], ranks: Mapping[str, int]
) -> tuple[float, int, int, int]:
    """How good a step is, the smallest the best."""
    count = sum(works(groups, sent.union(new)) for groups in left.values())
    about = sum(any(not group.isdisjoint(new) for group in groups) for groups in left.values())
    return -count / len(new), len(new), -about, sum(ranks.get(name, 0) for name in new)
