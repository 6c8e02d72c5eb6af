"""P28: offsets that are set back change nothing, and a topic that was made anew is read from its beginning."""

import asyncio
from collections import defaultdict

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata
from msgspec.structs import replace

from detector.topics import apply
from schemas.topics import IN_TOPICS, USAGE, topics
from tests.faults.expected import Outcome, replayed
from tests.faults.feed import Feed
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
    """An in-topic is deleted and made again while the worker stands still; the new log is longer than the old."""
    events, accounts = stage.sized(short=(4_000, 150), full=(50_000, 1_000))
    feed, later = (Feed(events, accounts, stage.seed + number, days=10, bad=0) for number in (0, 1))
    partitions = feed.partitions
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        work.send()
        with work.crew(1) as crew:
            work.settle(crew)
        usage, stores = work.prefix + USAGE, defaultdict[int, dict[bytes, bytes]](dict)
        first = replayed(work.log(), work.prefix, partitions, stores=stores, topic_ids={usage: "old"})
        asyncio.run(_delete(work, usage))
        wanted = topics(partitions=partitions, prefix=work.prefix, imports=True, app_id=work.app_id)
        apply({"bootstrap_servers": broker.split(",")}, wanted)
        new = [replace(record, topic=USAGE) for record in later.records]
        work.send(records=new, end=False)
        with work.crew(1) as crew:
            crew.wait(lambda: work.behind() == 0, what="the end of the new topic")
            crew.stop()
            told = "".join(hand.log.read_text() for hand in crew.everybody)
        second = replayed(work.log(), work.prefix, partitions, stores=stores, topic_ids={usage: "new"})
        verdict = work.compared(
            Outcome([*first.alerts, *second.alerts], second.states, first.health | second.health, {})
        )
        stage.verdicts.append(verdict)
        stage.figure("alerts of the new topic", len(second.alerts))
        assert verdict.exact, str(verdict)
        assert len(second.alerts) > 0, "the new topic has brought nothing"
        assert "the topic was made anew" in told, "nobody was told"


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
    Promise("P28b", "a topic that was made anew is read from its beginning", made_anew),
)
