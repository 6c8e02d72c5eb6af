"""P8: neither an event's wrong time nor the worker's wrong clock moves the partition's clock or changes an alert."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from detector.codec import partition_of
from detector.domain.state import PARTITION_KEY, decode_partition_record
from detector.files.log import Sent
from harness.load import DAY_MS
from schemas.topics import USAGE
from tests.faults.feed import Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

YEAR_9999_MS: Final = 253_370_764_800_000
HOURS: Final = (-2, 2)
_EVERY: Final = 4
_REASON: Final = b"timestamp_out_of_range"


def skewed(feed: Feed, share: float) -> Iterator[Sent]:
    """This share of the feed's records once more, as events of their account that occurred when they cannot have.

    Every fourth is of the year 9999 by its record's own timestamp too.
    """
    for number, sent in enumerate(feed.records[:: round(1 / share)]):
        wrong = sent.timestamp + 365 * DAY_MS, sent.timestamp + 600_000, 0, YEAR_9999_MS
        key = sent.key or b""
        event = {
            "event_id": f"skewed-{number}",
            "event_type": "usage.recorded",
            "account_id": key.decode(),
            "occurred_at": wrong[number % _EVERY],
            "source": "skewed",
            "count": 1_000,
        }
        recorded = YEAR_9999_MS if number % (_EVERY * _EVERY) == _EVERY - 1 else sent.timestamp
        yield Sent(USAGE, partition_of(key, feed.partitions), recorded, key, json.dumps(event).encode())


def play(stage: Stage) -> None:
    """The load alone, then with skewed events, to workers whose clocks are two hours off either way."""
    events, accounts = stage.sized(short=(4_000, 150), full=(200_000, 5_000))
    with stage.broker() as broker:
        plain = stage.work(broker, stage.feed(events, accounts))
        plain.send()
        with plain.crew(1) as crew:
            plain.settle(crew)
        wanted, clocks = _said(plain), _clocks(plain)
        for hours in HOURS:
            feed = stage.feed(events, accounts)
            work = stage.work(broker, feed)
            share = stage.sized(short=0.01, full=0.001)
            wrong = list(skewed(feed, share))
            work.send(records=_woven(feed.records, wrong, round(1 / share)))
            with work.crew(1, clock_shift=hours * 3_600) as crew:
                work.drain(crew)
            stage.judge(work)
            refused = [letter for letter in work.letters() if dict(letter.headers)["dlq.reason"] == _REASON]
            assert len(refused) == len(wrong), f"{len(refused)} of {len(wrong)} skewed events are dead letters"
            assert _said(work) == wanted, "the alerts are not those of the load alone"
            assert _clocks(work) == clocks, "a skewed event moved a clock"
            stage.figure(f"skewed events, clock {hours:+d} h", len(wrong))
            stage.rounds_done += 1


def _woven(records: Sequence[Sent], wrong: Sequence[Sent], step: int) -> Iterator[Sent]:
    """Each wrong one before the record that it was made of, so that it is judged at that very time."""
    for number, sent in enumerate(records):
        if number % step == 0:
            yield wrong[number // step]
        yield sent


def _said(work: Work) -> Counter[str]:
    """The alerts without their place in the log, which the skewed events move on."""
    bodies: list[dict[str, Any]] = [json.loads(body) for body in work.alerts()]
    return Counter(json.dumps({**body, "trigger": None}, sort_keys=True) for body in bodies)


def _clocks(work: Work) -> dict[int, int]:
    """Each partition's clock, as its last record in the changelog says."""
    records = [record for record in work.changelog() if record.key == PARTITION_KEY]
    return {record.partition: decode_partition_record(record.value).clock for record in records}


PROMISE = Promise("P8", "wrong times of events and workers change nothing but themselves", play)
