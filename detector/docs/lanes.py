"""What a timeline's events look like as lanes: one lane an event type, told apart by what matters for the story."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from detector.catalogue.timeline import Timeline

MOST_LANES: Final = 7
_ENVELOPE: Final = frozenset({"event_id", "event_type", "account_id", "occurred_at", "source", "tenant_id"})
_LONGEST_WORD: Final = 18


class Mark(NamedTuple):
    """One event: when it happened (epoch ms), whether it was recorded late, and a number to write beside it."""

    at: int
    late: bool
    note: str


class Lane(NamedTuple):
    """The events of one kind in the order of time."""

    label: str
    marks: list[Mark]


def lanes_of(timelines: Sequence[Timeline], matters: frozenset[str]) -> list[list[Lane]]:
    """The lanes of each timeline; the words that tell events of one type apart are those that differ in any of them.

    Those of the fields that matter to the rule go first; the others count only where there is none of these.
    """
    told = [list(_events(timeline)) for timeline in timelines]
    tells: dict[str, list[str]] = {}
    for event_type in dict.fromkeys(event["event_type"] for events in told for event in events):
        of_type = [event for events in told for event in events if event["event_type"] == event_type]
        tells[event_type] = _telling(of_type, matters)
    while any(len(_labels(events, tells)) > MOST_LANES for events in told) and any(tells.values()):
        longest = max(tells, key=lambda event_type: len(tells[event_type]))
        tells[longest].pop()
    return [_lanes(events, tells) for events in told]


def _events(timeline: Timeline) -> Iterator[dict[str, Any]]:
    yield from sorted(timeline.bare_events(), key=lambda event: int(event["occurred_at"]))


def _telling(events: list[dict[str, Any]], matters: frozenset[str]) -> list[str]:
    """At most two of the fields whose short words differ, but not from event to event: those would be ids."""
    found = []
    for field in dict.fromkeys(field for event in events for field in event):
        values = [_word(field, event.get(field)) for event in events]
        differ = {value for value in values if value}
        if field in _ENVELOPE or field.startswith("_") or field.endswith(("_id", "_at")):
            continue
        if len({*values}) > 1 and 0 < len(differ) <= 4 and (len(differ) < len(events) or len(events) < 4):
            found.append(field)
    return [field for field in found if field in matters][:2] or found[:2]


def _word(field: str, value: Any) -> str:
    """A value as a short word; empty for what is no word: numbers, lists, dates, ids that are long."""
    if isinstance(value, bool):
        return field if value else f"not {field}"
    if isinstance(value, str) and len(value) <= _LONGEST_WORD and not value[:1].isdigit():
        return value.replace("_", " ").casefold()
    return ""


def _label(event: Mapping[str, Any], tells: Mapping[str, list[str]]) -> str:
    words = [word for field in tells[event["event_type"]] if (word := _word(field, event.get(field)))]
    return " ".join([event["event_type"], *words])


def _labels(events: list[dict[str, Any]], tells: Mapping[str, list[str]]) -> set[str]:
    return {_label(event, tells) for event in events}


def _lanes(events: list[dict[str, Any]], tells: Mapping[str, list[str]]) -> list[Lane]:
    lanes: dict[str, Lane] = {}
    last: dict[str, str] = {}
    for event in events:
        label = _label(event, tells)
        lane = lanes.setdefault(label, Lane(label, []))
        number = _number(event)
        note = "" if number == last.get(label) else number
        last[label] = number
        lane.marks.append(Mark(event["occurred_at"], event["_record_time"] > event["occurred_at"], note))
    for lane in lanes.values():
        if len(lane.marks) > 1 and all(not mark.note for mark in lane.marks[1:]):
            lane.marks[0] = lane.marks[0]._replace(note="")  # a number that never changes tells nothing
    found = list(lanes.values())
    if len(found) > MOST_LANES:
        rest = sorted((mark for lane in found[MOST_LANES - 1 :] for mark in lane.marks), key=lambda mark: mark.at)
        found = [*found[: MOST_LANES - 1], Lane("other events", rest)]
    return found


def _number(event: Mapping[str, Any]) -> str:
    """What an event measures: its only number; money, durations and the ends of a scale do not count."""
    found = [
        value
        for field, value in event.items()
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and field not in _ENVELOPE
        and not field.startswith(("_", "scale_"))
        and not field.endswith(("_at", "_minor", "_days", "_seconds"))
    ]
    return f"{found[0]:,.10g}" if len(found) == 1 else ""
