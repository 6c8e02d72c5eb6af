"""Records to Kafka: in the order of record time, on the partition of their key, each once per run."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidTimestampError, MessageSizeTooLargeError

from detector.brokers import explained
from detector.errors import CONFIG, DetectorError
from detector.files.broker import Access, Topics, describe, equal_partitions, started
from detector.files.instant import rfc3339
from detector.files.log import Log, Sent

SLICE_RECORDS: Final = 10_000
SLICE_BYTES: Final = 4 << 20
"""A slice is built while the one before is under way; its records are in order, slices one after the other."""

BATCH_BYTES: Final = 512 << 10
PACE: Final = 0.05
"""Seconds of events in one slice where there is a rate limit."""

CREATE: Final = "CreateTime"
LOG_APPEND: Final = "LogAppendTime"
FEED: Final = "_feed"
CLOCK_SOURCE: Final = "_clock"


@dataclass(frozen=True)
class Plan:
    """What is to be sent how.

    `live` leaves timestamps to the broker (LogAppendTime topics); else they are the record times (CreateTime topics),
    and `until` (epoch ms, or None) ends every partition of `in_topics` with a heartbeat of that time. `rate` is
    events/s, 0 = as fast as can be. `prefix` is put before every topic's name, in place of the one an export has.
    """

    in_topics: Sequence[str]
    control: str
    live: bool = False
    until: int | None = None
    rate: float = 0
    prefix: str = ""

    def target(self, topic: str) -> str:
        """Give the brokers' name of a file's topic. Raises DetectorError (78) for one that takes no events."""
        for name in (*self.in_topics, self.control):
            if topic.endswith(name):
                return self.prefix + name
        raise DetectorError(f"{topic} is none of the topics that events are sent to — remove its lines", CONFIG)


async def check_topics(kafka: Access, plan: Plan, topics: Iterable[str]) -> tuple[int, list[str]]:
    """Give the count of partitions of the topics of a file, and what a person should know of them.

    Raises DetectorError: 78 where topics are missing, unequal or of the other timestamp type; else as `explained`.
    """
    used = {*topics} if plan.until is None else {*topics, *plan.in_topics}
    needed = sorted({plan.target(topic) for topic in used or plan.in_topics})
    with explained(kafka.connection, "aiokafka"):
        found = await describe(kafka, needed)
        partitions = equal_partitions(found, needed)
        _check_timestamps(found, needed, live=plan.live)
        return partitions, [*_advice(found, needed, live=plan.live), *await _filled(kafka, needed, partitions)]


def _check_timestamps(topics: Topics, needed: Sequence[str], *, live: bool) -> None:
    wanted = LOG_APPEND if live else CREATE
    for topic in needed:
        kind = topics.configs.get(topic, {}).get("message.timestamp.type", wanted)
        if kind != wanted:
            advice = "import topics (`detector topics apply --import`)" if live is False else "live topics"
            other = "--live for events of now, or " if not live else "emit without --live, or "
            raise DetectorError(f"{topic} has {kind}, this needs {wanted} — {other}{advice}", CONFIG)


def _advice(topics: Topics, needed: Sequence[str], *, live: bool) -> Iterator[str]:
    unread = [topic for topic in needed if topic not in topics.configs]
    if unread:
        yield f"the settings of {', '.join(unread)} may not be read: their timestamp type was not checked"
    kept = [t for t in needed if not live and topics.configs.get(t, {}).get("retention.ms", "-1") != "-1"]
    if kept:
        yield f"{', '.join(kept)}: retention is bounded, Kafka may delete old events (`detector topics apply --import`)"


async def _filled(kafka: Access, needed: Sequence[str], partitions: int) -> list[str]:
    places = [TopicPartition(topic, number) for topic in needed for number in range(partitions)]
    async with started(kafka, AIOKafkaConsumer, *needed, group_id=None) as consumer:
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    filled = sorted({place.topic for place in places if ends[place] > begins[place]})
    return [f"{', '.join(filled)}: there are records already; what is sent now stands behind them"] if filled else []


def with_heartbeats(log: Log, plan: Plan) -> Iterator[Sent]:
    """Give the records in order and, up to `plan.until`, a heartbeat for every partition of every in-topic.

    Raises DetectorError (78) where a record is later than that.
    """
    if plan.until is not None:
        log.refuse_later(plan.until)
    yield from log.in_order()
    if plan.until is None:
        return
    for topic in plan.in_topics:
        for partition in range(log.partitions):
            yield heartbeat(topic, partition, plan.until)


def heartbeat(topic: str, partition: int, time: int) -> Sent:
    """Make the sign that a partition's log goes on to `time` (epoch ms); its source is the clock, which is no feed."""
    event = {
        "event_id": f"{CLOCK_SOURCE}-{time}-{topic}-{partition}",
        "event_type": "feed.heartbeat",
        "account_id": FEED,
        "source": CLOCK_SOURCE,
        "occurred_at": rfc3339(time),
    }
    return Sent(topic, partition, time, FEED.encode(), msgspec.json.encode(event))


