"""A seeded load as records: good ones in record-time order, some told twice, some late, some that cannot be used."""

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from random import Random
from typing import Final

from detector.codec import partition_of
from detector.domain.events import TOPIC_OF
from detector.files.broker import Access
from detector.files.emit import Plan, emit, heartbeat
from detector.files.log import Sent
from harness.load import DAY_MS, Load
from schemas.topics import CONTROL, IN_TOPICS

START_MS: Final = 1_767_571_200_000
"""Monday 2026-01-05, 00:00 UTC."""

PATIENCE_SECONDS: Final = 300.0
"""So long a sender goes on trying while no broker acknowledges anything."""

HURRIED_RATE: Final = 1_000.0

BAD: Final[tuple[bytes | None, ...]] = (
    b"",
    b"{",
    b"[1,2]",
    b'{"event_id": NaN}',
    b'{"event_id":"\xff"}',
    b'{"event_id":"e","event_type":"usage.dreamt","account_id":"a","occurred_at":1767571200000}',
    b'{"event_id":"e","event_type":"usage.recorded","account_id":"somebody else","occurred_at":1767571200000}',
    b"[" * 3_000,
    None,
)


class Feed:
    """`events` records of `accounts` accounts over `days` days, and in the end a heartbeat on every partition.

    The same arguments give the same records. `bad` is the share of records that cannot be used. A `live` one is for
    topics whose brokers give the time, where nothing has an end: no heartbeats.
    """

    def __init__(
        self,
        events: int,
        accounts: int,
        seed: int,
        *,
        partitions: int = 4,
        days: float = 60,
        bad: float = 0.005,
        start_ms: int = START_MS,
        live: bool = False,
    ) -> None:
        self.partitions = partitions
        self.live = live
        self.load = Load(events, accounts, start_ms, days, seed=seed)
        self.records = list(self._records(Random(seed), bad))
        self.count = len(self.records) + len(list(self.ending()))
        """Records that are sent, heartbeats included."""

    def _records(self, random: Random, bad: float) -> Iterator[Sent]:
        for event in self.load.events():
            time, key = event.pop("_record_time"), event["account_id"].encode()
            value: bytes | None = json.dumps(event).encode()
            if random.random() < bad:
                value = random.choice(BAD)
            yield Sent(TOPIC_OF[event["event_type"]], partition_of(key, self.partitions), time, key, value)

    def ending(self) -> Iterator[Sent]:
        """The heartbeats that say that nothing more comes."""
        for topic in () if self.live else IN_TOPICS:
            for number in range(self.partitions):
                yield heartbeat(topic, number, self.load.end_ms + DAY_MS)

    def send(
        self, bootstrap: str, prefix: str, *, rate: float = 0, records: Iterable[Sent] | None = None, end: bool = True
    ) -> None:
        """Send it all, each record once, at most `rate` a second (0: no limit).

        `records` stand in for those of the feed; without `end` no heartbeats follow.
        """
        whole = chain(self.records if records is None else records, self.ending() if end else ())
        access = Access({"bootstrap_servers": bootstrap.split(",")}, PATIENCE_SECONDS)
        asyncio.run(emit(access, Plan(IN_TOPICS, CONTROL, live=self.live, rate=rate, prefix=prefix), whole))

    @contextmanager
    def sending(self, bootstrap: str, prefix: str, *, rate: float) -> Iterator["Pace"]:
        """Send it from a thread, `rate` a second until the pace is told to hurry; at the block's end it hurries."""
        failed: list[BaseException] = []
        pace = Pace(rate)

        def work() -> None:
            try:
                self.send(bootstrap, prefix, rate=max(rate, HURRIED_RATE), records=pace.kept(self.records))
            except BaseException as error:  # noqa: BLE001 - told below
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield pace
        finally:
            pace.hurry()
            thread.join()
        if failed:
            raise failed[0]


class Pace:
    """Holds records back to so many a second, until it is told to hurry."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._hurried = threading.Event()

    def hurry(self) -> None:
        """What is left is sent at once."""
        self._hurried.set()

    def kept(self, records: Iterable[Sent]) -> Iterator[Sent]:
        """The records, each at its time."""
        began = time.monotonic()
        for number, record in enumerate(records):
            late = began + number / self._rate - time.monotonic()
            if late > 0:
                self._hurried.wait(late)
            yield record
