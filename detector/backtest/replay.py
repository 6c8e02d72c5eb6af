"""A log through the domain, partition by partition: pure, no Kafka, no clock but the records' own.

It drives a partition as the worker's engine does (offer, advance, collect, committed state read back), so that both
exercise the same code; how much is offered at a time makes no difference to what comes out.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from detector.backtest.outputs import Outputs
from detector.domain.record import DeadLetter, RawRecord
from detector.files.bad_line import BadLine
from detector.files.log import Log, Run
from detector.files.unused import Unused

CHUNK: Final = 20_000
"""Records between two collects: each writes the state of every account touched, so few are faster."""

STEP_MS: Final = 86_400_000
"""The clock goes on in steps of a day after the last record, so that what comes of a year is not held at once."""


class Changes(Protocol):
    """What came of a partition since the last collect."""

    @property
    def states(self) -> Sequence[tuple[bytes, bytes | None]]:
        """State records; None deletes the key."""

    @property
    def alerts(self) -> Sequence[Any]:
        """Transitions, in order."""

    @property
    def health(self) -> Sequence[Any]:
        """Health snapshots, in order."""

    @property
    def dead_letters(self) -> Sequence[DeadLetter]:
        """Records that could not be used, in order."""


class Partition(Protocol):
    """The domain's partition, as far as a replay drives it. Times are epoch ms."""

    @property
    def clock(self) -> int:
        """How far time has come."""

    def restore(self) -> None:
        """Rebuild what is derived from the store."""

    def offer(self, topic: str, records: Sequence[RawRecord]) -> None:
        """Take records in offset order."""

    def queued(self, topic: str) -> int:
        """Count the records offered and not yet applied."""

    def advance(self, ended: Collection[str], limit: int = 0) -> int:
        """Merge and apply what can be; `ended` topics have no more to come. Gives the work done."""

    def run_to(self, clock: int, *, grace_passed: bool = False) -> None:
        """Move the clock and fire what is due; `grace_passed` = whatever is due by then, grace or not."""

    def collect(self) -> Changes | None:
        """Cut a snapshot of everything since the last; None when nothing changed."""

    def committed(self) -> None:
        """Hear that the last collected changes are kept."""


@dataclass(frozen=True)
class Seat:
    """What a partition is made of.

    `store` is its committed state, empty at first and kept current by the replay. `positions_known` is false for bare
    files, whose partitions and offsets are made up. `quiet_until` (epoch ms) is the exported worker's.
    """

    number: int
    partitions: int
    topics: tuple[str, ...]
    store: dict[bytes, bytes]
    positions_known: bool
    quiet_until: int | None


Outgoing = tuple[bytes, bytes | None, list[tuple[str, bytes]]]


@dataclass(frozen=True)
class Core:
    """The core that is replayed: how a partition is made, and how what it publishes becomes (key, value, headers)."""

    build: Callable[[Seat], Partition]
    alert: Callable[[Any], Outgoing]
    health: Callable[[Any], Outgoing]


@dataclass
class Summary:
    """What a replay came to: counts, and the clock (epoch ms) at which each partition ended.

    `unused` tells of the dead letters and the bad lines together.
    """

    records: int = 0
    alerts: int = 0
    dead_letters: int = 0
    bad_lines: int = 0
    clocks: tuple[int, ...] = ()
    unused: Unused = field(default_factory=Unused, compare=False)


