"""One assigned partition number at work: its fold, its committed state, and how far reading and writing have come."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import time
from typing import Final

from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from detector.errors import CONFIG, DetectorError
from detector.streaming.batches import BatchMessage
from detector.streaming.fold import Changes, Fold
from detector.streaming.options import WorkerOptions
from detector.streaming.store import Store
from detector.streaming.thread import Standing
from detector.streaming.writer import Writer

SLICE_SECONDS: Final = 0.02
_FIRST_SLICE: Final = 256
_LEAST_SLICE: Final = 16

Standings = Callable[[str, int], Standing]
"""Where reading of a topic's partition stands."""


class Live:
    """A partition between two rebalances; a new one is made of the committed state after each.

    `now` is the monotonic clock in seconds at its making.
    """

    def __init__(
        self, number: int, fold: Fold, store: Store, writer: Writer, topics: frozenset[str], now: float
    ) -> None:
        self.number = number
        self.fold = fold
        self.store = store
        self.writer = writer
        self.topics = topics
        self.offered: dict[str, int] = {}
        self.in_transit = dict.fromkeys(topics, 0)
        self._sizes: dict[str, deque[tuple[int, int]]] = {topic: deque() for topic in topics}
        self._held_bytes = dict.fromkeys(topics, 0)
        self.fetched_ms = dict.fromkeys(topics, 0)
        self.task: asyncio.Task[None] | None = None
        self.tried_at = now
        self.written_at = 0.0
        self.broker_ms = 0
        self.slice = _FIRST_SLICE
        self.stuck = False
        """Whether the fold applied less than it could have been given: it waits for a topic's next record."""
        self.told_awaited: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()
        self._stamp: tuple[int, dict[str, int | None]] | None = None

    def delivered(self, message: BatchMessage) -> None:
        """Count a batch that is on its way to `offer`."""
        topic, records = message.topic, message.records
        if records:
            size = sum(len(record.key or b"") + len(record.value or b"") for record in records)
            self.in_transit[topic] += len(records)
            self._sizes[topic].append((records[-1].offset + 1, size))
            self._held_bytes[topic] += size

    def offer(self, message: BatchMessage) -> int:
        """Hand a delivered batch to the fold, and give how many offsets are missing before it: the log lost them.

        Raises DetectorError (78) when it begins before what was offered already: these are other records.
        """
        topic = message.topic
        self.in_transit[topic] -= len(message.records)
        expected = self.offered.get(topic, message.start)
        if message.start < expected:
            raise made_anew(topic, self.number, expected, message.start)
        if message.records:
            self.fetched_ms[topic] = message.records[-1].timestamp
            self.fold.offer(topic, message.records)
        self.offered[topic] = message.next_offset
        return message.start - expected

    def pace(self, seconds: float, work: int, *, most: int) -> None:
        """Let the next slice of work take about `SLICE_SECONDS`: while one runs, no transaction gets on.

        A transaction needs some twenty turns of the loop; with slices of a second its time limit would pass.
        """
        if seconds > SLICE_SECONDS:
            self.slice = max(_LEAST_SLICE, self.slice // 2)
        elif seconds < SLICE_SECONDS / 2 and work >= self.slice:
            self.slice = min(most, 2 * self.slice)

    def backlog(self, topic: str) -> int:
        """Records of a topic held in memory and not applied."""
        return self.fold.queued(topic) + self.in_transit[topic]

    def held_bytes(self, topic: str) -> int:
        """Give the bytes of keys and values held in memory and not applied, whole batches at a time."""
        sizes, applied = self._sizes[topic], self.fold.positions.get(topic, 0)
        while sizes and sizes[0][0] <= applied:
            self._held_bytes[topic] -= sizes.popleft()[1]
        return self._held_bytes[topic]

    def ended(self, standings: Standings) -> frozenset[str]:
        """The topics of which everything up to the last stable offset of the latest fetch was offered."""
        return frozenset(topic for topic in self.topics if self._has_ended(topic, standings(topic, self.number)))

    def _has_ended(self, topic: str, standing: Standing) -> bool:
        position, stable_end, _ = standing
        if position is None or stable_end is None:
            return False
        return position >= stable_end and self.offered.get(topic) == position

    def awaited(self, standings: Standings) -> frozenset[str]:
        """The topics for whose next record the others wait, where everything of them was read: nothing can be done."""
        if not self.stuck:
            return frozenset()
        return frozenset(topic for topic in self.ended(standings) if not self.backlog(topic))

    def lag(self, topic: str, standing: Standing) -> tuple[int, float]:
        """Records up to the last stable offset that are not applied, and the age in seconds of the last one fetched.

        The age is by this machine's clock, for people only.
        """
        position, stable_end, _ = standing
        waiting = self.backlog(topic)
        if position is None or stable_end is None:
            return waiting, 0.0
        records = waiting + max(0, stable_end - position)
        return records, max(0.0, time() - self.fetched_ms[topic] / 1000) if records else 0.0

    def idle(self, standings: Standings) -> bool:
        """Say whether everything there is was read and applied."""
        return not any(self.backlog(topic) for topic in self.topics) and self.ended(standings) == self.topics

    async def checkpoint(self, *, force: bool = False) -> Changes | None:
        """Write what changed, or with `force` at least where the partition stands; None when there was nothing.

        One at a time; raises when the transaction fails, and KafkaTimeoutError when it takes too long: the wait for
        the one before does not count.
        """
        async with self._lock:
            changes = self.fold.collect(force=force)
            if changes is None:
                return None
            reached = {topic: self._reached(topic, at) for topic, at in changes.positions.items()}
            self.writer.crash_point("snapshot")
            async with answered_within(self.writer.options.transaction_timeout):
                written = await self.writer.write(changes, reached)
            for key, value in changes.states:
                self.store.put(key, value)
            if written.changelog_offset is not None:
                self.store.upto = max(written.changelog_offset, self.store.upto or 0)
            self.broker_ms = written.broker_ms or self.broker_ms
            self.fold.committed()
            return changes

    def _reached(self, topic: str, applied: int) -> int:
        """The offset to commit: behind the markers after the last record, too, else they look like lag for ever."""
        return applied if self.fold.queued(topic) else max(applied, self.offered.get(topic, 0))

    @property
    def stamped(self) -> bool:
        """Whether the broker's time waits for the next fetches."""
        return self._stamp is not None

    def stamp(self, standings: Standings) -> None:
        """Remember the broker's time of the last answer, and which fetches had been answered by then."""
        self._stamp = (self.broker_ms, {topic: standings(topic, self.number).answered_at for topic in self.topics})

    def pass_time(self, standings: Standings) -> bool:
        """Let the broker's time pass when every topic was fetched once more since it was stamped, and nothing had come.

        Without that second fetch, records older than the broker's time could still be on their way. Returns whether
        the fold's clock was told.
        """
        if self._stamp is None:
            return False
        broker_ms, answered = self._stamp
        if any(standings(topic, self.number).answered_at == answered[topic] for topic in self.topics):
            return False
        self._stamp = None
        if not self.idle(standings):
            return False
        self.fold.tick(broker_ms)
        return True


def made_anew(topic: str, number: int, expected: int, found: int) -> DetectorError:
    """What to tell where a log ends or goes on before the offset up to which it was applied."""
    return DetectorError(
        f"topic {topic} was made anew or cut: partition {number} is at offset {found}, and {expected} were applied"
        f" — if it was made anew start again, it is read from its beginning then; else bring the log back",
        CONFIG,
    )


def state_lost(options: WorkerOptions, tp: TP, committed: int) -> DetectorError:
    """What to tell where the group has read a log whose state is not in the changelog."""
    return DetectorError(
        f"{options.changelog} knows nothing of partition {tp.partition}, and the group {options.app_id} has come to"
        f" offset {committed} of {tp.topic}: the state was lost — put a snapshot back (`detector reshard FOLDER"
        " --in-topics same`), or begin anew: with another --app-id, or after `kafka-consumer-groups.sh --delete"
        f" --group {options.app_id}`",
        CONFIG,
    )


@asynccontextmanager
async def answered_within(seconds: float) -> AsyncIterator[None]:
    """Bound a wait for the broker, which the clients would prolong for ever. Raises KafkaTimeoutError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise KafkaTimeoutError(f"the broker did not answer within {seconds:.0f} s") from error
