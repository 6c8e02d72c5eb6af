"""How long records wait from their sending to the commit of what came of them, seen from outside."""

import asyncio
import threading
import time
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import IN_TOPICS
from tests.faults.work import Work

LEAST_SECONDS: Final = 1.0
"""A second between two checkpoints: less is chance."""
_LOOK_SECONDS: Final = 0.05
_P99: Final = 0.99
_START_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Look:
    """What stood where at a moment (monotonic seconds): the log's end and what is committed, a topic-partition each."""

    at: float
    ends: Mapping[TopicPartition, int]
    committed: Mapping[TopicPartition, int]


@contextmanager
def watched(work: Work) -> Iterator[list[Look]]:
    """Look at the log's ends and at what is committed while the block runs; an error in looking is raised at its end.

    The last look is later than the block.
    """
    looks: list[Look] = []
    failed: list[BaseException] = []
    first, over = threading.Event(), threading.Event()

    async def look() -> None:
        reader = AIOKafkaConsumer(bootstrap_servers=work.bootstrap, group_id=work.app_id, enable_auto_commit=False)
        await reader.start()
        numbers = range(work.feed.partitions)
        places = [TopicPartition(work.prefix + topic, number) for topic in IN_TOPICS for number in numbers]
        try:
            last = False
            while not last:
                last = over.is_set()
                ends = await reader.end_offsets(places)
                found = await reader._coordinator.fetch_committed_offsets(places)
                committed = {place: max(0, found[place].offset) if place in found else 0 for place in places}
                looks.append(Look(time.monotonic(), ends, committed))
                first.set()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await reader.stop()

    def run() -> None:
        try:
            asyncio.run(look())
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)
            first.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert first.wait(_START_SECONDS), "nobody tells where the log ends"
        yield looks
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


def p99(looks: Sequence[Look], *, without: Collection[tuple[TopicPartition, int]] = ()) -> float:
    """The seconds after which 99% of the records were committed, by the looks at which each was first seen and done.

    Each record counts by its offset in its own topic-partition, from the first look's end to the last look's; one that
    is not committed by the last look has waited until then. Records at the places and offsets `without` are left out.
    """
    waited = sorted(
        seconds for place in looks[0].ends for at, seconds in _waits(looks, place) if (place, at) not in without
    )
    assert waited, "nothing was sent while somebody looked"
    return waited[int(_P99 * (len(waited) - 1))]


def _waits(looks: Sequence[Look], place: TopicPartition) -> Iterator[tuple[int, float]]:
    """The offset of each record of one topic-partition, and the seconds that it waited."""
    times = [look.at for look in looks]
    ends = [look.ends[place] for look in looks]
    committed = [look.committed[place] for look in looks]
    for number in range(ends[0] + 1, ends[-1] + 1):
        done = times[min(bisect_left(committed, number), len(times) - 1)]
        yield number - 1, done - times[bisect_left(ends, number)]
