"""P16: an account with half of all events stays small and does not stop the others."""

from typing import Final

from aiokafka import TopicPartition
from msgspec.structs import replace

from detector.codec import partition_of
from detector.domain.state import account_path, hot_key, record_key
from tests.faults.crew import Crew
from tests.faults.feed import Feed
from tests.faults.latency import LEAST_SECONDS, p99, watched
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

CAP_BYTES: Final = 64 << 10
HOT: Final = "account-00000"
RATE: Final = 400.0
"""Records a second, half of them the hot account's."""
MOST_TIMES: Final = 3


def play(stage: Stage) -> None:
    """The others' half of a load alone, then with it the other half as one account's, at twice the rate."""
    feed = heated(stage)
    with stage.broker() as broker:
        alone = stage.work(broker, without_it(stage))
        calm, _ = worked_off(alone, RATE / 2)
        work = stage.work(broker, feed)
        hot, crew = worked_off(work, RATE)
        stage.judge(work)
        states = work.states()
        path = account_path("default", HOT)
        sizes = [len(states[key(path)]) for key in (record_key, hot_key)]
        stage.figure("bytes of its record and hot block", sizes)
        stage.figure("p99 of the others alone (s)", f"{calm:.2f}")
        stage.figure("p99 with it (s)", f"{hot:.2f}")
        assert sum(sizes) <= CAP_BYTES, f"its state has {sizes} bytes"
        assert hot <= MOST_TIMES * max(calm, LEAST_SECONDS), f"records wait {hot:.1f} s, and {calm:.1f} s without it"
        logs = "".join(hand.log.read_text() for hand in crew.everybody)
        assert "MessageSizeTooLarge" not in logs, "a record was too large"
        assert not any(code for code in crew.exits), f"exits: {crew.exits}"


def worked_off(work: Work, rate: float) -> tuple[float, Crew]:
    """Send it at a rate to one worker: the others' p99 from sending to commit in seconds, and who worked."""
    with work.crew(1) as crew:
        crew.hands[0].hear("READY")
        with watched(work) as looks:
            work.send(rate=rate)
            work.settle(crew)
    own = {
        (TopicPartition(topic, record.partition), record.offset)
        for topic, records in work.log().items()
        for record in records
        if record.key == HOT.encode()
    }
    return p99(looks, without=own), crew


def heated(stage: Stage) -> Feed:
    """Half of a load becomes one account's."""
    feed = _load(stage)
    for number, record in enumerate(feed.records):
        if number % 2 and record.value and record.key:
            feed.records[number] = replace(
                record,
                key=HOT.encode(),
                value=record.value.replace(record.key, HOT.encode()),
                partition=partition_of(HOT.encode(), feed.partitions),
            )
    return feed


def without_it(stage: Stage) -> Feed:
    """The half that is left to the others."""
    feed = _load(stage)
    feed.records[:] = feed.records[::2]
    feed.count = len(feed.records) + len(list(feed.ending()))
    return feed


def _load(stage: Stage) -> Feed:
    events, accounts = stage.sized(short=(10_000, 200), full=(100_000, 5_000))
    return stage.feed(events, accounts, days=30)


PROMISE = Promise("P16", "a hot account stays small and lets the others be", play)
