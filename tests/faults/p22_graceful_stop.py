"""P22: a stop in order is quick, ends with 0, and leaves nothing undone."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import ALERTS, DEAD_LETTERS, HEALTH
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

LIMIT_SECONDS = 15.0


def play(stage: Stage) -> None:
    """SIGTERM at seeded moments, while the load comes in; each time there must be something left of it."""
    stops = stage.sized(smoke=2, short=6, full=50)
    slowest, at_work = 0.0, 0
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        with work.sending(rate=stage.sized(smoke=50, short=80, full=300)) as pace:
            for _ in stage.rounds(short=stops, full=stops):
                with work.crew(1, slow_ms=stage.sized(smoke=300, short=100, full=5)) as crew:
                    crew.hands[0].hear("READY")
                    time.sleep(stage.random.uniform(0, 2))
                    at_work += work.behind() > 0
                    slowest = max(slowest, crew.stop())
                hanging = asyncio.run(undecided(work))
                assert not hanging, f"transactions are open on {hanging}"
            pace.hurry()
            with work.crew(1) as crew:
                work.settle(crew)
        stage.judge(work)
    stage.figure("slowest stop, s", slowest)
    stage.figure("stops at work", at_work)
    assert at_work == stops, f"{at_work} of {stops} stops were at work: the load was done before"
    assert slowest <= LIMIT_SECONDS, f"a stop took {slowest:.1f} s"


async def undecided(work: Work) -> list[str]:
    """The topic-partitions that workers write to whose last stable offset is not their end: a transaction is open."""
    names = [work.prefix + name for name in (ALERTS, HEALTH, DEAD_LETTERS)] + [f"{work.app_id}-accounts-changelog"]
    places = [TopicPartition(name, number) for name in names for number in range(work.feed.partitions)]
    ends = []
    for level in ("read_committed", "read_uncommitted"):
        reader = AIOKafkaConsumer(bootstrap_servers=work.bootstrap, isolation_level=level)
        await reader.start()
        try:
            ends.append(await reader.end_offsets(places))
        finally:
            await reader.stop()
    return [f"{place.topic}/{place.partition}" for place, end in ends[0].items() if end != ends[1][place]]


PROMISE = Promise("P22", "a stop in order is quick and leaves nothing undone", play, smoke=True)
