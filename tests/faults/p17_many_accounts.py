"""P17: as many accounts as one worker can have: what they cost in memory, and how soon it is back after a kill."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, Final

from detector.codec import partition_of
from detector.files.broker import Access
from detector.files.digest import Digest
from detector.files.emit import Plan, emit, heartbeat
from detector.files.log import Sent
from schemas.topics import CONTROL, CRM, IN_TOPICS, SUPPORT, USAGE
from tests.faults.checker import Verdict
from tests.faults.feed import PATIENCE_SECONDS, START_MS, Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface
from tests.faults.work import SESSION_SECONDS, Work

MIB: Final = 1 << 20
BYTES_EACH: Final = 350
MIB_AT_REST: Final = 300
MIB_OF_A_FEW: Final = 130
"""In a short round, beyond what a worker takes that has nothing to do: batches, what is not given back; 96 measured."""
SECONDS_AFTER_SESSION: Final = 60
EACH: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (USAGE, {"event_type": "usage.recorded", "stakeholder_id": "s1"}),
    (SUPPORT, {"event_type": "ticket.created", "ticket_id": "t1", "priority": "normal", "category": "question"}),
    (CRM, {"event_type": "touch.logged", "direction": "inbound", "kind": "call"}),
)


class Many(Feed):
    """Three events of each of `accounts` accounts, made as they are sent: a list of them would not fit."""

    def __init__(self, accounts: int, partitions: int = 8) -> None:
        self.accounts, self.partitions, self.live = accounts, partitions, False
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
        at_rest = stage.sized(short=_bare(work, surface) + MIB_OF_A_FEW, full=MIB_AT_REST)
        work.send()
        with work.crew(1, http_port=surface.port) as crew:
            took = crew.wait(lambda: work.applied(1), limit=3_600, what="the end of the feed")
            stage.figure("events/s", feed.count / took)
            crew.wait(lambda: surface.values()["detector_state_accounts"] == feed.accounts, what="the last account")
            _weigh(stage, surface, feed.accounts, at_rest, "")
            before = Digest(work.states().items())
            (hand,) = crew.hands
            crew.kill(hand)
            began = time.monotonic()
            crew.tend()
            crew.hands[0].hear("READY", limit=SESSION_SECONDS + SECONDS_AFTER_SESSION)
            stage.figure("ready after kill s", time.monotonic() - began)
            _weigh(stage, surface, feed.accounts, at_rest, ", restarted")
            crew.stop()
        _all_there(stage, work, feed, before)


def _bare(work: Work, surface: Surface) -> float:
    """The memory in MiB of a worker that has nothing to do."""
    with work.crew(1, http_port=surface.port) as crew:
        crew.hands[0].hear("READY")
        rss = surface.values()["process_resident_memory_bytes"]
        crew.stop()
    return rss / MIB


def _weigh(stage: Stage, surface: Surface, accounts: int, at_rest: float, when: str) -> None:
    shown = surface.values()
    record, rss = shown["detector_state_bytes"], shown["process_resident_memory_bytes"]
    allowed = record + BYTES_EACH * accounts + at_rest * MIB
    stage.figure(f"RSS MiB{when}", rss / MIB)
    stage.figure(f"allowed MiB{when}", allowed / MIB)
    assert shown["detector_state_accounts"] == accounts, f"{shown['detector_state_accounts']:.0f} accounts are there"
    assert rss <= allowed, f"RSS {rss / MIB:.0f} MiB, {allowed / MIB:.0f} are allowed{when}"


def _all_there(stage: Stage, work: Work, feed: Many, before: Digest) -> None:
    """Every account is there, and the state is that of before the kill: few are compared with the replay, too."""
    states = work.states()
    kept = sum(key.startswith(b"a/") for key in states)
    assert kept == feed.accounts, f"{kept} accounts are in the changelog"
    changed = str(Digest(states.items())) != str(before)
    stage.hold(Verdict(states=int(changed), behind=work.behind()), "the state before and after the kill")
    if stage.scale != "full":
        stage.judge(work)


PROMISE = Promise("P17", "many accounts: memory is bounded, and a killed worker is soon back", play)
