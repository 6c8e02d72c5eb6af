"""A partition that counts: it publishes every record it applies, and keeps one number an account."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from detector.backtest.replay import Core, Seat
from detector.domain.record import DeadLetter, RawRecord, Reject


@dataclass
class CountingChanges:
    states: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    alerts: list[dict[str, object]] = field(default_factory=list)
    health: list[tuple[bytes, int | None]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class CountingPartition:
    """Merges by (effective time, topic) as the domain's does; forgets all counts at each commit and reads them back.

    A value `drop` deletes the account, `broken` is rejected.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.clock = 0
        self.most_queued = 0
        self.ran_to: list[tuple[int, bool]] = []
        self.restored = False
        self._queues: dict[str, list[RawRecord]] = {topic: [] for topic in seat.topics}
        self._effective = dict.fromkeys(seat.topics, 0)
        self._changes = CountingChanges()
        self._counts: dict[bytes, int] = {}
        self._dirty: set[bytes] = set()

    def restore(self) -> None:
        assert self.seat.store == {}
        self.restored = True

    def offer(self, topic: str, records: Sequence[RawRecord]) -> None:
        self._queues[topic] += records
        self.most_queued = max(self.most_queued, len(self._queues[topic]))

    def queued(self, topic: str) -> int:
        return len(self._queues[topic])

    def advance(self, ended: Collection[str], limit: int = 0) -> int:
        applied = 0
        while not limit or applied < limit:
            if any(not queue and topic not in ended for topic, queue in self._queues.items()):
                break
            heads = [
                (max(self._effective[topic], queue[0].timestamp), topic)
                for topic, queue in self._queues.items()
                if queue
            ]
            if not heads:
                break
            time, topic = min(heads)
            self._apply(topic, self._queues[topic].pop(0), time)
            applied += 1
        return applied

    def _apply(self, topic: str, record: RawRecord, time: int) -> None:
        self._effective[topic] = self.clock = time
        key, value = record.key or b"", record.value or b""
        if value == b"broken":
            self._changes.dead_letters.append(
                DeadLetter(topic, self.seat.number, record, Reject("schema", "it is broken"))
            )
            return
        count = self._counts.get(key, int(self.seat.store.get(key, b"0"))) + 1
        self._counts[key] = 0 if value == b"drop" else count
        self._dirty.add(key)
        self._changes.alerts.append({"account": key.decode(), "topic": topic, "count": count, "time": time})
        self._changes.health.append((key, None if value == b"drop" else count))

    def run_to(self, clock: int, *, grace_passed: bool = False) -> None:
        self.ran_to.append((clock, grace_passed))
        self.clock = clock
        self._changes.alerts.append({"deadline": clock})

    def collect(self) -> CountingChanges | None:
        changes, self._changes = self._changes, CountingChanges()
        if not (changes.alerts or changes.dead_letters):
            return None
        changes.states = [
            (key, b"%d" % self._counts[key] if self._counts[key] else None) for key in sorted(self._dirty)
        ]
        return changes

    def committed(self) -> None:
        for key in self._dirty:
            assert self.seat.store.get(key, b"0") == b"%d" % self._counts[key]
        self._counts, self._dirty = {}, set()


@dataclass
class Counting:
    """A core of counting partitions, all of which are kept to be looked at."""

    partitions: list[CountingPartition] = field(default_factory=list)

    def core(self) -> Core:
        return Core(
            self._build,
            lambda alert: (b"", json.dumps(alert).encode(), []),
            lambda health: (health[0], None if health[1] is None else b'"%s %d"' % health, []),
        )

    def _build(self, seat: Seat) -> CountingPartition:
        self.partitions.append(CountingPartition(seat))
        return self.partitions[-1]
