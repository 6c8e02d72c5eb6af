"""P9: a poison pill costs only itself: everything of two public corpora of bad input, one among ten good records."""

import asyncio
import json
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from detector.codec import partition_of
from detector.files.log import Sent
from schemas.topics import IN_TOPICS, USAGE
from tests.codec.corpus import json_cases, naughty_strings
from tests.faults.feed import Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

GOOD_A_PILL: Final = 10
_LOOK_SECONDS: Final = 0.05
_P99: Final = 0.99
_LEAST_SECONDS: Final = 1.0
"""A second between two checkpoints: less is chance."""


def pills() -> list[tuple[bytes | None, bytes, tuple[tuple[str, bytes], ...]]]:
    """Key, value and headers: each case as a value, as a key, as a header, and each text as an account of its own."""
    texts = [text.encode("utf-8", "surrogatepass") for text in naughty_strings()]
    cases = [*(case for _, _, case in json_cases()), *texts]
    found: list[tuple[bytes | None, bytes, tuple[tuple[str, bytes], ...]]] = []
    for number, case in enumerate(cases):
        good = _event(f"pill-{number}", "account-00001")
        found.append((b"account-00001", case, ()))
        found.append((case, good, ()))
        found.append((b"account-00001", good, (("content-type", case), ("ce_specversion", case), ("ce_id", case))))
    found += [(text, _event(f"own-{number}", naughty_strings()[number]), ()) for number, text in enumerate(texts)]
    return found


def _event(name: str, account: str) -> bytes:
    whole = {"event_id": name, "event_type": "usage.recorded", "account_id": account, "occurred_at": 0, "count": 3}
    return json.dumps(whole | {"stakeholder_id": account, "feature": account[:60], "source": account}).encode()


def poisoned(feed: Feed, every: int) -> Iterator[Sent]:
    """The feed with every so-many-th pill, one after ten good records, recorded at the same time."""
    left = iter(pills()[::every])
    for number, sent in zip(count(1), feed.records, strict=False):
        yield sent
        if number % GOOD_A_PILL == 0 and (pill := next(left, None)):
            key, value, headers = pill
            told = value.replace(b'"occurred_at": 0', b'"occurred_at": %d' % sent.timestamp)
            yield Sent(USAGE, partition_of(key or b"", feed.partitions), sent.timestamp, key, told, headers)


def play(stage: Stage) -> None:
    """The load alone, then with the pills in it, to one worker that nobody starts again."""
    every = stage.sized(smoke=24, short=8, full=1)
    events = len(pills()[::every]) * GOOD_A_PILL
    accounts = stage.sized(smoke=40, short=300, full=1_000)
    rate = stage.sized(smoke=0, short=100, full=400)
    with stage.broker() as broker:
        latencies = {}
        for name in ("alone", "poisoned"):
            if name == "alone" and not rate:
                continue
            feed = stage.feed(events, accounts, bad=0, days=5)
            work = stage.work(broker, feed)
            records = feed.records if name == "alone" else list(poisoned(feed, every))
            with work.crew(1) as crew:
                crew.hands[0].hear("READY")
                with watched(work) as looks:
                    work.feed.send(work.bootstrap, work.prefix, rate=rate, records=records)
                    work.drain(crew)
                assert [*crew.exits] == [0], f"a pill ended the worker: {crew.exits}"
            latencies[name] = p99(looks)
            stage.figure(f"p99 {name} (s)", f"{latencies[name]:.2f}")
        stage.figure("pills", len(records) - len(feed.records))
        stage.judge(work)
        stage.rounds_done = 1
    if rate:
        most = 2 * max(latencies["alone"], _LEAST_SECONDS)
        assert latencies["poisoned"] <= most, f"good records waited longer: {latencies}"


@contextmanager
def watched(work: Work) -> Iterator[list[tuple[float, int, int]]]:
    """Look at the log's end and at what is committed of it while the block runs: (seconds, records, committed)."""
    looks: list[tuple[float, int, int]] = []
    over = threading.Event()

    async def look() -> None:
        reader = AIOKafkaConsumer(bootstrap_servers=work.bootstrap, group_id=work.app_id, enable_auto_commit=False)
        await reader.start()
        numbers = range(work.feed.partitions)
        places = [TopicPartition(work.prefix + topic, number) for topic in IN_TOPICS for number in numbers]
        try:
            while not over.is_set():
                ends = await reader.end_offsets(places)
                committed = await reader._coordinator.fetch_committed_offsets(places)
                done = sum(max(0, found.offset) for found in committed.values())
                looks.append((time.monotonic(), sum(ends.values()), done))
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await reader.stop()

    thread = threading.Thread(target=lambda: asyncio.run(look()), daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def p99(looks: Sequence[tuple[float, int, int]]) -> float:
    """The seconds after which 99% of the records were committed, by the looks at which each was first seen and done."""
    sent, done = [records for _, records, _ in looks], [committed for _, _, committed in looks]
    times = [at for at, _, _ in looks]
    waited = sorted(
        times[min(bisect_left(done, number), len(times) - 1)] - times[bisect_left(sent, number)]
        for number in range(1, max(done) + 1)
    )
    return waited[int(_P99 * (len(waited) - 1))]


PROMISE = Promise("P9", "a record that cannot be used costs only itself", play, smoke=True)
