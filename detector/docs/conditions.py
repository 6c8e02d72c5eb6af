"""Conditions and sources as sentences: what must be so, what something is counted from, what is waited for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, final

from detector.docs.glossary import Glossary
from detector.docs.text import anchor, both, bounds, either, moment, one, plain, share, span, state, words

_TOUCH: Final = {"high": "high touch", "mid": "mid touch", "tech": "tech touch"}


@final
class Rest(dict[str, Any]):
    """The words of a part of a row; each is taken once, and what is left over is told by its name: none is lost."""

    def take(self, word: str, default: Any = None) -> Any:
        """A word's value, which is told with that."""
        return self.pop(word, default)

    def only(self, *names: str) -> "Rest":
        """Take several words at once, as they are."""
        return Rest({name: self.pop(name) for name in names if name in self})

    def told(self) -> Iterator[str]:
        """Whatever has no sentence of its own."""
        for word in list(self):
            yield f"{words(word)}: {plain(self.pop(word))}"


@final
class Conditions:
    """Writes conditions with the names of one pack."""

    def __init__(self, glossary: Glossary) -> None:
        self.names = glossary

    def rule(self, rule_id: str) -> str:
        """A rule, with a link to where it is told."""
        family = self.names.families.get(rule_id)
        return f"`{rule_id}`" if family is None else f"[{rule_id}]({family}.md#{anchor(rule_id)})"

    def within(self, measure: str, what: Mapping[str, Any]) -> str:
        """A measure within bounds."""
        if what == {"at_least": 0}:
            return f"any {self.names.measure(measure)}"
        if what in ({"at_most": 0}, {"below": 1}) and not self.names.is_share(measure):
            return f"no {self.names.measure(measure)}"
        if self.names.is_share(measure):
            return f"{self.names.measure(measure)} {bounds(what, percent=True)}"
        if "latest" in self.names.measures.get(measure, {}):
            return f"{self.names.measure(measure)} of {bounds(what)}"
        return f"{bounds(what)} {self.names.measure(measure)}"

    def all_within(self, also: Mapping[str, Any]) -> str:
        """Several measures, each within its bounds."""
        return both(self.within(name, what) for name, what in also.items())

    def source(self, what: Any) -> str:
        """What starts, satisfies or ends something: events, a moment worked out of facts, a state."""
        if isinstance(what, str):
            return self.names.matcher(what)
        rest = Rest(what)
        if "moment" in rest:
            said = moment(rest.take("moment"))
            if roles := rest.take("roles"):
                said += f" by {one(either(map(words, roles)))}"
        elif "state" in rest:
            said = state(rest.take("state"))
        elif "seen" in rest:
            said = self.names.missed(rest.take("seen"))
        elif "any" in rest:
            said = either(self.source(part) for part in rest.take("any"))
        else:
            return self.names.events(what)
        return ", ".join([said, *rest.told()])

    def condition(self, what: Mapping[str, Any]) -> str:
        """One condition of a conjunction, or of a rung."""
        rest = Rest(what)
        kind = next((kind for kind in _CONDITIONS if kind in rest), None)
        said = "" if kind is None else _CONDITIONS[kind](self, rest.take(kind), rest)
        if length := rest.take("for"):
            said += f" for {span(length)}"
        return ", ".join(part for part in [said, *rest.told()] if part)

    def measured(self, name: str, rest: Rest) -> str:
        """A measure within bounds, or as it usually is."""
        limits = rest.only("at_least", "at_most", "above", "below")
        parts = [self.within(name, limits) if limits else self.names.measure(name)]
        if "is" in rest:
            parts.append(f"is {plain(rest.take('is'))}")
        if usual := rest.take("of_usual"):
            parts.append(f"at {bounds(usual, percent=True).replace('at least ', '')} or more of the account's own usual"
                         f" over {span(usual['window'])}")  # fmt: skip
        if before := rest.take("before"):
            parts.append(f"counted until {span(before)} ago")
        if broken := rest.take("unbroken_by"):
            parts.append(f"with no {self.names.missed(broken)} since the first of them")
        if lasts := rest.take("lasts"):
            parts.append(f"less than {span(lasts)} ago")
        return " ".join(parts)

    def during(self, what: Mapping[str, Any] | None) -> str:
        """A row's `while`: what must be so for a rule to be judged at all."""
        rest = Rest(what or {})
        parts = []
        if rest.take("onboarding"):
            parts.append("during onboarding")
        if goal := rest.take("goal"):
            parts.append("while a goal is open" if goal == "open" else "while an outcome goal is open")
        if models := rest.take("touch_model"):
            parts.append(f"for accounts of {either(_TOUCH.get(model, model) for model in models)}")
        if named := rest.take("named"):
            parts.append(f"while {one(either(map(words, named)))} is named")
        if between := rest.take("between"):
            until = f" to {span(between['and'])} after" if "and" in between else " until"
            parts.append(f"from `{between['after']}`{until} `{between['until']}`")
        if also := rest.take("also"):
            parts.append(f"with {self.all_within(also)}")
        return ", ".join([*parts, *rest.told()])

    def limit(self, what: Any) -> str:
        """How long: a duration, one out of a table, or a part of another rule's."""
        if not isinstance(what, Mapping):
            return span(what)
        if "of" in what:
            return f"{share(what['times'])} of the limit of {self.rule(what['of'])}"
        default = what.get("default")
        rows = [(key, value, field) for field, table in what["by"].items() for key, value in table.items()]
        return either(
            f"{span(value)} ({_TOUCH.get(key, key) if field == 'touch_model' else f'{field} {words(str(key))}'}"
            f"{', also where unknown' if key == default else ''})"
            for key, value, field in rows
        )


def _way(_say: Conditions, moved: Mapping[str, Any], rest: Rest) -> str:
    whose = "another goal" if rest.take("of") == "other" else "the goal"
    how = f"moved by {bounds(moved, percent=True)} of its way"
    if moved == {"above": 0}:
        how = "moved its way"
    elif moved.get("at_most", 0) < 0:
        how = f"moved against its direction by {share(-moved['at_most'])} of its way or more"
    window = rest.take("window")
    return f"{whose} {how} " + ("at the last verified measure" if window is None else f"in {span(window)}")


def _state_holds(_say: Conditions, name: str, rest: Rest) -> str:
    said = state(name)
    return said if rest.take("holds", True) else f"no {said.partition(' ')[2]}"


_CONDITIONS: Final[Mapping[str, Callable[[Conditions, Any, Rest], str]]] = {
    "all": lambda say, value, _rest: both(map(say.condition, value)),
    "any": lambda say, value, _rest: either(map(say.condition, value)),
    "silent": lambda say, value, _rest: f"no {say.names.missed(value)}",
    "signal": lambda say, value, rest: f"{say.rule(value)} is open{_at(rest.take('severity'))}",
    "family": lambda _say, value, rest: f"a rule of {value} is open{_at(rest.take('severity'))}",
    "index": lambda _say, value, _rest: f"a value index of {bounds(value)}",
    "confidence": lambda _say, value, _rest: f"a confidence of {bounds(value, percent=True)}",
    "state": _state_holds,
    "way": _way,
    "measure": lambda say, value, rest: say.measured(value, rest),
}


def _at(severity: str | None) -> str:
    return f" at {severity} or more" if severity and severity != "info" else ""
