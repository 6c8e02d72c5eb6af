"""Stand-ins for the broker's side of the engine: a producer that keeps what was committed, and where reading stands."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from faust.types import TP

from detector.domain.record import Record
from detector.streaming.app import WorkerApp, make_app
from detector.streaming.batches import BatchMessage
from detector.streaming.ending import Ending
from detector.streaming.engine import Engine
from detector.streaming.fold import Fold
from detector.streaming.observer import Observer, Silence
from detector.streaming.options import Broker, WorkerOptions
from detector.streaming.thread import Standing
from tests.streaming.counting import ENCODERS, CountingFold

if TYPE_CHECKING:
    from detector.streaming.consumer import BatchConsumer

TOPICS = ("crm", "usage")
OPTIONS = WorkerOptions(
    app_id="app",
    broker=Broker("127.0.0.1:9"),
    topics=TOPICS,
    alerts_topic="alerts",
    health_topic="health",
    dead_letters_topic="dead",
)


class FakeBatch:
    """A record batch that takes so many records."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.records: list[tuple[bytes, bytes | None, list[tuple[str, bytes]]]] = []

    def append(self, *, timestamp: None, key: bytes, value: bytes | None, headers: Any) -> object:  # noqa: ARG002
        """Take a record; None when full."""
        if len(self.records) >= self.capacity:
            return None
        self.records.append((key, value, headers))
        return self

    def record_count(self) -> int:
        """How many it took."""
        return len(self.records)


