"""P30, its part about time: a topic of which nothing comes holds nobody's clock back, and is said to be idle."""

import json
import time
from itertools import count

from kafka import KafkaProducer

from detector.topics import apply
from harness.spine import Spine
from schemas.topics import ALERTS, CRM, SUPPORT, USAGE, topics
from tests.faults.crew import Crew, Hand
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

BEHIND_SECONDS = 5.0
"""So far the clock stays behind the broker's where nothing comes."""

SLACK_SECONDS = 3.0
"""For the tick, the checkpoint and the glance at it."""

ACCOUNTS = 40


def play(stage: Stage) -> None:
    """Usage goes on and both other topics are silent; then nothing comes of any."""
    idle, lasts = stage.sized(short=(10, 40), full=(600, 900))
    surface = Surface()
    prefix = f"p30-{time.time_ns()}-"
    with stage.broker() as broker:
        apply({"bootstrap_servers": broker}, topics(partitions=2, prefix=prefix, app_id=f"{prefix}app"))
        producer = KafkaProducer(bootstrap_servers=broker)

        def hire() -> Hand:
            settings = {
                "brokers": broker,
                "topic_prefix": prefix,
                "app_id": f"{prefix}app",
                "http_port": surface.port,
                "source_idle_seconds": idle,
            }
            return Hand(["--", *(f"{name}={value}" for name, value in settings.items())], stage.folder / "worker.log")

        with Crew(hire, 1) as crew:
            crew.hands[0].hear("READY")
            worst, numbers = 0.0, count()
            began = time.monotonic()
            while (passed := time.monotonic() - began) < lasts:
                for _ in range(5):
                    _use(producer, f"{prefix}{USAGE}", next(numbers))
                time.sleep(0.2)
                if passed > SLACK_SECONDS + BEHIND_SECONDS:
                    worst = max(worst, _behind(surface))
            stage.figure("clock behind s, others silent", worst)
            sources = surface.labelled("detector_source_idle", "topic")
            assert sources == {f"{prefix}{USAGE}": 0, f"{prefix}{SUPPORT}": 1, f"{prefix}{CRM}": 1}, sources
            crew.wait(lambda: all(surface.labelled("detector_source_idle", "topic").values()), what="all sources idle")
            silent = max(_behind(surface, 1) for _ in range(10))
            stage.figure("clock behind s, all silent", silent)
            crew.stop()
        producer.close()
        alerts = Spine(broker, prefix, stage.folder, partitions=2).read(f"{prefix}{ALERTS}")
    assert worst <= BEHIND_SECONDS + SLACK_SECONDS, f"the clock was {worst:.1f} s behind"
    assert silent <= 2 * BEHIND_SECONDS + SLACK_SECONDS, f"the clock was {silent:.1f} s behind where nothing came"
    assert not alerts, f"{len(alerts)} alerts of nothing but missing data"


def _behind(surface: Surface, pause: float = 0) -> float:
    """How far the slowest partition's clock is behind: broker and test share a machine, and so its time."""
    time.sleep(pause)
    clocks = surface.labelled("detector_clock_timestamp_seconds", "partition")
    return max(time.time() - clock for clock in clocks.values())


def _use(producer: KafkaProducer, topic: str, number: int) -> None:
    account = f"account-{number % ACCOUNTS}"
    event = {
        "event_id": f"e{number}",
        "event_type": "usage.recorded",
        "account_id": account,
        "occurred_at": time.time_ns() // 1_000_000,
        "stakeholder_id": f"s{number % 7}",
    }
    producer.send(topic, key=account.encode(), value=json.dumps(event).encode())


PROMISE = Promise("P30", "a silent topic holds no clock back and counts as idle", play)
