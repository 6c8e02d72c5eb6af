"""The log of a counting test: its topics, what was put in, and whether exactly that came out."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import murmur2

from tests.streaming.counting import ALERT_EVERY, PARTITION_KEY, unpack

PARTITIONS: Final = 4
IN_TOPICS: Final = ("usage", "tickets", "crm")
_COMPACT: Final = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
_QUIET_SECONDS: Final = 60.0  # against hanging only


class CountingLog:
    """Topics of one test under a prefix, and the counts that they must lead to."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.app = f"{prefix}app"
        self.topics = [f"{prefix}{name}" for name in IN_TOPICS]
        self.changelog = f"{self.app}-accounts-changelog"
        self.alerts = f"{prefix}alerts"
        self.counts: Counter[bytes] = Counter()
        self.totals: Counter[bytes] = Counter()
        self._next = 0

    async def create(self, *, in_topics: Mapping[str, str] | None = None) -> None:
        """Make the topics; `in_topics` are settings of the in-topics (default: LogAppendTime)."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        settings = dict(in_topics or {"message.timestamp.type": "LogAppendTime"})
        await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=settings) for name in self.topics])
        await admin.create_topics([NewTopic(self.changelog, PARTITIONS, 1, topic_configs=_COMPACT)])
        await admin.create_topics([NewTopic(f"{self.prefix}{name}", 2, 1) for name in ("alerts", "health", "dead")])
        await admin.close()

    async def emit(self, events: int, *, accounts: int, seed: int, topics: Sequence[str] = IN_TOPICS) -> None:
        """Put numbered events on the topics in turn, each account on its partition."""
        chance = random.Random(seed)
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", max_batch_size=1 << 17)
        await producer.start()
        batches: dict[tuple[str, int], Any] = {}
        sent: list[Any] = []
        for number in range(self._next, self._next + events):
            key = b"account-%05d" % chance.randrange(accounts)
            place = self.prefix + topics[number % len(topics)], (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
            batch = batches.setdefault(place, producer.create_batch())
            if batch.append(timestamp=None, key=key, value=b"%d" % number) is None:
                sent.append(await producer.send_batch(batch, place[0], partition=place[1]))
                batch = batches[place] = producer.create_batch()
                batch.append(timestamp=None, key=key, value=b"%d" % number)
            self.counts[key] += 1
            self.totals[key] += number
        sent += [await producer.send_batch(batch, topic, partition=at) for (topic, at), batch in batches.items()]
        await asyncio.gather(*sent)
        await producer.stop()
        self._next += events

    async def settled(self) -> None:
        """Wait until the group has committed the end of every in-topic."""
        places = [TopicPartition(topic, at) for topic in self.topics for at in range(PARTITIONS)]
        async with self._reader(group_id=self.app) as reader:
            reader.assign(places)
            ends = await reader.end_offsets(places)
            async with asyncio.timeout(_QUIET_SECONDS):
                while {place: await reader.committed(place) or 0 for place in places} != ends:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    async def verdict(self) -> dict[str, int]:
        """How far what a read_committed reader sees is from what must be there: all zero when it is exact."""
        state: dict[bytes, bytes | None] = {}
        for record in await self.read(self.changelog):
            state[record.key] = record.value
        state.pop(PARTITION_KEY, None)
        wrong = sum(unpack(state.get(key) or bytes(16)) != (n, self.totals[key]) for key, n in self.counts.items())
        seen = Counter(record.value for record in await self.read(self.alerts))
        wanted = {b"%s:%d" % (key, at) for key, n in self.counts.items() for at in range(1, n // ALERT_EVERY + 1)}
        return {
            "accounts wrong": wrong,
            "accounts unknown": len(state.keys() - self.counts.keys()),
            "alerts missing": len(wanted - seen.keys()),
            "alerts spurious": len(seen.keys() - wanted),
            "alerts twice": sum(seen.values()) - len(seen),
        }

    async def read(self, topic: str) -> list[Any]:
        """Every committed record of a topic up to its last stable offset."""
        async with self._reader(isolation_level="read_committed", auto_offset_reset="earliest") as reader:
            numbers = await reader._client._wait_on_metadata(topic)
            places = [TopicPartition(topic, number) for number in sorted(numbers)]
            reader.assign(places)
            ends = await reader.end_offsets(places)
            records: list[Any] = []
            async with asyncio.timeout(_QUIET_SECONDS):
                while any([await reader.position(place) < ends[place] for place in places]):
                    for some in (await reader.getmany(timeout_ms=200, max_records=50_000)).values():
                        records += some
            return records

    @asynccontextmanager
    async def _reader(self, **settings: Any) -> AsyncIterator[Any]:
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False, **settings)
        await reader.start()
        try:
            yield reader
        finally:
            await reader.stop()


EXACT: Final = dict.fromkeys(
    ["accounts wrong", "accounts unknown", "alerts missing", "alerts spurious", "alerts twice"], 0
)