async def emit(
    kafka: Access, plan: Plan, records: Iterable[Sent], *, sent: Callable[[int], object] = bool
) -> tuple[int, float]:
    """Send records and give how many the brokers have acknowledged, and the seconds that took.

    `sent` hears how many more are acknowledged. Raises DetectorError as `explained` does, when a slice is not
    acknowledged within `kafka.patience` seconds.
    """
    loop = asyncio.get_running_loop()
    size = SLICE_RECORDS if not plan.rate else max(1, min(SLICE_RECORDS, int(plan.rate * PACE)))
    with explained(kafka.connection, "aiokafka"):
        settings = {"enable_idempotence": True, "acks": "all", "max_batch_size": BATCH_BYTES}
        async with started(kafka, AIOKafkaProducer, **settings) as producer:
            begin, count = loop.time(), 0
            under_way: asyncio.Task[int] | None = None
            for piece in _slices(records, size):
                batches = _batches(producer, piece, plan)
                if under_way is not None:
                    done = await under_way
                    count += done
                    sent(done)
                if plan.rate:
                    await asyncio.sleep(begin + count / plan.rate - loop.time())
                under_way = asyncio.create_task(_deliver(producer, batches, kafka.patience))
            if under_way is not None:
                done = await under_way
                count += done
                sent(done)
            return count, loop.time() - begin


def _slices(records: Iterable[Sent], most: int) -> Iterator[list[Sent]]:
    piece: list[Sent] = []
    size = 0
    for record in records:
        piece.append(record)
        size += len(record.value or b"")
        if len(piece) >= most or size >= SLICE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _batches(producer: Any, piece: Sequence[Sent], plan: Plan) -> dict[tuple[str, int], list[Any]]:
    """Pack a slice into record batches by topic-partition, in order."""
    packed: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
    for record in piece:
        batches = packed[record.topic, record.partition]
        timestamp = None if plan.live else record.timestamp
        whole = {"timestamp": timestamp, "key": record.key, "value": record.value, "headers": list(record.headers)}
        if not batches or batches[-1].append(**whole) is None:
            batches.append(producer.create_batch())
            batches[-1].append(**whole)
    return {(plan.target(topic), partition): batches for (topic, partition), batches in packed.items()}


async def _deliver(producer: Any, batches: dict[tuple[str, int], list[Any]], patience: float) -> int:
    """Send a slice and give its count of records, all acknowledged."""

    async def one(topic: str, partition: int, batches: Sequence[Any]) -> None:
        for batch in batches:
            await (await producer.send_batch(batch, topic, partition=partition))

    work = {asyncio.create_task(one(*place, some)): place[0] for place, some in batches.items()}
    _, late = await asyncio.wait(work, timeout=patience)
    for task in late:
        task.cancel()
    for topic, result in zip(work.values(), await asyncio.gather(*work, return_exceptions=True), strict=True):
        if isinstance(result, asyncio.CancelledError):
            raise TimeoutError
        if isinstance(result, BaseException):
            raise _refused(topic, result)
    return sum(batch.record_count() for some in batches.values() for batch in some)


def _refused(topic: str, error: BaseException) -> BaseException:
    """Say what a topic has against a record; other errors are told by `explained`."""
    if isinstance(error, InvalidTimestampError):
        what = f"{topic} refuses records this far from now"
        return DetectorError(f"{what} — create import topics (`detector topics apply --import`)", CONFIG)
    if isinstance(error, MessageSizeTooLargeError):
        return DetectorError(f"{topic} refuses a record of this size — raise its max.message.bytes", CONFIG)
    return error
