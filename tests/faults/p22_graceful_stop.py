"""P22: a stop in order is quick, ends with 0, and leaves nothing undone."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import ALERTS
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

LIMIT_SECONDS = 15.0


def play(stage: Stage) -> None:
    """SIGTERM at seeded moments under load."""
    slowest, at_work = 0.0, 0
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        work.send()
        for _ in stage.rounds(smoke=2, short=6, full=50):
            with work.crew(1, slow_ms=stage.sized(smoke=300, short=100, full=5)) as crew:
                crew.hands[0].hear("READY")
                time.sleep(stage.random.uniform(0, 2))
                at_work += work.behind() > 0
                slowest = max(slowest, crew.stop())
            hanging = asyncio.run(undecided(work))
            assert not hanging, f"transactions are open on {hanging}"
        with work.crew(1) as crew:
            work.settle(crew)
        stage.judge(work)
    stage.figure("slowest stop, s", slowest)
    stage.figure("stops at work", at_work)
    assert at_work, "the load was done before the first stop"
    assert slowest <= LIMIT_SECONDS, f"a stop took {slowest:.1f} s"


async def undecided(work: Work) -> list[str]:
    """The topic-partitions whose last stable offset is not their end: a transaction is open there."""
    ends = []
    for level in ("read_committed", "read_uncommitted"):
        reader = AIOKafkaConsumer(bootstrap_servers=work.bootstrap, isolation_level=level)
        await reader.start()
        try:
            names = (work.prefix + ALERTS, f"{work.app_id}-accounts-changelog")
            ends.append(
                await reader.end_offsets(
                    [TopicPartition(name, at) for name in names for at in range(work.feed.partitions)]
                )
            )
        finally:
            await reader.stop()
    return [f"{place.topic}/{place.partition}" for place, end in ends[0].items() if end != ends[1][place]]


PROMISE = Promise("P22", "a stop in order is quick and leaves nothing undone", play, smoke=True)
