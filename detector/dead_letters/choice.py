"""Which dead letters are meant: ranges of offsets of their topic, and what is asked of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from detector.dead_letters.letter import Letter

_RANGE: Final = re.compile(r"(\d{1,6})(?::(\d{1,18})?(?:(-)(\d{1,18})?)?)?", re.ASCII)


@dataclass(frozen=True)
class Range:
    """Offsets of a partition of the topic of dead letters, both ends included; `last` None: up to its end."""

    partition: int
    first: int = 0
    last: int | None = None


def merged(ranges: Sequence[Range]) -> list[Range]:
    """The same offsets, each in one range only, by partition and offset."""
    found: list[Range] = []
    for one in sorted(ranges, key=lambda one: (one.partition, one.first)):
        before = found[-1] if found else None
        if before is None or before.partition != one.partition or (before.last is not None and before.last < one.first):
            found.append(one)
        elif before.last is not None and (one.last is None or one.last > before.last):
            found[-1] = Range(before.partition, before.first, one.last)
    return found


@dataclass(frozen=True)
class Choice:
    """What is asked of a dead letter; what is empty or None asks nothing. Times are epoch ms, `until` not included."""

    ranges: Sequence[Range] = ()
    reasons: Sequence[str] = ()
    topics: Sequence[str] = ()
    """In-topics, with or without the prefix."""
    since: int | None = None
    until: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether this one is meant; its place is not asked for."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or any(letter.topic.endswith(topic) for topic in self.topics))
            and (self.since is None or letter.died_at >= self.since)
            and (self.until is None or letter.died_at < self.until)
        )


class RangeParameter(click.ParamType):
    """`3` (all of partition 3), `3:17`, `3:17-29`, `3:17-` or `3:-29`, as `list` names them; both ends included."""

    name = "RANGE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Range:
        """Give the range; what is none is a usage error."""
        found = _RANGE.fullmatch(str(value))
        if found is None or str(value).endswith(":"):
            forms = "3, 3:17, 3:17-29 or 3:17- (partition:offsets, as `list` names them)"
            self.fail(f"{value!r} is no range: write {forms}", param, ctx)
        partition, first, dash, last = found.groups()
        begin = int(first or 0)
        end = None if not (first or dash) or (dash and not last) else int(last or begin)
        if end is not None and end < begin:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return Range(int(partition), begin, end)
