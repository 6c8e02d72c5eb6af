"""P14: transactions that somebody left open, and logs that are compacted while they are read and written."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaProducer

from schemas.topics import USAGE
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

CLEANER: Final[Mapping[str, object]] = {
    "log.cleaner.backoff.ms": 200,
    "log.retention.check.interval.ms": 500,
    "log.segment.delete.delay.ms": 0,
    "log.initial.task.delay.ms": 500,
}
EAGER: Final = {
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "500",
    "max.compaction.lag.ms": "1000",
    "cleanup.policy": "compact",
    "message.timestamp.type": "LogAppendTime",
}


def left_open_by_a_worker(stage: Stage) -> None:
    """kill -9 between send and commit, and nobody follows at once: the heir aborts it and readers never see it."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        work.send()
        for _ in stage.rounds(short=3, full=10):
            point = stage.random.choice(("alerts", "states", "offsets"))
            with work.crew(1, die_at=f"{point}:{stage.random.randint(2, 5)}") as crew:
                crew.hands[0].hear("DYING")
                crew.hands[0].process.wait()
            time.sleep(stage.random.uniform(0, 4))
        with work.crew(1) as crew:
            crew.hands[0].hear("READY")
            assert work.behind(), "the load was done before"
            work.settle(crew)
        stage.judge(work)


def left_open_by_an_emitter(stage: Stage) -> None:
    """A transactional emitter dies: what it left is never applied; what stands behind it is, when its time is over."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        half = len(work.feed.records) // 2
        work.send(records=work.feed.records[:half], end=False)
        asyncio.run(_abandon(work))
        work.send(records=work.feed.records[half:])
        with work.crew(1) as crew:
            stage.figure("settled after, s", work.settle(crew))
        stage.judge(work)


async def _abandon(work: Work) -> None:
    """Leave records in an open transaction of 10 s on every partition of one in-topic."""
    producer = AIOKafkaProducer(
        bootstrap_servers=work.bootstrap, transactional_id=f"{work.prefix}emitter", transaction_timeout_ms=10_000
    )
    await producer.start()
    await producer.begin_transaction()
    for number in range(work.feed.partitions):
        await producer.send_and_wait(work.prefix + USAGE, b"{}", key=b"nobody", partition=number, timestamp_ms=1)
    await producer._sender.close()
    await producer.client.close()


def compaction(stage: Stage) -> None:
    """The changelog is compacted twice a second while it is written, and read by those who follow a killed worker."""
    with stage.brokers(settings=CLEANER) as brokers:
        work = stage.work(brokers, stage.load())
        work.alter(f"{work.app_id}-accounts-changelog", EAGER)
        with work.sending(rate=120) as pace, work.crew(1) as crew:
            for _ in stage.rounds(short=4, full=20):
                work.gets_on(crew)
                time.sleep(stage.random.uniform(2, 4))
                crew.kill(crew.hands[0])
                crew.tend()
            written, left = work.changelog_size()
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
        stage.figure("changelog offsets", written)
        stage.figure("records left", left)
        assert left < written / 2, "nothing was compacted"


PROMISES = (
    Promise("P14g", "a worker leaves transactions open", left_open_by_a_worker),
    Promise("P14h", "an emitter leaves a transaction open", left_open_by_an_emitter),
    Promise("P14i", "the changelog is compacted all the time", compaction),
)
