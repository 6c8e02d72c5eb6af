"""Puts the state of a snapshot into an empty changelog, of the same or another number of partitions, all or nothing.

Everything is one transaction: the records of accounts, each in the partition that its key has now, where every
partition stands, and the offsets of the group. Nobody reads half of it, and what breaks off leaves nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import OffsetAndMetadata

from detector.brokers import explained
from detector.codec import partition_of
from detector.domain.moving import joined, sources_of
from detector.domain.state import ASIDE, PARTITION_KEY, PartitionRecord, encode_record, path_of, split_path
from detector.errors import CONFIG, INTERNAL, IO, DetectorError
from detector.files.broker import AGAIN, Access, describe, equal_partitions, started
from detector.files.changelog import latest
from detector.files.digest import Digest
from detector.files.snapshot import Manifest, records_of
from detector.files.stretches import READING
from detector.record_batches import read_tolerantly

TRANSACTION_SECONDS: Final = 900
"""The most that a broker allows unless told otherwise (`transaction.max.timeout.ms`)."""

BATCH_BYTES: Final = 512 << 10
_ACCOUNT: Final = (b"h/", b"a/")


@dataclass(frozen=True)
class Target:
    """Where the state goes. `topics` are the in-topics by their names without a prefix.

    With `same_topics` its in-topics are those of the snapshot, and reading goes on where it stood; else they are new,
    and are read from their beginning.
    """

    app_id: str
    changelog: str
    topics: Sequence[str]
    prefix: str
    same_topics: bool


@dataclass
class Seat:
    """What one partition gets: the old ones it may have records from, where it stands, a digest of the records."""

    sources: tuple[int, ...]
    stands: PartitionRecord
    digest: Digest = field(default_factory=Digest)


@dataclass(frozen=True)
class Done:
    """What was done, or would be: the seats by partition, and what a person should know."""

    seats: Sequence[Seat]
    digest: Digest
    notes: Sequence[str]


async def reshard(
    kafka: Access,
    folder: Path,
    manifest: Manifest,
    target: Target,
    *,
    dry_run: bool,
    moved: Callable[[int], object] = bool,
) -> Done:
    """Move a snapshot into the target, read it back and compare; `moved` hears how many more records were.

    With `dry_run` everything is looked at and nothing written. Raises DetectorError: 78 where the target is not as it
    must be (a group with members, a changelog that is not empty, topics that do not fit), 74 for a damaged snapshot, 70
    where what was written is not what was read, 75 and 77 as `explained` does.
    """
    read_tolerantly()
    with explained(kafka.connection, "aiokafka"):
        names = [target.prefix + topic for topic in target.topics]
        topics = await describe(kafka, [*names, target.changelog])
        partitions = equal_partitions(topics, [*names, target.changelog])
        await _refuse_members(kafka, target.app_id)
        async with started(kafka, AIOKafkaConsumer, **READING) as consumer:
            await _refuse_state(consumer, target.changelog, partitions, kafka.patience)
            seats, notes = await _seats(consumer, manifest, target, partitions)
        if dry_run:
            for _, records in _placed(folder, manifest, seats):
                moved(len(records))
            return Done(seats, _refuse_less(folder, manifest, seats), notes)
        whole = await _write(kafka, folder, manifest, target, seats, moved)
        async with started(kafka, AIOKafkaConsumer, **READING) as consumer:
            await _compare(consumer, target.changelog, seats, kafka.patience)
    return Done(seats, whole, notes)


async def _refuse_members(kafka: Access, group: str) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + kafka.patience
    async with started(kafka, AIOKafkaAdminClient) as admin:
        while True:
            try:
                (answer,) = await admin.describe_consumer_groups([group])
                break
            except GroupCoordinatorNotAvailableError:  # a broker that had no group yet makes room for them first
                if loop.time() > end:
                    raise
                await asyncio.sleep(AGAIN)
    members = sum(len(found[5]) for found in answer.groups)
    if members:
        what = f"the group {group} has {members} member{'s' * (members > 1)}"
        raise DetectorError(f"{what} — stop its workers first, or name another --app-id", CONFIG)


async def _refuse_state(consumer: Any, changelog: str, partitions: int, patience: float) -> None:
    places = [TopicPartition(changelog, number) for number in range(partitions)]
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    for place in places:
        if begins[place] < ends[place] and (await latest(consumer, place, patience)).values:
            raise DetectorError(
                f"{changelog} holds state already — name an --app-id that has none, or delete the topic and make it"
                " anew with `detector topics apply`",
                CONFIG,
            )


async def _seats(
    consumer: Any, manifest: Manifest, target: Target, partitions: int
) -> tuple[list[Seat], Sequence[str]]:
    if target.same_topics and target.prefix != manifest.topic_prefix:
        what = f"the snapshot's topics begin with {manifest.topic_prefix!r}"
        raise DetectorError(f"{what} — give the same --topic-prefix, or say --in-topics new", CONFIG)
    old = {part.partition: stood for part in manifest.partitions if (stood := part.stood()) is not None}
    places = [TopicPartition(target.prefix + topic, number) for topic in target.topics for number in range(partitions)]
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    notes, seats = list[str](), list[Seat]()
    for number in range(partitions):
        sources = sources_of(number, partitions, len(manifest.partitions))
        own = old.get(number) if target.same_topics else None
        positions = {}
        for topic in target.topics:
            place = TopicPartition(target.prefix + topic, number)
            begin, end = begins[place], ends[place]
            at = begin if own is None else own.positions.get(manifest.topic_prefix + topic, begin)
            if own is not None:
                _check(place, at, begin, end, grown=partitions != len(manifest.partitions), notes=notes)
            positions[place.topic] = at
        known = {source: old[source] for source in sources if source in old}
        seats.append(Seat(sources, joined(known, positions, own)))
    if not old:
        notes.append("the snapshot knows of no worker: there was no state")
    return seats, notes


def _check(place: TopicPartition, at: int, begin: int, end: int, *, grown: bool, notes: list[str]) -> None:
    """Refuse or tell what does not fit between where a partition stood and its log."""
    where = f"{place.topic}/{place.partition}"
    if at > end:
        what = f"{where} ends at offset {end}, the snapshot stood at {at}: it is another topic"
        raise DetectorError(f"{what} — name the right --topic-prefix, or say --in-topics new", CONFIG)
    if at < begin:
        notes.append(f"{where}: {begin - at} records after the snapshot are gone, nobody will count them")
    if grown and at != end:
        what = f"{where} has {end - at} records that were not applied when it had fewer partitions"
        raise DetectorError(
            f"{what} — their accounts may be elsewhere now: see docs/state.md, adding partitions", CONFIG
        )


def _placed(folder: Path, manifest: Manifest, seats: Sequence[Seat]) -> Iterator[tuple[int, list[tuple[bytes, bytes]]]]:
    """Give each partition's file as (new partition, records) groups, and take them into the seats' digests."""
    for part in manifest.partitions:
        groups: defaultdict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        for key, value in records_of(folder, part):
            number = _place(key, part.partition, len(seats))
            seats[number].digest.add(key, value)
            groups[number].append((key, value))
        yield from groups.items()


def _place(key: bytes, old: int, partitions: int) -> int:
    """Give the new partition of a record; one put aside whose key names no account stays beside its old number."""
    inner = key.removeprefix(ASIDE)
    path = path_of(inner) if inner.startswith(_ACCOUNT) else None
    if path is not None:
        return partition_of(split_path(path)[1].encode(), partitions)
    if key.startswith(ASIDE):
        return old % partitions
    what = f"the snapshot has records of a kind that this release does not know ({key[:20]!r})"
    raise DetectorError(f"{what} — use the release that took it", CONFIG)


def _refuse_less(folder: Path, manifest: Manifest, seats: Sequence[Seat]) -> Digest:
    whole = Digest()
    for seat in seats:
        whole.join(seat.digest)
    if str(whole) != manifest.digest:
        raise DetectorError(f"{folder} does not hold what its manifest says — copy it again", IO)
    return whole


async def _write(
    kafka: Access,
    folder: Path,
    manifest: Manifest,
    target: Target,
    seats: Sequence[Seat],
    moved: Callable[[int], object],
) -> Digest:
    async with _transaction(kafka, f"{target.app_id}-reshard") as producer:
        for number, records in _placed(folder, manifest, seats):
            await _send(producer, target.changelog, number, records)
            moved(len(records))
        whole = _refuse_less(folder, manifest, seats)
        offsets: dict[TopicPartition, OffsetAndMetadata] = {}
        for number, seat in enumerate(seats):
            await _send(producer, target.changelog, number, [(PARTITION_KEY, encode_record(seat.stands))])
            for topic, offset in seat.stands.positions.items():
                offsets[TopicPartition(topic, number)] = OffsetAndMetadata(offset, "")
        await producer.send_offsets_to_transaction(offsets, target.app_id)
        await _refuse_members(kafka, target.app_id)  # who came meanwhile has begun without this state
    return whole


@asynccontextmanager
async def _transaction(kafka: Access, name: str) -> AsyncIterator[Any]:
    """Commit what is sent inside, or nothing of it."""
    async with (
        started(
            kafka,
            AIOKafkaProducer,
            transactional_id=name,
            transaction_timeout_ms=TRANSACTION_SECONDS * 1_000,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=8 * BATCH_BYTES,
        ) as producer,
        producer.transaction(),
    ):
        yield producer


async def _send(producer: Any, topic: str, number: int, records: Sequence[tuple[bytes, bytes]]) -> None:
    answers = []
    batch = producer.create_batch()
    for key, value in records:
        if batch.append(timestamp=None, key=key, value=value) is None:
            answers.append(await producer.send_batch(batch, topic, partition=number))
            batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value)  # a first record always fits
    answers.append(await producer.send_batch(batch, topic, partition=number))
    await asyncio.gather(*answers)


async def _compare(consumer: Any, changelog: str, seats: Sequence[Seat], patience: float) -> None:
    """Read back what was committed. Raises DetectorError (70) where a partition is not what was sent."""
    for number, seat in enumerate(seats):
        values, _ = await latest(consumer, TopicPartition(changelog, number), patience)
        stands = values.pop(PARTITION_KEY, None)
        if stands != encode_record(seat.stands) or str(Digest(values.items())) != str(seat.digest):
            what = f"{changelog}/{number} does not hold what was written"
            raise DetectorError(f"{what} — delete the topic, make it anew, and try again", INTERNAL)
