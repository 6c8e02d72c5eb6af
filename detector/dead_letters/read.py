"""Reads the topic of dead letters: what is there, in ranges or whole, and committed."""

from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from detector.brokers import explained
from detector.dead_letters.choice import Choice, Range, merged
from detector.dead_letters.letter import Letter, letter_of
from detector.errors import CONFIG, DetectorError
from detector.files.broker import Access, describe, started
from detector.files.stretches import READING, Stretch, committed_records
from detector.record_batches import read_tolerantly


async def chosen(kafka: Access, topic: str, choice: Choice) -> AsyncIterator[Letter]:
    """Give the dead letters that are meant, each once, by partition and offset; records of others are passed over.

    Raises DetectorError: 78 for a topic or partition that is not there, 75 and 77 as `explained` does.
    """
    read_tolerantly()
    with explained(kafka.connection, "aiokafka"):
        async with started(kafka, AIOKafkaConsumer, **READING) as consumer:
            for stretch in await _stretches(kafka, consumer, topic, choice):
                async for records in committed_records(consumer, stretch, kafka.patience):
                    for letter in map(letter_of, records):
                        if letter is not None and choice.takes(letter):
                            yield letter


async def _stretches(kafka: Access, consumer: Any, topic: str, choice: Choice) -> list[Stretch]:
    count = (await describe(kafka, [topic])).partitions.get(topic)
    if count is None:
        raise DetectorError(f"there is no topic {topic} — check --topic-prefix", CONFIG)
    ranges = merged(choice.ranges) or [Range(number) for number in range(count)]
    outside = [one.partition for one in ranges if one.partition >= count]
    if outside:
        what = f"{topic} has partitions 0 to {count - 1}, not {outside[0]}"
        raise DetectorError(f"{what} — `detector dead-letters list` names them", CONFIG)
    return [await _stretch(consumer, TopicPartition(topic, one.partition), one, choice.since) for one in ranges]


async def _stretch(consumer: Any, place: TopicPartition, wanted: Range, since: int | None) -> Stretch:
    begin = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    if since is not None and (found := (await consumer.offsets_for_times({place: since}))[place]) is not None:
        begin = max(begin, found.offset)
    last = end if wanted.last is None else min(end, wanted.last + 1)
    return Stretch(place, max(begin, wanted.first), last)
