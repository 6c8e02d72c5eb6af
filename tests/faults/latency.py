"""How long records wait from their sending to the commit of what came of them, seen from outside."""

import asyncio
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import IN_TOPICS
from tests.faults.work import Work

LEAST_SECONDS: Final = 1.0
"""A second between two checkpoints: less is chance."""
_LOOK_SECONDS: Final = 0.05
_P99: Final = 0.99
_START_SECONDS: Final = 30.0


@contextmanager
def watched(work: Work) -> Iterator[list[tuple[float, int, int]]]:
    """Look at the log's end and at what is committed of it while the block runs: (seconds, records, committed)."""
    looks: list[tuple[float, int, int]] = []
    first, over = threading.Event(), threading.Event()

    async def look() -> None:
        reader = AIOKafkaConsumer(bootstrap_servers=work.bootstrap, group_id=work.app_id, enable_auto_commit=False)
        await reader.start()
        numbers = range(work.feed.partitions)
        places = [TopicPartition(work.prefix + topic, number) for topic in IN_TOPICS for number in numbers]
        try:
            while not over.is_set():
                ends = await reader.end_offsets(places)
                committed = await reader._coordinator.fetch_committed_offsets(places)
                done = sum(max(0, found.offset) for found in committed.values())
                looks.append((time.monotonic(), sum(ends.values()), done))
                first.set()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await reader.stop()

    thread = threading.Thread(target=lambda: asyncio.run(look()), daemon=True)
    thread.start()
    try:
        first.wait(_START_SECONDS)
        yield looks
    finally:
        over.set()
        thread.join()


def p99(looks: Sequence[tuple[float, int, int]]) -> float:
    """The seconds after which 99% of the records were committed, by the looks at which each was first seen and done."""
    sent, done = [records for _, records, _ in looks], [committed for _, _, committed in looks]
    times = [at for at, _, _ in looks]
    waited = sorted(
        times[min(bisect_left(done, number), len(times) - 1)] - times[bisect_left(sent, number)]
        for number in range(sent[0] + 1, max(done) + 1)
    )
    return waited[int(_P99 * (len(waited) - 1))]
