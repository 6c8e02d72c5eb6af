"""Small words of the pages: durations, shares, bounds and lists as one says them, and links between the pages."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_UNITS: Final = {"m": "minute", "h": "hour", "d": "day", "w": "week", "bd": "business day"}
_SPAN: Final = re.compile(r"(\d+)(bd|[mhdw])")
_MOMENTS: Final = {
    "start": "the account's start, or after it was first seen if that is later",
    "goal.target_met": "the target of a goal being met",
    "goal.acknowledged": "its acknowledgement",
    "goal.specified": "its baseline, target and schedule",
    "goal.schedule_date": "a date of a goal's schedule",
    "goal.step_reached": "a step of a goal being reached",
    "role.named": "the naming of a role",
    "sponsor.changed": "a change of sponsor",
    "owner.changed": "a change of owner",
    "owner.lost": "the loss of the owner",
    "stage.entered": "a new stage",
}
_STATES: Final = {
    "outcome_goal": "an open outcome goal",
    "complete_outcome_goal": "an outcome goal with baseline, target and schedule",
    "owner": "an owner",
}
_VOWELS: Final = frozenset("aeiou")
_WINDOW: Final = re.compile(r"_(\d+(?:bd|[mhdw]))$")


def span(value: Any) -> str:
    """A duration: `14d` is 14 days. What is none is given as it is."""
    found = _SPAN.fullmatch(str(value))
    if found is None:
        return plain(value)
    count, unit = int(found[1]), _UNITS[found[2]]
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def share(value: Any) -> str:
    """A ratio as a percentage: 0.15 is 15%."""
    return f"{round(value * 100, 1):g}%" if isinstance(value, int | float) else plain(value)


def number(value: Any) -> str:
    """A number without what does not count: 2.0 is 2, 1000 is 1,000."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return plain(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def words(name: str) -> str:
    """A name as words: `tickets_7d` is tickets in 7 days."""
    window = _WINDOW.search(name)
    stem = name[: window.start()] if window else name
    said = stem.replace("_", " ").replace(".", " ")
    if said.endswith(" weeks"):
        return f"{said.removesuffix(' weeks')} by week"
    return f"{said} in {span(window[1])}" if window else said


def either(parts: Iterable[str]) -> str:
    """A list of which any will do: a, b or c."""
    return _listed(parts, "or")


def both(parts: Iterable[str]) -> str:
    """A list of which all must be: a, b and c."""
    return _listed(parts, "and")


def _listed(parts: Iterable[str], last: str) -> str:
    found = [part for part in parts if part]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else ""


def one(noun: str) -> str:
    """A noun with its article, whatever it is dressed in; one that has an article keeps it."""
    bare = noun.lstrip("[`*").lower()
    if bare.startswith(("a ", "an ", "the ", "its ", "no ")):
        return noun
    return f"{'an' if bare[:1] in _VOWELS and not bare.startswith(('us', 'one')) else 'a'} {noun}"


def moment(name: str) -> str:
    """A moment that is worked out of facts."""
    return _MOMENTS.get(name, words(name))


def state(name: str) -> str:
    """A state of the account."""
    return _STATES.get(name, one(words(name)))


def bounds(what: Mapping[str, Any], *, percent: bool = False) -> str:
    """A number's bounds: at least 3, under 65%. Empty where there are none."""
    as_text = share if percent else number
    if set(what) == {"at_least", "at_most"} and what["at_least"] == what["at_most"]:
        return f"just {as_text(what['at_least'])}"
    said = {"at_least": "at least", "at_most": "at most", "above": "more than", "below": "under"}
    return both(f"{said[word]} {as_text(what[word])}" for word in said if what.get(word) is not None)


def plain(value: Any) -> str:
    """Anything that a row says, for the words that have no sentence of their own."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(str(key))} {plain(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return either(plain(inner) for inner in value)
    text = str(value)
    return span(text) if _SPAN.fullmatch(text) else text.replace("_", " ")


def anchor(rule_id: str) -> str:
    """The fragment under which a page shows the heading of a rule."""
    return re.sub(r"[^a-z0-9_-]", "", rule_id.lower())


def cell(text: str) -> str:
    """A text that may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")
