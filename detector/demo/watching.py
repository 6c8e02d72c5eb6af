"""Reads what the workers publish, committed records only, and how far they have come."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from detector.brokers import explained
from detector.demo.ledger import COMPANY
from detector.demo.running import Running
from detector.demo.stage import Scene
from detector.demo.supervised import Supervised
from detector.errors import TEMPORARY, DetectorError
from detector.files.broker import Access, started
from schemas.topics import ALERTS, HEALTH, IN_TOPICS

ASK_SECONDS: Final = 0.25
PATIENCE_SECONDS: Final = 60.0
"""For a worker that applies nothing."""


class Silence(msgspec.Struct, frozen=True):
    """A silence that opened no alert, and why, as a health snapshot has it."""

    rule_id: str
    because: str
    since: str


class Snapshot(msgspec.Struct, frozen=True):
    """What the demo tells of an account's health: the value index 0-100 (None: too little data), grade, silences."""

    value_index: float | None
    grade: str
    silences: list[Silence]


class Reader:
    """A scene's alerts and health, read from their beginning; made by `reading`."""

    def __init__(self, scene: Scene, consumer: Any, admin: Any) -> None:
        self._scene, self._consumer, self._admin = scene, consumer, admin
        self._alerts = scene.prefix + ALERTS
        self._places = [
            TopicPartition(scene.prefix + topic, number)
            for topic in (ALERTS, HEALTH)
            for number in range(scene.partitions)
        ]
        self._snapshots: dict[bytes, bytes] = {}
        consumer.assign(self._places)

    async def alerts(self, wait_seconds: float) -> list[bytes]:
        """The alerts that have come, or come within so many seconds, by partition in order."""
        bodies: list[bytes] = []
        for place, records in (await self._consumer.getmany(timeout_ms=int(wait_seconds * 1_000))).items():
            for record in records:
                if place.topic == self._alerts:
                    bodies.append(record.value)
                else:
                    self._snapshots[record.key] = record.value
        return bodies

    async def everything(self) -> list[bytes]:
        """The alerts that are there and have not been read."""
        ends, bodies = await self._consumer.end_offsets(self._places), []
        while any([await self._consumer.position(place) < ends[place] for place in self._places]):
            bodies += await self.alerts(ASK_SECONDS)
        return bodies

    async def applied(self) -> int:
        """How many records the scene's worker has applied and committed."""
        try:
            offsets = await self._admin.list_consumer_group_offsets(self._scene.app_id)
        except KafkaError:  # the group is young or its coordinator busy
            return 0
        return sum(max(0, place.offset) for place in offsets.values())

    async def sent(self) -> int:
        """How many records the scene's in-topics hold."""
        places = [
            TopicPartition(self._scene.prefix + topic, number)
            for topic in IN_TOPICS
            for number in range(self._scene.partitions)
        ]
        return sum((await self._consumer.end_offsets(places)).values())

    def snapshots(self) -> dict[str, Snapshot]:
        """The latest health snapshot of each of the company's accounts."""
        decode, own = msgspec.json.Decoder(Snapshot).decode, f"{COMPANY}/".encode()
        found = {key: body for key, body in self._snapshots.items() if key.startswith(own) and body}
        return {key.removeprefix(own).decode(): decode(body) for key, body in sorted(found.items())}


@asynccontextmanager
async def reading(kafka: Access, scene: Scene) -> AsyncIterator[Reader]:
    """Have a reader; Kafka's failures inside are told as `explained` does."""
    with explained(kafka.connection, "aiokafka"):
        committed = {"isolation_level": "read_committed", "auto_offset_reset": "earliest", "enable_auto_commit": False}
        async with (
            started(kafka, AIOKafkaConsumer, group_id=None, fetch_max_wait_ms=100, **committed) as consumer,
            started(kafka, AIOKafkaAdminClient) as admin,
        ):
            yield Reader(scene, consumer, admin)


class Progress:
    """How far the worker is, by the monotonic clock; raises DetectorError when it stands still."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moved = clock()
        self._marks: list[tuple[float, int]] = []
        self.applied = 0

    def now(self, applied: int) -> None:
        """Take a count."""
        now = self._clock()
        if applied > self.applied:
            self._marks.append((now, applied))
            self.applied, self._moved = applied, now
        elif now - self._moved > PATIENCE_SECONDS:
            raise DetectorError(f"the worker has applied nothing for {PATIENCE_SECONDS:.0f} s — try again", TEMPORARY)

    @property
    def rate(self) -> float:
        """Records/s of the last seconds."""
        if len(self._marks) < 2:
            return 0.0
        last = self._marks[-1]
        first = next(mark for mark in self._marks if mark is self._marks[-2] or mark[0] >= last[0] - 3)
        return (last[1] - first[1]) / (last[0] - first[0])

    @property
    def overall(self) -> float:
        """Records/s from the first count to the last."""
        if len(self._marks) < 2:
            return 0.0
        first, last = self._marks[0], self._marks[-1]
        return (last[1] - first[1]) / (last[0] - first[0])


async def follow(
    reader: Reader,
    worker: Supervised,
    emitter: Running,
    *,
    heard: Callable[[list[bytes]], None],
    moved: Callable[[Progress], None],
) -> Progress:
    """Read alerts until everything that was emitted is applied and everything published is read.

    Raises DetectorError when the worker or the emitter fails, or nothing moves for a minute.
    """
    loop, progress, total = asyncio.get_running_loop(), Progress(), 0
    asked = 0.0
    while not total or progress.applied < total:
        if bodies := await reader.alerts(ASK_SECONDS):
            heard(bodies)
        if loop.time() - asked < ASK_SECONDS:
            continue
        asked = loop.time()
        worker.check()
        if not total and emitter.ended():
            total = await reader.sent()
        progress.now(await reader.applied())
        moved(progress)
    heard(await reader.everything())
    moved(progress)
    return progress
