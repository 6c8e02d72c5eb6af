"""How an alert clears, and how long that must hold before it is resolved."""

from collections.abc import Mapping
from typing import Any

from detector.docs.conditions import Conditions, Rest
from detector.docs.opens import flat_of, times_of
from detector.docs.text import both, bounds, either, number, one, share, span


def awaited_by(rest: Rest, say: Conditions, *, silent: bool) -> str:
    """What a rule about something missing waits for; empty for any other."""
    if "expect" in rest:
        until = Rest(rest.get("repeat") or {}).take("until")
        return either(one(say.source(what)) for what in (rest["expect"], rest.get("unless"), until) if what)
    return one(say.names.missed(rest["measure"])) if silent else ""


def kept_for(keep_ms: int | None) -> str:
    """How long it must hold; empty where it is resolved at once."""
    return f", and is resolved after {span(f'{keep_ms // 86_400_000}d')} of that" if keep_ms else ""


def clears_of(rest: Rest, row: Mapping[str, Any], say: Conditions, awaited: str, kept: str) -> str:
    """How an alert ends, if need be with what was awaited; `kept` is how long that must hold, but by the calendar."""
    rest.take("keep")
    ways = []
    if row["operator"] in ("change", "attainment") and "at_least" in rest:
        over = f" over the last {span(rest.take('last'))}" if "last" in rest else ""
        of = "the usual" if row["operator"] == "change" else "what is expected"
        ways.append(f"with {share(rest.take('at_least'))} of {of} or more{over}")
    if limits := rest.only("at_least", "at_most", "above", "below"):
        ways.append(f"with {bounds(limits)}")
    ways += [_way(Rest(way), row, say) for way in rest.take("any", [])]
    if contact := rest.take("contact"):
        same = " with another of the same role" if rest.take("with") == "same_role" else ""
        ways.append(f"with one of the {say.names.measure(contact)}{same}")
    if seen := rest.take("seen"):
        ways.append(f"with {one(say.names.missed(seen))}")
    if rest.take("signals") == "none":
        ways.append("when none of the signs is left")
    if rest.take("not_so"):
        ways.append("when it is not so any more")
    lasts = rest.take("lasts")
    ways += rest.told()
    by_itself = f"{span(lasts)} after {awaited or 'the last time'}" if lasts else ""
    if lasts and not ways:
        return by_itself
    said = either(ways) or (f"with {awaited}" if awaited else "when it has not held for a whole window")
    return f"{said}{kept}" + (f"; or {by_itself}" if by_itself else "")


def _way(way: Rest, row: Mapping[str, Any], say: Conditions) -> str:
    if row["operator"] == "conjunction":
        return f"with {say.condition(way)}"
    parts = []
    measure = row.get("measure")
    limits = way.only("at_least", "at_most", "above", "below")
    if over_low := way.take("over_low"):
        parts.append(f"{number(over_low)} points over the low")
    if limits:
        parts.append(f"with {say.within(measure, limits)}" if measure else f"at an index of {bounds(limits)}")
    if mean := way.take("times_own_mean"):
        parts.append(f"with {times_of(mean)} the usual week")
    if also := way.take("also"):
        parts.append(f"{'' if parts else 'with '}{say.all_within(also)}")
    if days := way.take("not_under"):
        parts.append(f"at or above its value {span(days)} ago")
    if over := way.take("over_mean"):
        parts.append(f"{share(over)} above the mean of the plateau")
    if flat := way.take("flat"):
        parts.append(f"when {flat_of(flat)}")
    return both([*parts, *way.told()])
