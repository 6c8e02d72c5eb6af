"""P9: a poison pill costs only itself: everything of two public corpora of bad input, one among ten good records."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Final

from detector.codec import partition_of
from detector.files.log import Sent
from schemas.topics import USAGE
from tests.codec.corpus import json_cases, naughty_strings
from tests.faults.feed import Feed
from tests.faults.latency import LEAST_SECONDS, p99, watched
from tests.faults.promise import Promise
from tests.faults.stage import Stage

GOOD_A_PILL: Final = 10


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
    if rate:
        most = 2 * max(latencies["alone"], LEAST_SECONDS)
        assert latencies["poisoned"] <= most, f"good records waited longer: {latencies}"


PROMISE = Promise("P9", "a record that cannot be used costs only itself", play, smoke=True)
