"""P18 and P19: a backlog and a flood are worked off without a rebalance and in flat memory."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.faults.crew import Crew, Hand
from tests.faults.feed import Feed
from tests.faults.latency import watched
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface
from tests.faults.work import Work

LIVE_RATES: Final = {"short": 150.0, "full": 250.0}
"""Records a second that the play itself sends as live ones, by which catching up is measured; a short load has a daily
evaluation of an account for every two records, which cost more than those."""
NEARLY_ALL: Final = 0.8
"""Of the live load, which comes at that rate for so long."""
TIMES_LIVE: Final = 5
RSS_RATIO: Final = 1.5
RSS_MORE_MIB: Final = 100.0
IN_FLIGHT: Final = 1_000
"""Records that a worker holds of a topic-partition before it fetches no more: few, so that it comes to that."""

GENERATION: Final = "detector_group_generation"


def backlog(stage: Stage) -> None:
    """Everything is there before the worker starts; what it publishes is what a worker published that kept up.

    Where others have the machine the rate is that of the worker's own CPU time.
    """
    surface, live_rate = Surface(), stage.sized(short=LIVE_RATES["short"], full=LIVE_RATES["full"])
    with stage.broker() as broker:
        feed = _load(stage)
        live, late = stage.work(broker, feed), stage.work(broker, feed)
        with _one_worker(live, surface) as crew:
            with live.sending(rate=live_rate):
                crew.wait(lambda: live.applied(NEARLY_ALL), limit=3_600, what="most of the feed")
                steady = crew.rss_peak
            live.settle(crew)
        stage.judge(live)
        late.send()
        with _one_worker(late, surface) as crew, _bounded(stage, late, crew.hands[0], surface):
            (hand,) = crew.hands
            began, cpu_before = time.monotonic(), hand.cpu_seconds()
            crew.wait(lambda: late.applied(1), limit=3_600, what="the end of the feed")
            wall, cpu = time.monotonic() - began, hand.cpu_seconds() - cpu_before
            busy = os.getloadavg()[0] > (os.cpu_count() or 1)
            rate = feed.count / (cpu if busy else wall)
            peak = crew.rss_peak
        stage.judge(late)
        old, new = live.prefix.encode(), late.prefix.encode()
        assert [body.replace(old, new) for body in live.alerts()] == late.alerts(), (
            "catching up, it published other alerts"
        )
        stage.figure(f"records/s{' of its CPU' if busy else ''} catching up, {live_rate:.0f} live", rate)
        stage.figure("catching up s", wall)
        stage.figure("RSS steady and catching up, MiB", [round(steady), round(peak)])
        assert rate >= TIMES_LIVE * live_rate, f"{rate:.0f} records/s in catching up, {live_rate:.0f} live"
        assert peak <= RSS_RATIO * steady, f"{peak:.0f} MiB catching up, {steady:.0f} before"


def flood(stage: Stage) -> None:
    """A worker that has little to do gets everything at once."""
    surface = Surface()
    with stage.broker() as broker:
        work = stage.work(broker, _load(stage))
        tenth = len(work.feed.records) // 10
        work.send(records=work.feed.records[:tenth], end=False)
        with _one_worker(work, surface) as crew:
            (hand,) = crew.hands
            hand.hear("CHECKPOINT", times=3)
            before = hand.rss_for(2)
            with _bounded(stage, work, hand, surface):
                work.send(records=work.feed.records[tenth:])
                crew.wait(work.done, limit=3_600, what="the end of the feed")
            stage.figure("RSS before and at most, MiB", [round(before), round(crew.rss_peak)])
            assert crew.rss_peak <= before + RSS_MORE_MIB, f"{crew.rss_peak:.0f} MiB in the flood, {before:.0f} before"
        stage.judge(work)


def _load(stage: Stage) -> Feed:
    """More on each topic-partition than is held of it."""
    events, accounts, partitions = stage.sized(short=(12_000, 200, 2), full=(200_000, 5_000, 8))
    return stage.feed(events, accounts, partitions=partitions)


@contextmanager
def _one_worker(work: Work, surface: Surface) -> Iterator[Crew]:
    """A worker that is ready, and is stopped in the end."""
    with work.crew(1, http_port=surface.port, in_flight_records=IN_FLIGHT) as crew:
        crew.hands[0].hear("READY")
        yield crew
        crew.stop()


@contextmanager
def _bounded(stage: Stage, work: Work, hand: Hand, surface: Surface) -> Iterator[None]:
    """Meanwhile there is more than may be held, the worker holds back from fetching, and no partition moves."""
    generation = surface.values()[GENERATION]
    with watched(work) as looks:
        yield
    lag = max(end - look.committed[place] for look in looks for place, end in look.ends.items())
    stage.figure("most records behind on a topic-partition", lag)
    assert lag > IN_FLIGHT, f"at most {lag} records of a topic-partition were left, {IN_FLIGHT} may be held"
    assert hand.heard("HELD"), "it never held back from fetching"
    assert surface.values()[GENERATION] == generation, "the group's generation changed"
    assert hand.count("ASSIGNED") == 1, "there was a rebalance"


PROMISES = (
    Promise("P18", "a backlog is caught up with the same alerts, without a rebalance", backlog),
    Promise("P19", "a flood neither fills the memory nor costs the partitions", flood),
)
