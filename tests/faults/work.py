"""Topics with a load on them, the workers of their app, and the comparison of what came of it."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from detector.topics import apply
from harness.spine import Spine
from schemas.topics import ALERTS, DEAD_LETTERS, HEALTH, IN_TOPICS, changelogs, topics
from tests.faults.checker import Verdict, compare
from tests.faults.crew import HANGING_SECONDS, WORKER, Crew, Hand
from tests.faults.expected import Outcome, outcome
from tests.faults.feed import Feed, Pace

SESSION_SECONDS: Final = 3.0
"""Of a worker in a fault test: a killed one is missed after so long."""

_GLANCE: Final = 0.5


class Work:
    """A feed in topics of its own, made at once; `front` is where workers find the brokers (default: as we do).

    `replicas` are those of the topics. Prefixes of all works have one length.
    """

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        feed: Feed,
        *,
        front: str | None = None,
        replicas: int = 1,
        session: float = SESSION_SECONDS,
    ) -> None:
        self.bootstrap, self.front, self.folder, self.feed = bootstrap, front or bootstrap, folder, feed
        self.session = session
        self.prefix = f"f{time.time_ns() % 10**9:09d}-"
        self.app_id = f"{self.prefix}app"
        self._spine = Spine(bootstrap, self.prefix, folder, live=feed.live, partitions=feed.partitions)
        wanted = topics(partitions=feed.partitions, prefix=self.prefix, imports=not feed.live, app_id=self.app_id)
        apply({"bootstrap_servers": bootstrap.split(",")}, wanted, replicas=replicas)

    def send(self, **how: Any) -> None:
        """Send the feed; see `Feed.send`."""
        self.feed.send(self.bootstrap, self.prefix, **how)

    @contextmanager
    def sending(self, *, rate: float) -> Iterator[Pace]:
        """Send the feed while the block runs; see `Feed.sending`."""
        with self.feed.sending(self.bootstrap, self.prefix, rate=rate) as pace:
            yield pace

    def hire(
        self,
        *,
        die_at: str = "",
        slow_ms: float = 0,
        clock_shift: float = 0,
        module: str = WORKER,
        **settings: object,
    ) -> Hand:
        """Start a worker, of another release perhaps (`module`).

        `settings` are further ones of `detector worker`, `clock_shift` is in seconds.
        """
        whole = {
            "brokers": self.front,
            "topic_prefix": self.prefix,
            "app_id": self.app_id,
            "record_time": "log_append" if self.feed.live else "create",
            "session_timeout_seconds": self.session,
            "http_port": 0,
            "log_format": "console",
            **settings,
        }
        words = [f"{name}={value}" for name, value in whole.items()]
        log = self.folder / f"worker-{self.prefix}{time.monotonic_ns()}.log"
        points = ["--die-at", die_at, "--slow-ms", str(slow_ms), "--clock-shift", str(clock_shift)]
        return Hand([*points, "--", *words], log, module)

    def crew(self, size: int = 1, **settings: Any) -> Crew:
        """Workers that are started again when they end; a context manager."""

        def hire(**more: Any) -> Hand:
            return self.hire(**settings | more)

        return Crew(hire, size, slow="slow_ms" in settings)

    def committed(self) -> int:
        """Records that the app has committed, summed over the in-topics; raises KafkaError where no broker says so."""
        return asyncio.run(self._offsets())[0]

    def settled_offsets(self) -> int:
        """The same, asked until a broker says so."""
        end = time.monotonic() + HANGING_SECONDS
        while True:
            try:
                return self.committed()
            except (KafkaError, TimeoutError, OSError):
                assert time.monotonic() < end, "no broker says what was committed"
                time.sleep(_GLANCE)

    def behind(self) -> int:
        """Records of the in-topics that are not committed yet."""
        committed, ends = asyncio.run(self._offsets())
        return ends - committed

    async def _offsets(self) -> tuple[int, int]:
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.app_id, enable_auto_commit=False)
        async with asyncio.timeout(10):
            try:
                await reader.start()
                numbers = range(self.feed.partitions)
                places = [TopicPartition(self.prefix + topic, number) for topic in IN_TOPICS for number in numbers]
                ends = await reader.end_offsets(places)
                return sum([await reader.committed(place) or 0 for place in places]), sum(ends.values())
            finally:
                await reader.stop()

    def applied(self, share: float) -> bool:
        """Whether this share of the feed is committed; false while no broker answers."""
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            return self.committed() >= share * self.feed.count
        return False

    def gets_on(self, crew: Crew, *, what: str = "a commit") -> float:
        """Tend the crew until more is committed than now, and give the seconds; there must be something left to do."""
        before = self.settled_offsets()
        assert before < self.feed.count, "the load is done already: it is too small"
        return crew.wait(lambda: self.applied((before + 1) / self.feed.count), what=what)

    def settle(self, crew: Crew, *, limit: float = 600) -> float:
        """Tend the crew until all that was sent is committed, stop everybody, and give the seconds to the commit.

        Those who are slow are relieved first.
        """
        if crew.slow:
            crew.relieve()
        took = crew.wait(self.done, limit=limit, what="the end of the feed")
        crew.stop()
        return took

    def done(self) -> bool:
        """Whether all that is in the in-topics is committed, the whole feed at least; false while no broker answers."""
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            return self.committed() >= self.feed.count and not self.behind()
        return False

    def verdict(self) -> Verdict:
        """Compare what is in the topics with the pure replay of the in-topics as they are."""
        log = self.log()
        sent = sum(map(len, log.values()))
        assert sent >= self.feed.count, f"the log itself lacks {self.feed.count - sent} records"
        return self.compared(outcome(log, self.prefix, self.feed.partitions))

    def log(self) -> dict[str, Sequence[Any]]:
        """The records of each in-topic."""
        return {self.prefix + topic: self._spine.read(self.prefix + topic) for topic in IN_TOPICS}

    def compared(self, expected: Outcome) -> Verdict:
        """Compare what is in the topics with what must be there."""
        read = self._spine.read
        return compare(
            expected,
            alerts=self.alerts(),
            states=self._spine.state(),
            health={record.key: record.value for record in read(self.prefix + HEALTH)},
            letters=read(self.prefix + DEAD_LETTERS),
            behind=self.behind(),
        )

    def alter(self, topic: str, settings: dict[str, str]) -> None:
        """Give a topic these settings, in place of those it was made with."""
        asyncio.run(self._alter(topic, settings))

    async def _alter(self, topic: str, settings: dict[str, str]) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])
        finally:
            await admin.close()

    def changelog_size(self) -> tuple[int, int]:
        """Offsets given in the changelog, and records that are still there."""
        records = self._spine.read(f"{self.app_id}-accounts-changelog")
        last = {record.partition: record.offset for record in records}
        return sum(last.values()), len(records)

    def export(self) -> Path:
        """The in-topics in a file, as `detector export` writes it."""
        return self._spine.export(self.folder / f"export-{self.prefix}.ndjson")

    def alerts(self) -> list[bytes]:
        """The alerts as published, by partition and offset."""
        return [record.value for record in self._spine.read(self.prefix + ALERTS)]

    def states(self) -> dict[bytes, bytes]:
        """The latest record of every account in the changelog."""
        return self._spine.state()

    def letters(self) -> list[Any]:
        """The dead letters as published, by partition and offset."""
        return self._spine.read(self.prefix + DEAD_LETTERS)

    def changelog(self) -> list[Any]:
        """Every record of the changelog, those of partitions too."""
        return self._spine.read(changelogs(self.app_id)[0].name)

    def drain(self, crew: Crew, *, limit: float = 600) -> float:
        """As `settle`, of whatever is in the log beside the feed: until nothing is left."""
        took = crew.wait(lambda: self.behind() == 0, limit=limit, what="the end of the log")
        crew.stop()
        return took
