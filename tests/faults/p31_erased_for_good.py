"""P31: who is erased is in no byte of the changelog and of the health snapshots once they are compacted."""

import asyncio
import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from detector.domain.hot import member_hash
from harness.spine import Spine
from schemas.topics import ALERTS, CRM, HEALTH, USAGE
from tests.faults.checker import Verdict
from tests.faults.promise import Promise
from tests.faults.stage import Stage

GONE_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 0.3
PARTITIONS: Final = 2

ACCOUNT: Final = "zz-erased-account-zz"
PERSON: Final = "zz-erased-person-zz"
KEPT: Final = "zz-kept-account-zz"
TRACES: Final = {
    "the account": ACCOUNT.encode(),
    "the person": PERSON.encode(),
    "the person's hash": member_hash(PERSON),
}
IN_HEALTH: Final = ("the account", "the person")

QUICK_BROKER: Final[dict[str, object]] = {
    "log.cleaner.backoff.ms": 200,
    "log.initial.task.delay.ms": 500,
    "log.segment.delete.delay.ms": 0,
}
QUICK_TOPIC: Final = {
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "500",
    "max.compaction.lag.ms": "1000",
    "file.delete.delay.ms": "0",
}
"""What the registry says in hours, in half seconds."""


class Told:
    """Events of now, each once."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap, self._prefix = bootstrap, prefix
        self.count = 0

    def tell(self, *events: tuple[str, str, dict[str, Any]]) -> None:
        """Send events (type, account, fields), and wait until they are written."""
        asyncio.run(self._tell(events))

    async def _tell(self, events: Collection[tuple[str, str, dict[str, Any]]]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap)
        await producer.start()
        try:
            for kind, account, fields in events:
                self.count += 1
                event = {
                    "event_id": f"e{self.count}",
                    "event_type": kind,
                    "account_id": account,
                    "occurred_at": time.time_ns() // 1_000_000,
                    **fields,
                }
                topic = USAGE if kind.startswith("usage.") else CRM
                await producer.send_and_wait(self._prefix + topic, json.dumps(event).encode(), account.encode())
        finally:
            await producer.stop()


def about(account: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What makes alerts and snapshots that name the person, and leaves their hash in the hot block."""
    who = {"stakeholder_id": PERSON}
    yield "stakeholder.updated", account, {**who, "role": "sponsor"}
    yield "touch.logged", account, {**who, "direction": "inbound", "kind": "call"}
    yield "usage.recorded", account, {**who, "count": 3}
    yield "goal.acknowledged", account, {**who, "goal_id": "g"}
    yield "stakeholder.left", account, who


def traces(data: Path, topic: str) -> set[str]:
    """What of the erased is in the bytes of a topic's files, whatever they are."""
    found: set[str] = set()
    for folder in data.glob(f"{topic}-*"):
        for file in folder.iterdir():
            try:
                content = file.read_bytes()
            except FileNotFoundError:  # compaction has just taken it away
                continue
            found |= {name for name, trace in TRACES.items() if trace in content}
    return found


def hasten(bootstrap: str, *topics: str) -> None:
    """Let topics be compacted at once."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=QUICK_TOPIC) for name in topics])
    finally:
        admin.close()


def play(stage: Stage) -> None:
    """An account is erased, and in another one a person; others go on, so that segments are rolled."""
    with stage.brokers(settings=QUICK_BROKER) as brokers:
        data = brokers.cluster.nodes[0].data
        spine = Spine(brokers.direct, "p31-", stage.folder, live=True, partitions=PARTITIONS)
        spine.apply_topics()
        changelog, health = f"{spine.app_id}-accounts-changelog", spine.prefix + HEALTH
        hasten(brokers.direct, changelog, health)
        told = Told(brokers.direct, spine.prefix)
        with spine.worker() as worker:
            told.tell(*about(ACCOUNT), *about(KEPT))
            spine.wait_until_applied(worker, told.count)
            assert traces(data, changelog) == set(TRACES), "the control: the changelog should name them before"
            assert traces(data, health) == set(IN_HEALTH), "the control: the snapshots should name them before"
            told.tell(("account.erased", ACCOUNT, {}), ("stakeholder.erased", KEPT, {"stakeholder_id": PERSON}))
            began = time.monotonic()
            left = {"something"}
            while left:
                seconds = time.monotonic() - began
                assert seconds < GONE_SECONDS, f"after {seconds:.0f} s there are still {left}"
                told.tell(*(("usage.recorded", f"other-{told.count + n}", {"count": 1}) for n in range(8)))
                spine.wait_until_applied(worker, told.count)
                time.sleep(PAUSE_SECONDS)
                left = traces(data, changelog) | traces(data, health)
            stage.figure("gone after s", time.monotonic() - began)
            assert worker.stop() == 0
        kept_in = [len(traces(data, topic)) for topic in (changelog, health)]
        stage.hold(
            Verdict(states=kept_in[0], health=kept_in[1]), "what is left of the erased in changelog and snapshots"
        )
        assert f"h/default/{KEPT}".encode() in spine.state(), "who was not erased is gone too"
        holding = {folder.name.rpartition("-")[0] for folder in data.iterdir() if folder.is_dir()}
        holding = {topic for topic in holding if traces(data, topic)}
        assert holding == {spine.prefix + topic for topic in (USAGE, CRM, ALERTS)}, f"they are in {holding}"
        stage.figure("segments searched", sum(1 for _ in data.rglob("*.log")))


PROMISE = Promise("P31", "who is erased is in no byte of changelog and snapshots once compacted", play, smoke=True)
