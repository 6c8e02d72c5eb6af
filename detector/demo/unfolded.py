"""What the detector made of the stories: as expected, otherwise, not at all, or an alert where none was due."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Final, NamedTuple

from detector.demo.moments import midnight
from detector.demo.stories import STORIES
from detector.demo.story import SEVERITIES, Expected, Story

FOLLOWS: Final = ("index.", "survey.contradicted")
"""Rules over the index and over other alerts: where something is wrong they only add it up, and are no news of it."""


class Seen(NamedTuple):
    """What is needed of one transition of an alert on a risk; `resolution` only where it resolved."""

    account_id: str
    rule_id: str
    severity: str
    detected_at: datetime
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Unfolded:
    """One story as the detector saw it.

    `kept` came as expected; `missed` never opened; `otherwise` says in words what differed (day, severity, end);
    `unexpected` are the rules that opened without being part of the story.
    """

    story: Story
    kept: tuple[Expected, ...]
    missed: tuple[Expected, ...]
    otherwise: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def as_told(self) -> bool:
        """Whether all that was expected came, as expected, and nothing else."""
        return not (self.missed or self.otherwise or self.unexpected)


def unfold(transitions: Iterable[Seen], until: datetime) -> tuple[list[Unfolded], dict[str, list[str]]]:
    """Hold the transitions of tenant `demo`, each alert's in order, against the stories.

    Gives every story as it was seen, and for accounts without a story, where nothing should open, the rules that did.
    """
    until = midnight(until)
    seen: defaultdict[str, defaultdict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for transition in transitions:
        seen[transition.account_id][transition.rule_id].append(transition)
    told = []
    for story in STORIES:
        by_rule = seen.pop(story.account_id, defaultdict(list))
        kept, missed, otherwise = [], [], []
        for expected in story.expected:
            differs = _differs(expected, by_rule[expected.rule_id], until) if expected.rule_id in by_rule else None
            if differs is None:
                missed.append(expected)
            elif differs:
                otherwise.append(differs)
            else:
                kept.append(expected)
        follows = {rule for rule in by_rule if story.expected and rule.startswith(FOLLOWS)}
        unexpected = tuple(sorted(set(by_rule) - set(story.rule_ids) - follows))
        told.append(Unfolded(story, tuple(kept), tuple(missed), tuple(otherwise), unexpected))
    return told, {account: sorted(by_rule) for account, by_rule in sorted(seen.items())}


def _differs(expected: Expected, transitions: list[Seen], until: datetime) -> str:
    """In words, how the transitions of one rule in one account differ from what was expected; empty if they do not."""
    day = floor((transitions[0].detected_at - until) / timedelta(days=1))
    highest = max((seen.severity for seen in transitions), key=SEVERITIES.index)
    ends = transitions[-1].resolution or "open"
    words = []
    if not expected.opens[0] <= day <= expected.opens[1]:
        words.append(f"opened on day {day}, expected from {expected.opens[0]} to {expected.opens[1]}")
    if highest != expected.severity:
        words.append(f"reached {highest}, expected {expected.severity}")
    if ends != expected.ends:
        words.append(f"ended {ends}, expected {expected.ends}")
    return f"{expected.rule_id}: {'; '.join(words)}" if words else ""
