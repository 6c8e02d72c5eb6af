"""The whole way of events through one broker: topics, files sent, workers, and what is in the topics afterwards."""

import asyncio
import time
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from detector.domain.state import PARTITION_KEY
from harness.process import HANGING_SECONDS, Worker, attempt, run, working
from schemas.topics import ALERTS, IN_TOPICS, changelogs

_POLL_SECONDS: Final = 0.3


class Spine:
    """Topics under one prefix, live or (the default) for imports; `folder` takes the logs of workers.

    Workers run the built-in pack, or that of the folder `pack`, under `app_id` (default: made of the prefix).
    """

    def __init__(
        self,
        broker: str,
        prefix: str,
        folder: Path,
        *,
        live: bool = False,
        partitions: int = 4,
        pack: Path | None = None,
        app_id: str | None = None,
    ) -> None:
        self.broker, self.prefix, self.folder, self.live, self.partitions = broker, prefix, folder, live, partitions
        self._pack = () if pack is None else ("--pack", str(pack))
        self.app_id = app_id or f"{prefix}app"
        self._where = ("--brokers", broker, "--topic-prefix", prefix)
        self._app = ("--app-id", self.app_id)

    def apply_topics(self) -> None:
        """Create the topics."""
        mode = () if self.live else ("--import",)
        run("topics", "apply", *self._where, *self._app, "--partitions", str(self.partitions), *mode)

    def emit(self, file: Path, *, until: str | None = None) -> None:
        """Send a file; `until` (RFC 3339) is said in each import partition's end."""
        mode = ("--live",) if self.live else ()
        run("emit", *self._where, *mode, *(("--until", until) if until else ()), str(file))

    def export(self, file: Path) -> Path:
        """Write the in-topics to a file, as far as the worker came."""
        run("export", *self._where, *self._app, str(file))
        return file

    def snapshot(self, folder: Path) -> Path:
        """Write the state to a folder."""
        run("snapshot", *self._where, *self._app, str(folder))
        return folder

    def reshard(self, folder: Path, in_topics: str, *more: str) -> CompletedProcess[str]:
        """Put a snapshot into the app's changelog; what came of it."""
        return attempt("reshard", *self._where, *self._app, "--in-topics", in_topics, *more, str(folder))

    def worker(self) -> AbstractContextManager[Worker]:
        """A running worker; killed at the end if it still runs."""
        mode = ("--record-time", "log_append" if self.live else "create", "--session-timeout-seconds", "6")
        surface = ("--http-port", "0", "--log-format", "json")
        log = self.folder / f"worker-{self.prefix}{time.monotonic_ns()}.log"
        return working([*self._where, *self._app, *self._pack, *mode, *surface], log)

    def wait_until_applied(self, worker: Worker, total: int) -> None:
        """Wait until the worker has committed so many records; raises AssertionError when it ends or hangs before."""
        end = time.monotonic() + HANGING_SECONDS
        while (applied := asyncio.run(self._applied())) < total:
            if not worker.runs() or time.monotonic() > end:
                how = "hangs" if worker.runs() else "ended"
                raise AssertionError(f"the worker {how} at {applied} of {total} records:\n{worker.said()}")
            time.sleep(_POLL_SECONDS)

    async def _applied(self) -> int:
        """The group's offsets, summed: in its transactions the worker commits what it has applied."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.broker, group_id=self.app_id, enable_auto_commit=False)
        await consumer.start()
        try:
            numbers = range(self.partitions)
            places = [TopicPartition(self.prefix + topic, number) for topic in IN_TOPICS for number in numbers]
            return sum([await consumer.committed(place) or 0 for place in places])
        finally:
            await consumer.stop()

    def read(self, topic: str) -> list[Any]:
        """Every committed record of a topic, by partition and offset."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: str) -> list[Any]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(self.partitions)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            await consumer.seek_to_beginning(*places)
            records: list[Any] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for batch in (await consumer.getmany(timeout_ms=200, max_records=50_000)).values():
                    records += batch
            return sorted(records, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    def alerts(self) -> list[bytes]:
        """The alerts as published, by partition and offset."""
        return [record.value for record in self.read(self.prefix + ALERTS)]

    def state(self) -> dict[bytes, bytes]:
        """The committed state: the latest value of every key of the changelog, partition records left out."""
        changelog = changelogs(self.app_id)[0].name
        latest = {record.key: record.value for record in self.read(changelog) if record.key != PARTITION_KEY}
        return {key: value for key, value in latest.items() if value is not None}
