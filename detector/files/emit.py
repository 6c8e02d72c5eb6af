"""Records to Kafka: in the order of record time, on the partition of their key, each once per run."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
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
ROUND_BYTES: Final = 1 << 20
"""What is under way at a time; within the patience of 10 s a link of 1 Mbit/s manages that."""

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

    `sent` hears how many more are acknowledged. Raises DetectorError as `explained` does, when nothing is acknowledged
    for `kafka.patience` seconds; it says how many records were before.
    """
    loop = asyncio.get_running_loop()
    size = SLICE_RECORDS if not plan.rate else max(1, min(SLICE_RECORDS, int(plan.rate * PACE)))
    count = -1  # not even begun

    def acknowledged(more: int) -> None:
        nonlocal count
        count += more
        sent(more)

    try:
        with explained(kafka.connection, "aiokafka"):
            settings = {"enable_idempotence": True, "acks": "all", "max_batch_size": BATCH_BYTES}
            async with started(kafka, AIOKafkaProducer, **settings) as producer:
                begin, count = loop.time(), 0
                under_way: asyncio.Task[None] | None = None
                for piece in _slices(records, size):
                    batches = _batches(producer, piece, plan)
                    if under_way is not None:
                        await under_way
                    if plan.rate:
                        await asyncio.sleep(begin + count / plan.rate - loop.time())
                    under_way = asyncio.create_task(_deliver(producer, batches, kafka.patience, acknowledged))
                if under_way is not None:
                    await under_way
                return count, loop.time() - begin
    except DetectorError as error:
        if count < 0:
            raise
        raise DetectorError(f"after {count:,} acknowledged records: {error}", error.exit_code) from error


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


async def _deliver(
    producer: Any, batches: dict[tuple[str, int], list[Any]], patience: float, acknowledged: Callable[[int], object]
) -> None:
    """Send a slice until all of it is acknowledged; `acknowledged` hears how many more records are.

    Raises TimeoutError when no batch is acknowledged for `patience` seconds.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(patience) as silence:

        async def one(topic: str, partition: int, batch: Any) -> None:
            await (await producer.send_batch(batch, topic, partition=partition))
            silence.reschedule(loop.time() + patience)
            acknowledged(batch.record_count())

        for some in _rounds(batches):
            results = await asyncio.gather(*(one(*each) for each in some), return_exceptions=True)
            for (topic, _, _), result in zip(some, results, strict=True):
                if isinstance(result, BaseException):
                    raise _refused(topic, result)


def _rounds(batches: dict[tuple[str, int], list[Any]]) -> Iterator[list[tuple[str, int, Any]]]:
    """Give the batches in rounds of ROUND_BYTES at most, each with one batch of a topic-partition at most.

    What is under way to a broker is one request, acknowledged as a whole: on a slow link it must not be a large one.
    """
    for rank in zip_longest(*batches.values()):
        some: list[tuple[str, int, Any]] = []
        size = 0
        for (topic, partition), batch in zip(batches, rank, strict=True):
            if batch is None:
                continue
            if some and size + batch.size() > ROUND_BYTES:
                yield some
                some, size = [], 0
            some.append((topic, partition, batch))
            size += batch.size()
        yield some


def _refused(topic: str, error: BaseException) -> BaseException:
    """Say what a topic has against a record; other errors are told by `explained`."""
    if isinstance(error, InvalidTimestampError):
        what = f"{topic} refuses records this far from now"
        return DetectorError(f"{what} — create import topics (`detector topics apply --import`)", CONFIG)
    if isinstance(error, MessageSizeTooLargeError):
        return DetectorError(f"{topic} refuses a record of this size — raise its max.message.bytes", CONFIG)
    return error
