"""A rule's row in plain words, operator by operator: when it opens, with which severity, and when it clears."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from detector.docs.clears import awaited_by, clears_of, kept_for
from detector.docs.conditions import Conditions, Rest
from detector.docs.glossary import subject
from detector.docs.opens import opens_of
from detector.docs.text import both, either, span, words

_NOT_TOLD: Final = frozenset(
    {"version", "family", "polarity", "operator", "title", "explain", "over", "action", "why", "examples"}
)
"""What every row says, and the page says elsewhere."""


class Told(NamedTuple):
    """A rule in words: a rung a severity, whatever else must be so, and how it clears."""

    opens: list[tuple[str, str]]
    notes: list[str]
    clears: str


def told(row: Mapping[str, Any], say: Conditions, keep_ms: int | None) -> Told:
    """Tell a row. `keep_ms` is how long it must stay cleared, None where it is not known yet."""
    rest = Rest({word: value for word, value in row.items() if word not in _NOT_TOLD})
    notes: list[str] = []
    if during := say.during(rest.take("while")):
        notes.append(f"Only {during}.")
    clears = Rest(rest.take("clears", {}))
    awaited = awaited_by(rest, say, silent=row["operator"] == "silence")
    opens = opens_of(row, rest, say, notes)
    if isinstance(per := rest.take("per"), Mapping):
        notes.append(f"One alert for each {subject(per['subject'])}: {_universe(per['of'])}.")
    if length := rest.take("for"):
        notes.append(f"It must hold for {span(length)}.")
    if expires := rest.take("expires"):
        notes.append(f"After {span(expires)} without recovery it expires, and the new level is the usual one.")
    if evidence := rest.take("evidence"):
        notes.append(f"The evidence names {both(map(words, evidence))}.")
    notes += [f"{said[:1].upper()}{said[1:]}." for said in rest.told()]
    return Told(opens, notes, clears_of(clears, row, say, awaited, kept_for(keep_ms)))


def _universe(of: Any) -> str:
    return "every role that is named" if of == "named" else either(map(words, of))
