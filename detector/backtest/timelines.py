"""The one runner of timelines: what a rule said of its examples, beside what they expect of it.

`run` gives what is published when a timeline goes through the detector's core alone; a test gives what a worker
published for it. `compare` judges both.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from difflib import SequenceMatcher
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from detector.backtest.core import core_of
from detector.backtest.replay import Partition, Seat
from detector.catalogue.timeline import KINDS, Timeline
from detector.domain.calendar import DAY_MS, HOUR_MS, MINUTE_MS
from detector.domain.events import TOPIC_OF
from detector.domain.plan import Plan
from detector.domain.record import Record
from detector.files.instant import milliseconds
from schemas.topics import CRM, IN_TOPICS

_GRADED: Final = frozenset({"opened", "escalated", "eased", "reopened"})
"""The transitions of which a timeline says the severity."""

Body = Mapping[str, Any]
"""An alert as it is published (events.md 4)."""


class Said(NamedTuple):
    """One transition as a timeline tells it: when (epoch ms), what, and what goes with it."""

    at: int
    transition: str
    severity: str | None
    subject: str | None
    resolution: str | None


class Heard(NamedTuple):
    """What came of a timeline: every alert of its rule, and why an event of it could not be used."""

    alerts: tuple[Body, ...]
    refused: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """How a timeline ended: one line for each difference, none where the rule said what was expected."""

    timeline: Timeline
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it went as expected."""
        return not self.differences


def run(timeline: Timeline, plan: Plan) -> Heard:
    """Run one timeline through the core: the codec, the merge, the rules; the clock ends at its `until`."""
    core = core_of(plan)
    partition = core.build(Seat(0, 1, IN_TOPICS, {}, positions_known=False, quiet_until=None))
    _offer(partition, timeline)
    partition.advance(IN_TOPICS)
    partition.run_to(timeline.until_ms, grace_passed=True)
    changes = partition.collect()
    if changes is None:
        return Heard(())
    bodies = [msgspec.json.decode(core.alert(alert)[1] or b"null") for alert in changes.alerts]
    refused = [
        f"an event cannot be used: {dead.reject.code}: {dead.reject.detail}: {(dead.record.value or b'').decode()}"
        for dead in changes.dead_letters
    ]
    return Heard(tuple(body for body in bodies if body["rule_id"] == timeline.rule), tuple(refused))


def _offer(partition: Partition, timeline: Timeline) -> None:
    records: dict[str, list[Record]] = {topic: [] for topic in IN_TOPICS}
    for row in sorted(timeline.bare_events(), key=itemgetter("_record_time")):
        topic = records[TOPIC_OF.get(row["event_type"], CRM)]
        topic.append(Record(len(topic), row["_record_time"], row["account_id"].encode(), msgspec.json.encode(row)))
    for name, found in records.items():
        partition.offer(name, found)


def said_of(body: Body) -> Said:
    """What an alert's body says, as a timeline tells it."""
    transition = body["transition"]
    severity = body["severity"] if transition in _GRADED else None
    return Said(
        milliseconds(datetime.fromisoformat(body["detected_at"])),
        transition,
        severity,
        body["subject"]["id"],
        body["resolution"],
    )


def expected_of(timeline: Timeline) -> list[Said]:
    """What a timeline expects."""
    return [
        Said(timeline.at_ms(want), want.transition, want.severity, want.subject, want.resolution)
        for want in timeline.expect
    ]


def compare(timeline: Timeline, heard: Heard) -> Outcome:
    """Judge what was heard of a timeline by what it expects: each transition at its minute, no other."""
    expected, got = expected_of(timeline), [said_of(body) for body in heard.alerts]
    found = list(heard.refused)
    for kind, i, j, k, m in SequenceMatcher(None, expected, got, autojunk=False).get_opcodes():
        if kind != "equal":
            pairs = zip_longest(expected[i:j], got[k:m])
            found += [f"expected {_text(timeline, want)}, got {_text(timeline, have)}" for want, have in pairs]
    return Outcome(timeline, tuple(found))


def run_all(timelines: Iterable[Timeline], plan: Plan) -> Iterator[Outcome]:
    """Run timelines one after the other, each with an account of its own."""
    for timeline in timelines:
        yield compare(timeline, run(timeline, plan))


def kinds_missing(timelines: Collection[Timeline]) -> list[str]:
    """The kinds of timelines that a rule ought to have and has not: what opens it, nearly opens it, clears it."""
    shown = {timeline.shows for timeline in timelines}
    return [kind for kind in KINDS if kind not in shown]


def _text(timeline: Timeline, said: Said | None) -> str:
    """A transition as one writes it in a timeline."""
    if said is None:
        return "nothing"
    words = {**said._asdict(), "at": offset_text(timeline, said.at)}
    return "{" + ", ".join(f"{name}: {word}" for name, word in words.items() if word is not None) + "}"


def offset_text(timeline: Timeline, at: int) -> str:
    """A moment as one writes it in a timeline: how long after its start; `46d daily` for the account's own minute."""
    days, rest = divmod(at - timeline.start_ms, DAY_MS)
    if days and rest == timeline.daily_ms:
        return f"{days}d daily"
    hours, rest = divmod(rest, HOUR_MS)
    minutes, rest = divmod(rest, MINUTE_MS)
    parts = [f"{days}d" if days else "", f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    parts.append(f"{rest}ms" if rest else "")
    return " ".join(part for part in parts if part) or "0m"