class FakeProducer:
    """A transactional producer: `journal` says what was asked of it, `committed` what became visible."""

    def __init__(self, transactional_id: str, *, capacity: int = 1_000, broker_ms: int = -1) -> None:
        self.transactional_id = transactional_id
        self.journal: list[str] = []
        self.open: list[tuple[str, int, Any]] = []
        self.committed: list[tuple[str, int, Any]] = []
        self.offsets: dict[TP, int] = {}
        self.fails_at = ""
        self.error: Exception = RuntimeError("out of order")
        self.gate = asyncio.Event()
        self.gate.set()
        self._capacity = capacity
        self._broker_ms = broker_ms
        self._offsets: dict[TP, int] = {}

    def _do(self, step: str) -> None:
        self.journal.append(step)
        if step.startswith(self.fails_at) and self.fails_at:
            raise self.error

    async def start(self) -> None:
        """Fence."""
        self._do("start")

    async def stop(self) -> None:
        """Go."""
        self._do("stop")

    async def begin_transaction(self) -> None:
        """Open a transaction."""
        self._do("begin")
        await self.gate.wait()
        self.open = []

    async def partitions_for(self, topic: str) -> set[int]:  # noqa: ARG002
        """Two partitions for each."""
        return {0, 1}

    def create_batch(self) -> FakeBatch:
        """Make an empty batch."""
        return FakeBatch(self._capacity)

    async def send_batch(self, batch: FakeBatch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        """Send a batch; the answer is there at once."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            self._do(f"send {topic}")
        except Exception as error:  # noqa: BLE001 - it belongs to the answer
            answer.set_exception(error)
            return answer
        self.open += [(topic, partition, record) for record in batch.records]
        answer.set_result(SimpleNamespace(offset=len(self.committed) + len(self.open), timestamp=self._broker_ms))
        return answer

    async def send_offsets_to_transaction(self, offsets: dict[Any, Any], group: str) -> None:
        """Put offsets into the transaction."""
        self._do(f"offsets {group}")
        self._offsets = {TP(tp.topic, tp.partition): at.offset for tp, at in offsets.items()}

    async def commit_transaction(self) -> None:
        """Make it visible."""
        self._do("commit")
        self.committed += self.open
        self.offsets |= self._offsets

    def values(self, topic: str) -> list[Any]:
        """Committed values of a topic."""
        return [value for name, _, (_, value, _) in self.committed if name == topic]


class Reading:
    """Where reading stands, as the thread would say it; by default everything has been read to its end."""

    def __init__(self) -> None:
        self.at: dict[TP, Standing] = {}
        self.answers = 0
        self.connected = True
        self.refused: Exception | None = None

    def refusal(self) -> Exception | None:
        """What the group has against us."""
        return self.refused

    def reached(self, seconds: float, *, waits: bool) -> bool:  # noqa: ARG002
        """Whether the broker answers."""
        return self.connected

    def standing(self, tp: TP) -> Standing:
        """What is known of a topic-partition."""
        return self.at.get(tp, Standing(None, None, None))

    def read(self, topic: str, position: int, stable_end: int, number: int = 0) -> None:
        """A fetch was answered."""
        self.answers += 1
        self.at[TP(topic, number)] = Standing(position, stable_end, self.answers)


class Stage:
    """An engine with everything around it made of fakes."""

    def __init__(
        self,
        options: WorkerOptions = OPTIONS,
        *,
        merging: bool = False,
        urgency: bool = False,
        observer: Observer | None = None,
        **fake: Any,
    ) -> None:
        self.options = options
        self.exits: list[int] = []
        self.passed: list[str] = []
        self.producers: list[FakeProducer] = []
        self.reading = Reading()
        self.folds: list[CountingFold] = []

        def make_fold(number: int, store: dict[bytes, bytes], _partitions: int) -> Fold:
            self.folds.append(CountingFold(number, store, options.topics, merging=merging, urgency=urgency))
            return self.folds[-1]

        def make_producer(transactional_id: str) -> FakeProducer:
            self.producers.append(FakeProducer(transactional_id, **fake))
            return self.producers[-1]

        self.engine = Engine(
            options,
            2,
            make_fold,
            ENCODERS,
            observer=observer or Silence(),
            ending=Ending(Silence(), self.exits.append),
            crash_point=self.passed.append,
            make_producer=make_producer,
        )
        self.attach()

    def attach(self) -> None:
        """Let the engine hear from `reading` where reading stands."""
        self.engine.attach(cast("BatchConsumer", SimpleNamespace(thread=self.reading)))

    def assignment(self, *numbers: int) -> set[TP]:
        """What the group hands out for these numbers."""
        names = (*self.options.topics, self.options.changelog)
        return {TP(name, number) for name in names for number in numbers}

    async def assign(self, *numbers: int) -> None:
        """A whole rebalance up to reading."""
        await self.engine.take_over(self.assignment(*numbers), 1)
        await self.engine.restore(set(numbers))
        sources = [tp for tp in self.assignment(*numbers) if tp.topic in self.options.topics]
        offsets = dict.fromkeys(sources, 0) | self.engine.start_offsets(sources)
        self.engine.resume(offsets)

    def message(self, topic: str, *values: bytes, start: int = 0, number: int = 0, key: bytes = b"a") -> BatchMessage:
        """A delivered batch of one account."""
        records = [Record(start + i, 1_000 + start + i, key, value) for i, value in enumerate(values)]
        return batch(topic, records, start + len(values), number=number, epoch=self.engine.epoch)

    async def deliver(self, topic: str, *values: bytes, start: int = 0, number: int = 0) -> None:
        """A batch arrives and is applied."""
        message = self.message(topic, *values, start=start, number=number)
        self.engine.delivered(message)
        await self.engine.apply(message)


@contextmanager
def unstarted(stage: Stage) -> Iterator[WorkerApp]:
    """The app around a stage's engine, complete and not started; call it on a running loop."""
    app = make_app(stage.options, stage.engine)
    app.finalize()
    loop = cast("BatchConsumer", app.consumer).thread.thread_loop
    try:
        yield app
    finally:
        loop.close()
        stage.attach()


def batch(
    topic: str, records: Sequence[Any], next_offset: int, *, number: int = 0, epoch: int = 0, start: int | None = None
) -> BatchMessage:
    """A batch message; without `start` one without holes."""
    return BatchMessage(
        TP(topic, number),
        records,
        next_offset,
        start=next_offset - len(records) if start is None else start,
        epoch=epoch,
        generation=1,
    )
