"""Stretches of a topic-partition, and the committed records in them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition

POLL_MS: Final = 250
LONG_POLL_MS: Final = 10
"""What is read is there: a fetch that waits at a log's end would only hold up the next partition."""

POLL_RECORDS: Final = 5_000

READING: Final[Mapping[str, object]] = {
    "group_id": None,
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "auto_offset_reset": "earliest",
    "fetch_max_wait_ms": LONG_POLL_MS,
    "max_partition_fetch_bytes": 4 << 20,
}
"""Arguments of a consumer that reads what is there and belongs to no group."""


@dataclass(frozen=True)
class Stretch:
    """Offsets of a topic-partition, `end` not included; `lost` tells that records before `begin` are gone."""

    place: TopicPartition
    begin: int
    end: int
    lost: bool = False


async def committed_records(consumer: Any, stretch: Stretch, patience: float) -> AsyncIterator[list[Any]]:
    """Give the committed records of a stretch, in order. Raises TimeoutError after `patience` seconds of silence."""
    place = stretch.place
    if stretch.begin >= stretch.end:
        return
    loop = asyncio.get_running_loop()
    consumer.assign([place])
    consumer.seek(place, stretch.begin)
    position, heard = stretch.begin, loop.time()
    while position < stretch.end:
        fetched = await consumer.getmany(place, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        records = [record for record in fetched.get(place, ()) if record.offset < stretch.end]
        if records:
            yield records
        before, position = position, await consumer.position(place)
        if position > before:
            heard = loop.time()
        elif loop.time() - heard > patience:
            raise TimeoutError