def replay(
    log: Log,
    core: Core,
    outputs: Outputs,
    *,
    topics: Sequence[str],
    until: int | None = None,
    chunk: int = CHUNK,
    applied: Callable[[int], object] = bool,
) -> Summary:
    """Run every partition of a log to its end and write what it publishes.

    It ends at `until` (epoch ms, grace counted as passed), else at the clock an export recorded, else at its last
    record. `topics` are those a partition merges, beside those of the log. `applied` hears how many more records are.
    Raises DetectorError (78) where a record is later than `until`.
    """
    if until is not None:
        log.refuse_later(until)
    summary = Summary(bad_lines=len(log.bad), unused=Unused(log.files))
    for line in log.bad:
        summary.unused.add(line)
        if outputs.dead_letters:
            outputs.dead_letters(line.encode())
    merged = tuple(sorted({*topics, *log.topics}))
    clocks = []
    for number, end in enumerate(log.ends):
        store: dict[bytes, bytes] = {}
        seat = Seat(number, log.partitions, merged, store, log.exported, end.quiet_until)
        partition = core.build(seat)
        partition.restore()
        publisher = _Publisher(log, number, core, outputs, summary)
        for count in _feed(partition, log.runs(number), merged, chunk):
            publisher.publish(partition, store)
            summary.records += count
            applied(count)
        last = until if until is not None else end.clock
        if last is not None:
            for clock in range(partition.clock + STEP_MS, last, STEP_MS) if partition.clock else ():
                partition.run_to(clock)
                publisher.publish(partition, store)
            partition.run_to(last, grace_passed=until is not None)
        publisher.publish(partition, store)
        publisher.close()
        clocks.append(partition.clock)
    summary.clocks = tuple(clocks)
    return summary


def _feed(partition: Partition, runs: dict[str, Run], topics: Sequence[str], chunk: int) -> Iterator[int]:
    """Offer and apply everything, giving after each step how many records were applied."""
    given = dict.fromkeys(runs, 0)
    done = 0
    while True:
        for topic, run in runs.items():
            if partition.queued(topic) < chunk and given[topic] < len(run):
                start = given[topic]
                partition.offer(topic, run.records(start, start + chunk))
                given[topic] = min(start + chunk, len(run))
        ended = [topic for topic in topics if topic not in runs or given[topic] == len(runs[topic])]
        work = partition.advance(ended, chunk)
        before, done = done, sum(given.values()) - sum(map(partition.queued, runs))
        yield done - before
        if work == 0 and len(ended) == len(topics):
            return


class _Publisher:
    """Writes what one partition publishes and keeps its committed state."""

    def __init__(self, log: Log, number: int, core: Core, outputs: Outputs, summary: Summary) -> None:
        self._log = log
        self._number = number
        self._core = core
        self._outputs = outputs
        self._summary = summary
        self._health: dict[bytes, bytes] = {}

    def publish(self, partition: Partition, store: dict[bytes, bytes]) -> None:
        """Take the changes of a partition, as the transaction of a checkpoint would."""
        changes = partition.collect()
        if changes is None:
            return
        for key, state in changes.states:
            if state is None:
                store.pop(key, None)
            else:
                store[key] = state
        self._summary.alerts += len(changes.alerts)
        self._summary.dead_letters += len(changes.dead_letters)
        if self._outputs.alerts:
            for alert in changes.alerts:
                self._outputs.alerts(self._core.alert(alert)[1] or b"null")
        if self._outputs.health or self._outputs.health_log:
            self._take_health(changes.health)
        for dead in changes.dead_letters:
            bad = self._bad_line(dead)
            self._summary.unused.add(bad)
            if self._outputs.dead_letters:
                self._outputs.dead_letters(bad.encode())
        partition.committed()

    def _take_health(self, snapshots: Sequence[Any]) -> None:
        for snapshot in snapshots:
            key, value, _ = self._core.health(snapshot)
            self._health.pop(key, None)  # so that the last snapshots stand in the order of their making
            if value is not None:
                self._health[key] = value
            if self._outputs.health_log and value is not None:
                self._outputs.health_log(value)

    def _bad_line(self, dead: DeadLetter) -> BadLine:
        file, line = self._log.runs(self._number)[dead.topic].place(dead.record.offset)
        return BadLine(file, line, dead.reject.code, dead.reject.detail, dead.record.value)

    def close(self) -> None:
        """Write the last health snapshot of each account."""
        if self._outputs.health:
            for value in self._health.values():
                self._outputs.health(value)
