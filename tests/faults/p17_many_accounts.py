"""P17: as many accounts as one worker can have: what they cost in memory, and how soon it is back after a kill."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, Final

from detector.codec import partition_of
from detector.files.broker import Access
from detector.files.emit import Plan, emit, heartbeat
from detector.files.log import Sent
from schemas.topics import CONTROL, CRM, IN_TOPICS, SUPPORT, USAGE
from tests.faults.feed import PATIENCE_SECONDS, START_MS, Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface
from tests.faults.work import SESSION_SECONDS, Work

MIB: Final = 1 << 20
BYTES_EACH: Final = 350
MIB_AT_REST: Final = 300
SECONDS_AFTER_SESSION: Final = 60
EACH: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (USAGE, {"event_type": "usage.recorded", "stakeholder_id": "s1"}),
    (SUPPORT, {"event_type": "ticket.created", "ticket_id": "t1", "priority": "normal", "category": "question"}),
    (CRM, {"event_type": "touch.logged", "direction": "inbound", "kind": "call"}),
)


class Many(Feed):
    """Three events of each of `accounts` accounts, made as they are sent: a list of them would not fit."""

    def __init__(self, accounts: int, partitions: int = 8) -> None:
        self.accounts, self.partitions = accounts, partitions
        self.count = len(EACH) * accounts + len(IN_TOPICS) * partitions

    def each(self) -> Iterator[Sent]:
        """The records in the order of their time, and the heartbeats that end them."""
        for number in range(self.accounts):
            account, now = f"account-{number:07d}", START_MS + number
            key = account.encode()
            place = partition_of(key, self.partitions)
            for topic, own in EACH:
                event = own | {"event_id": f"{number}-{topic}", "account_id": account, "occurred_at": now}
                yield Sent(topic, place, now, key, json.dumps(event).encode())
        for topic in IN_TOPICS:
            for place in range(self.partitions):
                yield heartbeat(topic, place, START_MS + self.accounts + 1)

    def send(self, bootstrap: str, prefix: str, **_: Any) -> None:
        """Send it all as fast as can be."""
        access = Access({"bootstrap_servers": bootstrap.split(",")}, PATIENCE_SECONDS)
        asyncio.run(emit(access, Plan(IN_TOPICS, CONTROL, prefix=prefix), self.each()))


def play(stage: Stage) -> None:
    """All are folded in, the worker is killed, and another has them in memory again."""
    feed = Many(stage.sized(short=10_000, full=1_000_000))
    surface = Surface()
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        work.send()
        with work.crew(1, http_port=surface.port) as crew:
            took = crew.wait(lambda: work.applied(1), limit=3_600, what="the end of the feed")
            stage.figure("events/s", feed.count / took)
            crew.wait(lambda: surface.values()["detector_state_accounts"] == feed.accounts, what="the last account")
            _weigh(stage, surface, feed.accounts, "")
            (hand,) = crew.hands
            crew.kill(hand)
            began = time.monotonic()
            crew.tend()
            crew.hands[0].hear("READY", limit=SESSION_SECONDS + SECONDS_AFTER_SESSION)
            stage.figure("ready after kill s", time.monotonic() - began)
            _weigh(stage, surface, feed.accounts, ", restarted")
            crew.stop()
        _all_there(work, feed)
        stage.rounds_done = 1


def _weigh(stage: Stage, surface: Surface, accounts: int, when: str) -> None:
    shown = surface.values()
    record, rss = shown["detector_state_bytes"], shown["process_resident_memory_bytes"]
    allowed = record + BYTES_EACH * accounts + MIB_AT_REST * MIB
    stage.figure(f"RSS MiB{when}", rss / MIB)
    stage.figure(f"allowed MiB{when}", allowed / MIB)
    assert shown["detector_state_accounts"] == accounts, f"{shown['detector_state_accounts']:.0f} accounts are there"
    assert rss <= allowed, f"RSS {rss / MIB:.0f} MiB, {allowed / MIB:.0f} are allowed{when}"


def _all_there(work: Work, feed: Many) -> None:
    kept = sum(key.startswith(b"a/") for key in work.states())
    assert kept == feed.accounts, f"{kept} accounts are in the changelog"
    assert work.behind() == 0


PROMISE = Promise("P17", "many accounts: memory is bounded, and a killed worker is soon back", play)
