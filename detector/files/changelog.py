"""The state that a changelog holds: the latest committed value of every key, read beside workers that go on writing."""

import asyncio
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from detector.files.stretches import POLL_MS, POLL_RECORDS


class Latest(NamedTuple):
    """The state of one partition as of one of its checkpoints; `offset` is that of the changelog behind it."""

    values: dict[bytes, bytes]
    offset: int


async def latest(consumer: Any, place: TopicPartition, patience: float) -> Latest:
    """Read a partition of a changelog from its beginning until nothing committed is left of the latest fetch.

    So it is a state that the partition had: a partition has one writer, whose transactions follow one another, and what
    compaction took away before it was read was written anew before the end. The consumer reads committed records only
    (`stretches.READING`). Raises TimeoutError after `patience` seconds of silence.
    """
    loop = asyncio.get_running_loop()
    position: int = (await consumer.beginning_offsets([place]))[place]
    consumer.assign([place])
    consumer.seek(place, position)
    values: dict[bytes, bytes] = {}
    heard = loop.time()
    while True:
        fetched = await consumer.getmany(place, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        for record in fetched.get(place, ()):
            if record.key is None:
                continue
            if record.value is None:
                values.pop(record.key, None)
            else:
                values[record.key] = record.value
        before, position = position, await consumer.position(place)
        stable = consumer.last_stable_offset(place)
        if stable is not None and position >= stable:
            return Latest(values, position)
        if position > before:
            heard = loop.time()
        elif loop.time() - heard > patience:
            raise TimeoutError
