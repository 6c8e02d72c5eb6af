"""When a worker must stop: most of what comes is unusable, and going on would turn the whole log into dead letters."""

import re
from collections import Counter, deque
from collections.abc import Callable, Collection
from itertools import islice
from time import monotonic
from typing import Final

from detector.domain.record import Reject

IN_A_ROW: Final = 100
"""Unusable records of a topic without a usable one between them."""
WINDOW: Final = 1_000
"""Latest records of a topic of which more than half may not be unusable; fewer than `IN_A_ROW` are no ratio."""
ONLY_SECONDS: Final = 300.0
"""In this time something must be usable, whatever the topic and the source."""
ONLY_COUNT: Final = 20
"""Unusable records in that time; fewer may come in a quiet night."""
OTHERS_SHARE: Final = 0.1
"""Of the unusable records, what sources other than the worst must have sent: one bad source stops nobody else."""

_UNNAMED: Final = "unknown"
_SHOWN: Final = re.compile(r"[\w.:/-]{1,64}", re.ASCII)
_NOT_SHOWN: Final = "a source whose name is not shown"  # an address or a name: whose, nobody checked
_NO_SIGN: Final = "unknown_type"  # a newer emitter is no failure: it never counts


class DeadLetterLimit:
    """Counts what a worker judges, over all its partitions, until it trips; only a restart begins anew.

    A topic trips at `IN_A_ROW` unusable records in a row, or when more than half of its `WINDOW` latest are, where they
    are from two named sources or more; and at `ONLY_SECONDS` in which nothing of any topic was usable. `clock` counts
    monotonic seconds. Switched off (`on`) it never trips.
    """

    def __init__(self, topics: Collection[str], clock: Callable[[], float] = monotonic, *, on: bool = True) -> None:
        self.taken = dict.fromkeys(topics, 0)
        """Usable records so far, by topic; whoever decodes counts them here."""
        self.tripped: dict[str, str] = {}
        """Why, by topic, in words for a person; empty while all is well."""
        self._topics = {topic: _Topic() for topic in topics}
        self._clock, self._on = clock, on
        self._only_since = clock()
        self._only: Counter[str] = Counter()
        self._taken = 0

    def rejected(self, topic: str, reject: Reject) -> None:
        """Count a record that is no event."""
        if reject.code == _NO_SIGN or self.tripped or not self._on:
            return
        why = self._topics[topic].rejected(reject.source, self.taken[topic])
        if why:
            self.tripped[topic] = why
            return
        now, taken = self._clock(), sum(self.taken.values())
        if taken != self._taken or not self._only:
            self._taken, self._only_since = taken, now
            self._only.clear()
        self._only[topic] += 1
        if now - self._only_since >= ONLY_SECONDS and self._only.total() >= ONLY_COUNT:
            why = f"nothing but {self._only.total()} unusable records for {ONLY_SECONDS / 60:.0f} minutes"
            self.tripped = dict.fromkeys(self._only, why)


class _Topic:
    """The latest unusable records of one topic: (number among all its records, source)."""

    def __init__(self) -> None:
        self._latest: deque[tuple[int, str]] = deque()
        self._by_source: Counter[str] = Counter()
        self._count = 0
        self._in_a_row = 0
        self._taken = 0

    def rejected(self, source: str, taken: int) -> str:
        """Count one more, after so many usable ones; says why it is too many, else nothing."""
        self._in_a_row = self._in_a_row + 1 if taken == self._taken else 1
        self._taken = taken
        self._count += 1
        number = taken + self._count
        self._latest.append((number, source))
        self._by_source[source] += 1
        while self._latest[0][0] <= number - WINDOW:
            _, gone = self._latest.popleft()
            self._by_source[gone] -= 1
            if not self._by_source[gone]:
                del self._by_source[gone]
        if self._in_a_row >= IN_A_ROW:
            row = Counter(source for _, source in islice(reversed(self._latest), IN_A_ROW))
            if sources := _several(row, IN_A_ROW):
                return f"{self._in_a_row} unusable records in a row, from {sources}"
        among, bad = min(number, WINDOW), len(self._latest)
        if among >= IN_A_ROW and 2 * bad > among and (sources := _several(self._by_source, bad)):
            return f"{bad} of the latest {among} records unusable, from {sources}"
        return ""


def _several(by_source: Counter[str], total: int) -> str:
    """Name the two worst sources where the worst is not to blame alone; who sent no name is nobody in particular."""
    named = sorted((-count, source) for source, count in by_source.items() if source != _UNNAMED)
    if len(named) < 2 or sum(-count for count, _ in named[1:]) < OTHERS_SHARE * total:
        return ""
    worst, next_worst = (source if _SHOWN.fullmatch(source) else _NOT_SHOWN for _, source in named[:2])
    return f"{worst}, {next_worst}" + (f" and {len(named) - 2} more" if len(named) > 2 else "")
