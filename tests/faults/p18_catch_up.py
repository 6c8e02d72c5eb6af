"""P18 and P19: a backlog and a flood are worked off without a rebalance and in flat memory."""

import time
from typing import Final

from tests.faults.crew import Hand
from tests.faults.promise import Promise
from tests.faults.stage import Stage

LIVE_RATE: Final = 250.0
TIMES_LIVE: Final = 5
RSS_RATIO: Final = 1.5
RSS_MORE_MIB: Final = 100.0


def backlog(stage: Stage) -> None:
    """Everything is there before the worker starts; what it publishes is what a worker published that kept up."""
    with stage.broker() as broker:
        feed = stage.load()
        live, late = stage.work(broker, feed), stage.work(broker, feed)
        late.send()
        rates = []
        for work in (live, late):
            with work.crew(1) as crew:
                crew.hands[0].hear("READY")
                began = time.monotonic()
                if work is live:
                    with work.sending(rate=LIVE_RATE):
                        steady = _rss(crew.hands[0], 5)
                crew.wait(lambda work=work: work.applied(1), limit=3_600, what="the end of the feed")  # type: ignore[misc]
                rates.append(feed.count / (time.monotonic() - began))
                (hand,) = crew.hands
                peak = crew.rss_peak
                work.settle(crew)
            assert hand.count("ASSIGNED") == 1, "there was a rebalance"
            stage.judge(work)
        old, new = live.prefix.encode(), late.prefix.encode()
        assert [body.replace(old, new) for body in live.alerts()] == late.alerts(), (
            "catching up, it published other alerts"
        )
        stage.figure("records/s catching up", rates[1])
        stage.figure("RSS steady and catching up, MiB", [round(steady), round(peak)])
        assert rates[1] >= TIMES_LIVE * LIVE_RATE, f"{rates[1]:.0f} records/s in catching up, {LIVE_RATE:.0f} live"
        assert peak <= RSS_RATIO * steady, f"{peak:.0f} MiB catching up, {steady:.0f} before"
        stage.rounds_done = 1


def flood(stage: Stage) -> None:
    """A worker that has little to do gets everything at once."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        tenth = len(work.feed.records) // 10
        work.send(records=work.feed.records[:tenth], end=False)
        with work.crew(1) as crew:
            (hand,) = crew.hands
            hand.hear("CHECKPOINT", times=3)
            before = _rss(hand, 2)
            work.send(records=work.feed.records[tenth:])
            work.settle(crew)
            stage.figure("RSS before and at most, MiB", [round(before), round(crew.rss_peak)])
            assert hand.count("ASSIGNED") == 1, "there was a rebalance"
            assert crew.rss_peak <= before + RSS_MORE_MIB, f"{crew.rss_peak:.0f} MiB in the flood, {before:.0f} before"
        stage.judge(work)
        stage.rounds_done = 1


def _rss(hand: Hand, seconds: float) -> float:
    end, peak = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        peak = max(peak, hand.rss_mib())
        time.sleep(0.2)
    return peak


PROMISES = (
    Promise("P18", "a backlog is caught up with the same alerts, without a rebalance", backlog),
    Promise("P19", "a flood neither fills the memory nor costs the partitions", flood),
)
