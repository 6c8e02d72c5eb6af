"""P28: offsets that are set back change nothing, and a topic that was made anew is never taken for the old one."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from detector.errors import CONFIG
from detector.topics import apply
from schemas.topics import IN_TOPICS, USAGE, topics
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work


def set_back(stage: Stage) -> None:
    """The group stands still, its offsets are set to the beginning, or deleted, and it goes on."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        half = len(work.feed.records) // 2
        work.send(records=work.feed.records[:half], end=False)
        with work.crew(1) as crew:
            crew.wait(lambda: work.applied(half * 0.9 / work.feed.count), what="the first half")
            crew.stop()
        before = work.alerts()
        asyncio.run(_to_earliest(work))
        assert work.committed() == 0
        with work.crew(1) as crew:
            crew.hands[0].hear("READY")
            crew.tend_for(3)
            crew.stop()
        stage.figure("alerts before and after", [len(before), len(work.alerts())])
        work.send(records=work.feed.records[half:])
        with work.crew(1) as crew:
            work.settle(crew)
        stage.judge(work)
        stage.rounds_done = 1


async def _to_earliest(work: Work) -> None:
    """What `kafka-consumer-groups --reset-offsets --to-earliest` does."""
    consumer = AIOKafkaConsumer(bootstrap_servers=work.bootstrap, group_id=work.app_id, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(work.prefix + topic, at) for topic in IN_TOPICS for at in range(work.feed.partitions)]
        consumer.assign(places)
        await consumer.commit({place: OffsetAndMetadata(0, "") for place in places})
    finally:
        await consumer.stop()


def made_anew(stage: Stage) -> None:
    """An in-topic is deleted and made again while the worker stands still: it says so and ends, and skips nothing."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        work.send()
        with work.crew(1) as crew:
            work.settle(crew)
        stage.judge(work)
        before = work.alerts(), work.states()
        asyncio.run(_delete(work, work.prefix + USAGE))
        wanted = topics(partitions=work.feed.partitions, prefix=work.prefix, imports=True, app_id=work.app_id)
        apply({"bootstrap_servers": broker.split(",")}, wanted)
        for longer in (False, True):
            # first the new log is shorter than what was applied, then it reaches as far
            work.send(records=work.feed.records[: None if longer else 100], end=longer)
            hand = work.hire()
            code = hand.process.wait(60)
            stage.say(f"new log {'as long' if longer else 'shorter'}: exit {code}")
            assert code == CONFIG, f"it ended with {code}: {hand.last_words()}"
            assert (work.alerts(), work.states()) == before, "it applied records of the new topic as if of the old"
        stage.rounds_done = 1


async def _delete(work: Work, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=work.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


PROMISES = (
    Promise("P28", "offsets that are set back change nothing", set_back),
    Promise("P28b", "a topic that was made anew is not taken for the old one", made_anew),
)
