"""A fold that only counts, for tests of everything around it: what went in and came out can be compared."""

import struct
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from detector.domain.record import RawRecord
from detector.streaming.fold import Encoders, Outgoing

ALERT_EVERY = 16
PARTITION_KEY = b"\x00partition"
FILLS = b"too much of what is no number"
"""A value after which a fold is full until its next checkpoint."""


@dataclass
class CountingChanges:
    """What a counting fold hands over."""

    states: list[tuple[bytes, bytes | None]]
    positions: dict[str, int]
    alerts: list[tuple[bytes, int]] = field(default_factory=list)
    health: list[tuple[bytes, int]] = field(default_factory=list)
    dead_letters: list[tuple[bytes, int]] = field(default_factory=list)
    tally: int = 0


def pack(count: int, total: int) -> bytes:
    """An account's state: events seen and the sum of their numbers."""
    return struct.pack(">qq", count, total)


def unpack(value: bytes) -> tuple[int, int]:
    """The reverse of `pack`."""
    count, total = struct.unpack(">qq", value)
    return count, total


class CountingFold:
    """Counts events per account (the key) and sums their numbers (the value); every 16th of an account is an alert.

    It applies what it is offered as it comes, unless `merging`: then one topic waits until the others have a record or
    have ended. A value that is no number is a dead letter.
    """

    def __init__(
        self,
        number: int,
        store: dict[bytes, bytes],
        topics: Sequence[str],
        *,
        merging: bool = False,
        urgency: bool = False,
    ) -> None:
        self.number = number
        self.store = store
        self.positions: dict[str, int] = {}
        self.clock = 0
        self.urgent = False
        self.full = False
        self.commits = 0
        self._merging = merging
        self._urgency = urgency
        self._queues: dict[str, deque[RawRecord]] = {topic: deque() for topic in topics}
        self._dirty: dict[bytes, tuple[int, int]] = {}
        self._frozen: dict[bytes, tuple[int, int]] = {}
        self._alerts: list[tuple[bytes, int]] = []
        self._dead: list[tuple[bytes, int]] = []
        self._applied = 0

    @property
    def begun(self) -> bool:
        """Whether there was a checkpoint."""
        return PARTITION_KEY in self.store

    @property
    def accounts(self) -> dict[str, int]:
        """Nobody grades them."""
        return {"insufficient_data": sum(key != PARTITION_KEY for key in self.store)}

    def restore(self) -> None:
        """Read the partition record."""
        record = self.store.get(PARTITION_KEY, b"0").decode().split("\n")
        self.clock = int(record[0])
        self.positions = {topic: int(offset) for topic, offset in (line.rsplit(" ", 1) for line in record[1:])}

    def offer(self, topic: str, records: Sequence[RawRecord]) -> None:
        """Take records, those before the position excepted."""
        position = self.positions.get(topic, 0)
        self._queues[topic].extend(record for record in records if record.offset >= position)

    def queued(self, topic: str) -> int:
        """Count what waits."""
        return len(self._queues[topic])

    def advance(self, ended: Collection[str], limit: int = 0) -> int:
        """Apply what can be applied."""
        applied = 0
        for topic in sorted(self._queues):
            queue = self._queues[topic]
            while queue and (not limit or applied < limit):
                if self._merging and not all(other or name in ended for name, other in self._queues.items()):
                    break
                self._apply(topic, queue.popleft())
                applied += 1
                if self.full:
                    return applied
        return applied

    def _apply(self, topic: str, record: RawRecord) -> None:
        self.positions[topic] = record.offset + 1
        self.clock = max(self.clock, record.timestamp)
        self._applied += 1
        key = record.key or b""
        try:
            number = int(record.value or b"")
        except ValueError:
            self._dead.append((key, record.offset))
            if record.value == FILLS:
                self.full = self.urgent = True
            return
        count, total = self._dirty.get(key) or self._frozen.get(key) or unpack(self.store.get(key, pack(0, 0)))
        self._dirty[key] = count + 1, total + number
        if (count + 1) % ALERT_EVERY == 0:
            self._alerts.append((key, (count + 1) // ALERT_EVERY))
            self.urgent = self._urgency

    def tick(self, broker_time_ms: int) -> None:
        """Move the clock."""
        self.clock = max(self.clock, broker_time_ms - 5_000)

    def collect(self, *, force: bool = False) -> CountingChanges | None:
        """Cut what changed."""
        self.urgent = False
        if not self._applied and not force:
            return None
        lines = [str(self.clock), *(f"{topic} {offset}" for topic, offset in sorted(self.positions.items()))]
        states: list[tuple[bytes, bytes | None]] = [(key, pack(*counts)) for key, counts in self._dirty.items()]
        states.append((PARTITION_KEY, "\n".join(lines).encode()))
        changes = CountingChanges(states, dict(self.positions), self._alerts, [], self._dead, self._applied)
        self._frozen, self._dirty = self._dirty, {}
        self._alerts, self._dead, self._applied = [], [], 0
        return changes

    def committed(self) -> None:
        """Count commits; what was collected is in the store now."""
        self.commits += 1
        self.full = False
        self._frozen = {}


def _encode(value: tuple[bytes, int]) -> Outgoing:
    key, number = value
    return key, b"%s:%d" % (key, number), [("number", b"%d" % number)]


ENCODERS = Encoders(alert=_encode, health=_encode, dead_letter=_encode)
