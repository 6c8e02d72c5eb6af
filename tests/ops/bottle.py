"""The worker without a broker: the engine, the core, the codec and the metrics as they are; only Kafka is a fake."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from faust.types import TP
from prometheus_client import CollectorRegistry

from detector import codec
from detector.catalogue.pack import load_plan
from detector.codec import partition_of
from detector.domain.record import Record
from detector.settings import Settings
from detector.streaming.audience import Audience
from detector.streaming.ending import Ending
from detector.streaming.engine import Engine
from detector.streaming.fold import Encoders, Fold
from detector.streaming.health import Health
from detector.streaming.limit import DeadLetterLimit
from detector.streaming.meter import Meter
from detector.worker import partition
from schemas.topics import IN_TOPICS
from tests.streaming.fakes import OPTIONS, FakeProducer, Reading, batch

if TYPE_CHECKING:
    from detector.streaming.consumer import BatchConsumer
    from detector.streaming.options import WorkerOptions

PLAN: Final = load_plan()
HERE: Final = 0
PARTITIONS: Final = 2
T0: Final = 1_767_571_200_000
"""Monday 2026-01-05, 00:00 UTC."""

Values = dict[str, float]


def named(number: int = 0, *, partition: int = HERE) -> str:
    """The id of an account that lies on a partition; `number` tells them apart."""
    found = (name for name in (f"account-{at}" for at in range(10_000)) if partition_of(name.encode(), 2) == partition)
    for _ in range(number):
        next(found)
    return next(found)


class Bottle:
    """A worker of live topics at a time that only its records tell; `values` are its metrics."""

    def __init__(self, **options: object) -> None:
        self.options: WorkerOptions = replace(OPTIONS, topics=IN_TOPICS, **options)  # type: ignore[arg-type]
        self.registry = CollectorRegistry()
        rules = [rule.id for rule in PLAN.rules]
        self.meter = Meter(self.registry, topics=IN_TOPICS, rules=rules, live=True, wall=lambda: self.now_ms / 1_000)
        self.exits: list[int] = []
        self.health = Health()
        self.told = Audience(self.health, self.meter)
        self.ending = Ending(self.told, self.exits.append)
        self.limit = DeadLetterLimit(IN_TOPICS)
        self.reading = Reading()
        self.producers: list[FakeProducer] = []
        self.offsets = dict.fromkeys(IN_TOPICS, 0)
        self.now_ms = T0
        self._ids = 0
        self.engine = Engine(
            self.options,
            PARTITIONS,
            self._fold,
            Encoders(codec.encode_alert, codec.encode_health, codec.encode_dead_letter),
            observer=self.told,
            ending=self.ending,
            make_producer=self._producer,
            limit=self.limit,
        )
        self.engine.attach(cast("BatchConsumer", SimpleNamespace(thread=self.reading)))

    def _fold(self, number: int, store: dict[bytes, bytes], partitions: int) -> Fold:
        return partition(number, store, Settings(), PLAN, partitions=partitions, limit=self.limit)

    def _producer(self, transactional_id: str) -> FakeProducer:
        self.producers.append(FakeProducer(transactional_id, broker_ms=self.now_ms + 60_000))
        return self.producers[-1]

    async def begin(self, *numbers: int) -> "Bottle":
        """Join the group, recover and read these partitions (default: one)."""
        numbers = numbers or (HERE,)
        names = (*IN_TOPICS, self.options.changelog)
        await self.engine.take_over({TP(name, number) for name in names for number in numbers}, 1)
        await self.engine.restore(set(numbers))
        self.engine.resume({TP(name, number): self.offsets[name] for name in IN_TOPICS for number in numbers})
        for name in IN_TOPICS:
            self.reading.read(name, self.offsets[name], self.offsets[name])
        return self

    async def send(self, topic: str, *values: dict[str, Any] | bytes, at: int = 0, account: str = "") -> None:
        """Records of one batch, recorded `at` ms after T0 and applied; an event says what is its own, no more."""
        self.now_ms = max(self.now_ms, T0 + at)
        records: list[Record] = []
        for value in values:
            key = account or named()
            if isinstance(value, dict):
                self._ids += 1
                own = {"event_id": f"e{self._ids}", "account_id": key, "occurred_at": T0 + at}
                value = json.dumps(own | value).encode()  # noqa: PLW2901 - the same record, as bytes
            records.append(Record(self.offsets[topic] + len(records), T0 + at, key.encode(), value))
        self.offsets[topic] += len(records)
        end = self.offsets[topic]
        self.reading.read(topic, end, end)
        message = batch(topic, records, end, epoch=self.engine.epoch)
        self.engine.delivered(message)
        await self.engine.apply(message)

    async def settle(self) -> None:
        """A checkpoint, and the glance of each second."""
        await self.engine.checkpoint()
        self.engine.observe()

    def values(self) -> Values:
        """Every series of every metric, as a scrape gives them."""
        self.meter.exposition(ready=self.health.ready().ok)
        found = {}
        for family in self.registry.collect():
            for sample in family.samples:
                labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found
