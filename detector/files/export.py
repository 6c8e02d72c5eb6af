"""A log into a file: every record a worker has applied, and where it stood, so that a replay of the file equals it.

Order of the file: by partition, then topic, then offset; at the end one line a partition. Only committed records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from detector.brokers import explained
from detector.domain.versions import StateError
from detector.errors import CONFIG, DetectorError
from detector.files.broker import Access, Topics, describe, equal_partitions, started
from detector.files.exported import encode_end, encode_record
from detector.files.log import End
from detector.files.stretches import READING, Stretch, committed_records
from detector.record_batches import read_tolerantly

TAIL: Final = 4_096
"""Offsets of a changelog that are first searched for the latest partition record; then four times as many, and on."""


class PartitionState(Protocol):
    """What an export needs of a worker's partition record. Times in epoch ms."""

    @property
    def positions(self) -> Mapping[str, int]:
        """Topic -> next offset to apply."""

    @property
    def clock(self) -> int:
        """How far the partition's time had come."""

    @property
    def quiet_until(self) -> int | None:
        """Nothing was published before this time."""


@dataclass(frozen=True)
class Source:
    """Which log is exported, and how its worker's state is read.

    `control` may be missing from the brokers, an in-topic may not. Without any partition record in `changelog` (there
    was no worker) the whole log is exported. Topics stand in the file by the names the brokers know, `prefix` included:
    the worker's alerts name them so.
    """

    in_topics: Sequence[str]
    control: str
    changelog: str
    partition_key: bytes
    decode_state: Callable[[bytes], PartitionState]
    prefix: str = ""


@dataclass(frozen=True)
class Exported:
    """What an export holds; `notes` say what a person should know of it."""

    records: int
    partitions: int
    notes: Sequence[str]


async def export(
    kafka: Access, source: Source, out: BufferedIOBase, *, written: Callable[[int], object] = bool
) -> Exported:
    """Write the log to `out`; `written` hears how many more records are.

    Raises DetectorError: 78 for topics that are missing or unequal, 75 and 77 as `explained` does.
    """
    read_tolerantly()
    with explained(kafka.connection, "aiokafka"):
        needed = [source.prefix + topic for topic in source.in_topics]
        names = sorted({*needed, source.prefix + source.control})
        topics = await describe(kafka, [*names, source.changelog])
        partitions = equal_partitions(topics, needed)
        names = [name for name in names if name in topics.partitions]
        _check_changelog(topics, source.changelog, partitions)
        async with started(kafka, AIOKafkaConsumer, **READING) as consumer:
            states = await _states(
                consumer, source, partitions if source.changelog in topics.partitions else 0, kafka.patience
            )
            count, lost = 0, list[str]()
            for number in range(partitions):
                for name in names:
                    stretch = await _stretch(consumer, name, number, _limit(states, number, name))
                    if stretch.lost:
                        lost.append(f"{name}/{number}")
                    async for records in committed_records(consumer, stretch, kafka.patience):
                        out.writelines(encode_record(name, number, record) + b"\n" for record in records)
                        count += len(records)
                        written(len(records))
            for number in range(partitions):
                out.write(encode_end(number, _end(states.get(number))) + b"\n")
    return Exported(count, partitions, _notes(states, lost, source.changelog))


def _check_changelog(topics: Topics, changelog: str, partitions: int) -> None:
    found = topics.partitions.get(changelog, partitions)
    if found != partitions:
        raise DetectorError(
            f"{changelog} has {found} partitions, the in-topics have {partitions} — is --app-id that of their worker?",
            CONFIG,
        )


def _limit(states: Mapping[int, PartitionState], partition: int, topic: str) -> int | None:
    """Give the offset up to which the worker has applied a topic-partition; None = there is no worker, all of it."""
    if not states:
        return None
    state = states.get(partition)
    return 0 if state is None else state.positions.get(topic, 0)


def _end(state: PartitionState | None) -> End:
    return End() if state is None else End(state.clock, state.quiet_until)


def _notes(states: Mapping[int, PartitionState], lost: Sequence[str], changelog: str) -> list[str]:
    notes = []
    if not states:
        notes.append(f"{changelog} knows of no worker: the whole log is exported, its partitions have no clock")
    if lost:
        notes.append(f"{', '.join(lost)}: older records are gone, a replay lacks what they said")
    return notes


async def _states(consumer: Any, source: Source, partitions: int, patience: float) -> dict[int, PartitionState]:
    """Read the latest partition record of every partition from the changelog; they stand near its end."""
    states = {}
    for number in range(partitions):
        place = TopicPartition(source.changelog, number)
        begin = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        tail, found = TAIL, None
        while found is None:
            start = max(begin, end - tail)
            async for records in committed_records(consumer, Stretch(place, start, end, lost=False), patience):
                found = next((r.value for r in reversed(records) if r.key == source.partition_key), found)
            if start == begin:
                break
            tail *= 4
        if found is not None:
            states[number] = _decoded(source, number, found)
    return states


def _decoded(source: Source, partition: int, record: bytes) -> PartitionState:
    try:
        return source.decode_state(record)
    except StateError as error:
        what = f"{source.changelog}/{partition}: {error}"
        raise DetectorError(f"{what} — export with the release that the worker runs", CONFIG) from None


async def _stretch(consumer: Any, topic: str, partition: int, limit: int | None) -> Stretch:
    place = TopicPartition(topic, partition)
    begin = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    return Stretch(place, begin, end if limit is None else min(end, limit), lost=begin > 0)
