"""P10d: large records that cannot be used are kept whole, and however many there are the memory stays bounded."""

from collections.abc import Iterator
from random import Random
from typing import Final

from detector.files.log import Sent
from schemas.topics import CRM
from tests.faults.feed import Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage

LARGE_BYTES: Final = 500_000
RSS_MORE_MIB: Final = 200.0
"""Of two partitions: each may have 16 MiB of them waiting, the same again on its way out, and what was fetched."""

_STEADY_SECONDS: Final = 2.0


def play(stage: Stage) -> None:
    """A worker that has worked off its feed gets nothing but large records that are no JSON, of no source."""
    count = stage.sized(short=1_000, full=2_500)
    feed = stage.feed(2_000, 100, partitions=2)
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        work.send(end=False)
        with work.crew(1, dead_letter_limit=False) as crew:
            crew.wait(lambda: work.applied(0.9), what="most of the feed")
            before = crew.hands[0].rss_for(_STEADY_SECONDS)
            work.send(records=large(feed, count, stage.random))
            stage.figure("seconds", work.drain(crew))
            stage.figure("MiB sent", count * LARGE_BYTES >> 20)
            stage.figure("RSS before and at most, MiB", [round(before), round(crew.rss_peak)])
            assert set(crew.exits) == {0}, f"exits: {crew.exits}"
        stage.judge(work)
        assert crew.rss_peak <= before + RSS_MORE_MIB, f"{crew.rss_peak:.0f} MiB, {before:.0f} before"


def large(feed: Feed, count: int, random: Random) -> Iterator[Sent]:
    """Records that do not get smaller by compression, at the end of the feed's time."""
    for number in range(count):
        yield Sent(CRM, number % feed.partitions, feed.load.end_ms, b"acme", b"{" + random.randbytes(LARGE_BYTES))


PROMISE = Promise("P10d", "large dead letters do not fill the memory", play)
